// What the tokens and key sets of each issuer look like, as documented by its vendor and as met in the field.
import { randomUUID } from 'node:crypto';

export const TENANT = '11111111-2222-3333-4444-555555555555';
const STANDARD = ['scope', 'jti', 'client_id', 'azp', 'ver', 'tid'];

// RFC 9068 as oidc-provider writes it, with app roles.
const plain = {
  path: '',
  issuer: (origin) => origin,
  claims: (payload, roles) => ({ ...payload, roles }),
};

// learn.microsoft.com/entra/identity-platform/access-token-claims-reference
const entra = {
  header: (kid) => ({ typ: 'JWT', x5t: kid }),
  claims(payload, roles, client) {
    const rest = without(payload, STANDARD);
    const app = { nbf: payload.iat, oid: `oid-${client}`, sub: `oid-${client}`, tid: TENANT, uti: randomUUID() };
    return roles.length ? { ...rest, ...app, roles } : { ...rest, ...app }; // no roles: the claim is left out
  },
};
const entraV1 = {
  ...entra,
  path: `/${TENANT}`,
  issuer: () => `https://sts.windows.net/${TENANT}/`,
  claims: (payload, roles, client) => ({ ...entra.claims(payload, roles, client), appid: client, appidacr: '1', idp: payload.iss, ver: '1.0' }),
  key: ({ alg, ...key }) => key, // Entra's keys name no algorithm
};
const entraV2 = {
  ...entra,
  path: `/${TENANT}/v2.0`,
  issuer: (origin) => `${origin}/${TENANT}/v2.0`,
  claims: (payload, roles, client) => ({ ...entra.claims(payload, roles, client), azp: client, azpacr: '1', ver: '2.0' }),
  key: ({ alg, ...key }, issuer) => ({ ...key, issuer }),
};

// auth0.com/docs/secure/tokens/access-tokens/access-token-profiles: the default profile, permissions added to the token
const auth0 = {
  path: '',
  issuer: (origin) => `${origin}/`,
  header: () => ({ typ: 'JWT' }),
  claims: (payload, roles, client) => ({
    ...without(payload, STANDARD),
    azp: client, gty: 'client-credentials', permissions: roles, scope: roles.join(' '), sub: `${client}@clients`,
  }),
};

// keycloak.org/docs/latest/server_admin/#_service_accounts, the API's roles as client roles, with an audience mapper
const keycloak = {
  path: '/realms/contoso',
  issuer: (origin) => `${origin}/realms/contoso`,
  header: () => ({ typ: 'JWT' }),
  claims: ({ aud, ...payload }, roles, client) => ({
    ...without(payload, ['scope', 'client_id']),
    aud: [aud, 'account'], sub: randomUUID(), typ: 'Bearer', azp: client, acr: '1', scope: 'profile email',
    realm_access: { roles: ['default-roles-contoso', 'offline_access', 'uma_authorization'] },
    resource_access: { [aud]: { roles }, account: { roles: ['view-profile'] } },
    email_verified: false, clientHost: '127.0.0.1', clientAddress: '127.0.0.1',
    preferred_username: `service-account-${client}`, client_id: client,
  }),
};

// A server plays one issuer or, as Entra does for one tenant, two that share their keys.
export const SHAPES = { plain: [plain], entra: [entraV1, entraV2], auth0: [auth0], keycloak: [keycloak] };

function without(payload, names) {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => !names.includes(name)));
}
