// A real authorization server for MCP clients: people by authorization code with PKCE, machines by client credentials.
// Whoever opens the authorization page is signed in as ?login_hint, by default alice, and agrees to everything.
//   SIGNER_JWKS  public keys of the application "signer", which proves itself by private_key_jwt
// The first line of its output is JSON: {"origin": "http://127.0.0.1:4711"}. It ends when its standard input ends.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import http from 'node:http';
import Provider from 'oidc-provider';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };

const machine = { client_secret: 'machine-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };
const signer = { token_endpoint_auth_method: 'private_key_jwt', jwks: JSON.parse(process.env.SIGNER_JWKS) };

function provider(origin) {
  const server = new Provider(origin, {
    jwks: { keys: [key] },
    clients: [{ ...machine, client_id: 'machine' }, { ...machine, ...signer, client_id: 'signer' }],
    clientDefaults: { token_endpoint_auth_method: 'client_secret_basic' },
    cookies: { keys: [randomUUID()] },
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access', 'mcp', 'orders.write'],
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'mcp orders.write', audience: resource, accessTokenTTL: 300, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  server.on('server_error', (ctx, error) => console.error('server_error', error));
  return server;
}

// The page where a person would sign in and agree.
async function interact(server, request, response) {
  const { params, session, grantId, prompt } = await server.interactionDetails(request, response);
  const accountId = session?.accountId ?? params.login_hint ?? 'alice';
  if (prompt.name === 'login') return server.interactionFinished(request, response, { login: { accountId } });
  const grant = grantId ? await server.Grant.find(grantId) : new server.Grant({ accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return server.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

const listener = http.createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) return handle(request, response);
  return interact(authorization, request, response).catch((error) => response.writeHead(400).end(String(error)));
});
let authorization, handle;
listener.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${listener.address().port}`;
  authorization = provider(origin);
  handle = authorization.callback();
  process.stdout.write(`${JSON.stringify({ origin })}\n`);
});

process.stdin.resume().on('end', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
