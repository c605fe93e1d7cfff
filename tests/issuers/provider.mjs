// One issuer: panva/oidc-provider, with applications that ask for tokens by the client-credentials grant.
// Tokens for resources that begin with api://opaque are opaque: RFC 7662 answers for them, RFC 7009 revokes them.
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const CLIENTS = [
  { client_id: 'reader', roles: ['Read.All'] },
  { client_id: 'writer', roles: ['Read.All', 'Write.All'], token_endpoint_auth_method: 'client_secret_post' },
  { client_id: 'noroles', roles: [] },
  ...JSON.parse(process.env.CLIENTS ?? '[]'),
];

// People sign in at the server's own pages, with any password; their roles by login.
const PEOPLE = JSON.parse(process.env.PEOPLE ?? '{}');
const FOR_PEOPLE = Object.keys(PEOPLE).length > 0;

export async function newKey(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: (await calculateJwkThumbprint(jwk)).slice(0, 16), use: 'sig', alg };
}

// The first key signs; all are published.
export function issuerOf({ shape, origin, keys, audience, ttl }) {
  const issuer = shape.issuer(origin);
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: CLIENTS.map((client) => application(client, keys[0].alg)),
    extraClientMetadata: { properties: ['roles'] },
    enabledJWA: { idTokenSigningAlgValues: [keys[0].alg] },
    ttl: { ClientCredentials: ttl },
    extraTokenClaims: (ctx, token) => (token.resourceServer.accessTokenFormat === 'opaque' ? { roles: ctx.oidc.client.roles } : {}),
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    clientBasedCORS: () => FOR_PEOPLE,
    features: {
      devInteractions: { enabled: FOR_PEOPLE },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'orders.read orders.write', audience: resource, accessTokenTTL: ttl,
          accessTokenFormat: resource.startsWith('api://opaque') ? 'opaque' : 'jwt',
          jwt: { sign: { alg: keys[0].alg, kid: keys[0].kid } },
        }),
      },
    },
    formats: { customizers: { jwt(ctx, token, jwt) {
      const { clientId } = ctx.oidc.client;
      const roles = token.accountId ? PEOPLE[token.accountId] ?? [] : ctx.oidc.client.roles;
      jwt.payload = shape.claims(jwt.payload, roles, clientId);
      if (shape.header) jwt.header = shape.header(keys[0].kid);
    } } },
  });
  provider.on('server_error', (ctx, error) => console.error('server_error', error));
  if (shape.key) {
    provider.use(async (ctx, next) => {
      await next();
      if (ctx.oidc?.route === 'jwks') ctx.body = { keys: ctx.body.keys.map((key) => shape.key(key, issuer)) };
    });
  }
  return provider.callback();
}

function application(client, alg) {
  return {
    client_secret: `${client.client_id}-secret`, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: alg, ...client,
  };
}
