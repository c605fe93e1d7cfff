// A real, certified authorization server on loopback, started and stopped by the tests (oidc_provider.py).
//   SHAPE=plain|entra|auth0|keycloak  ALG=RS256|PS256|ES256|EdDSA  AUD=api://orders  TTL=300 seconds
//   CLIENTS            further applications, a JSON array in the form of provider.mjs
//   PEOPLE             who can sign in, {"alice": ["Read.All"]}; then browsers may ask, too (CORS)
//   TLS_KEY, TLS_CERT  PEM files: serve https on localhost; without them http on 127.0.0.1
//   READY_FD           file descriptor that gets one line of JSON once requests are accepted: {"origin": "https://localhost:4711"}
// POST /__admin/rotate?keep=0|1  a new signing key; keep=1 leaves the former ones in the key set
// GET  /__admin/stats            how often each path was asked for
// A line "close" on standard input stops listening, "listen" begins again; each is answered like the start, by a line on READY_FD.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { issuerOf, newKey } from './provider.mjs';
import { SHAPES } from './shapes.mjs';

const { SHAPE = 'plain', ALG = 'RS256', AUD = 'api://orders', TTL = '300', TLS_KEY, TLS_CERT, READY_FD = '1' } = process.env;

const asked = {};
let keys = [await newKey(ALG)];
let origin, issuers;

function build() {
  issuers = SHAPES[SHAPE].map((shape) => (
    { path: shape.path, handle: issuerOf({ shape, origin, keys, audience: AUD, ttl: Number(TTL) }) }
  )).sort((a, b) => b.path.length - a.path.length); // the longest path first: Entra's v2 lies below its v1
}

async function serve(request, response) {
  const url = new URL(request.url, origin);
  if (url.pathname === '/__admin/rotate' && request.method === 'POST') return answer(response, await rotate(url.searchParams));
  if (url.pathname === '/__admin/stats') return answer(response, asked);
  asked[url.pathname] = (asked[url.pathname] ?? 0) + 1;
  const issuer = issuers.find(({ path }) => url.pathname.startsWith(`${path}/`));
  if (!issuer) return response.writeHead(404).end();
  request.originalUrl = request.url;
  request.url = request.url.slice(issuer.path.length);
  return issuer.handle(request, response);
}

async function rotate(parameters) {
  const key = await newKey(ALG);
  keys = parameters.get('keep') === '1' ? [key, ...keys] : [key];
  build();
  return { kids: keys.map(({ kid }) => kid) };
}

function answer(response, document) {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
}

const secure = TLS_KEY ? { key: fs.readFileSync(TLS_KEY), cert: fs.readFileSync(TLS_CERT) } : undefined;
const server = secure ? https.createServer(secure, serve) : http.createServer(serve);
const tell = () => fs.writeSync(Number(READY_FD), `${JSON.stringify({ origin })}\n`);
let port = 0;

function listen() {
  server.listen(port, '127.0.0.1', () => {
    if (!port) {
      ({ port } = server.address());
      origin = secure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
      build();
    }
    tell();
  });
}

function close() {
  server.close(tell);
  server.closeAllConnections();
}

listen();
createInterface({ input: process.stdin })
  .on('line', (line) => ({ close, listen })[line]())
  .on('close', () => process.exit(0)); // whoever started it holds its standard input open: it never outlives the tests
process.on('SIGTERM', () => process.exit(0));
