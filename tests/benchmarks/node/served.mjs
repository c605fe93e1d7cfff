// One application of Node.js for a load generator outside; its first line of input says which, with what keys.
// Writes its port, and serves until its input ends. The figures "in process" are measured first, on demand.
import { createPublicKey, verify as rawVerify } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { what, token, jwks, issuer, audience } = JSON.parse((await lines.next()).value);

async function verifierOf(name) {
  if (name === "jose") {
    const { createLocalJWKSet, jwtVerify } = await import("jose");
    const keys = createLocalJWKSet(jwks);
    return async (text) => (await jwtVerify(text, keys, { issuer, audience, algorithms: ["RS256"] })).payload;
  }
  const { createVerifier } = await import("fast-jwt");
  const key = createPublicKey({ key: jwks.keys[0], format: "jwk" }).export({ type: "spki", format: "pem" });
  const cache = name === "fast-jwt with its cache";
  return createVerifier({ key, cache, algorithms: ["RS256"], allowedIss: issuer, allowedAud: audience });
}

async function nanoseconds(call, calls) {
  const begun = process.hrtime.bigint();
  for (let number = 0; number < calls; number += 1) await call();
  return Number(process.hrtime.bigint() - begun) / calls;
}

async function measured(rounds) {
  const [head, payload, signature] = token.split(".");
  const message = Buffer.from(`${head}.${payload}`);
  const octets = Buffer.from(signature, "base64url");
  const key = createPublicKey({ key: jwks.keys[0], format: "jwk" });
  const calls = { raw: () => rawVerify("sha256", message, key, octets) };
  for (const name of ["jose", "fast-jwt", "fast-jwt with its cache"]) {
    const verifier = await verifierOf(name);
    calls[name] = () => verifier(token);
  }
  const figures = Object.fromEntries(Object.keys(calls).map((name) => [name, []]));
  for (let round = 0; round < rounds + 20; round += 1) {
    for (const [name, call] of Object.entries(calls)) {
      const found = await nanoseconds(call, 40);
      if (round >= 20) figures[name].push(found); // the compiler has done its work by then
    }
  }
  return figures;
}

if (what.rounds) {
  console.log(JSON.stringify(await measured(what.rounds)));
  process.exit();
}
const verifier = what.name ? await verifierOf(what.name) : null;
const server = createServer(async (request, response) => {
  if (verifier !== null) {
    const claims = await verifier(request.headers.authorization.slice(7));
    if (!claims.roles.includes("Read.All")) response.statusCode = 403;
  }
  response.setHeader("content-type", "text/plain");
  response.end("ok");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
await lines.next();
process.exit();
