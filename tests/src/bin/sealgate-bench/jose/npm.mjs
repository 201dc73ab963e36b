// Opens what it is given with npm jose; one JSON order and one JSON answer a line.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { webcrypto } from 'node:crypto';

// Node 18 has no global `crypto`; npm jose wants one.
globalThis.crypto ??= webcrypto;

const modules = process.env.SEALGATE_NODE_MODULES;
const require = createRequire(`${modules}/bench.js`);
const jose = await import(pathToFileURL(require.resolve('jose')).href);
const { version } = JSON.parse(readFileSync(`${modules}/jose/package.json`));
console.log(JSON.stringify({ version: `npm jose ${version} (node ${process.versions.node})` }));

let prepared;
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.prepare) {
    const { sealed, jwk, issuer, secret } = order.prepare;
    prepared = {
      sealed,
      key: secret ? new Uint8Array(Buffer.from(secret, 'base64url')) : await jose.importJWK(jwk, 'ECDH-ES+A256KW'),
      issuer: issuer && (await jose.importJWK(issuer, 'ES256')),
    };
    console.log(JSON.stringify({ length: sealed.length }));
    continue;
  }
  const began = process.hrtime.bigint();
  for (let i = 0; i < order.run; i++) {
    const { plaintext } = await jose.compactDecrypt(prepared.sealed, prepared.key);
    if (prepared.issuer) await jose.compactVerify(plaintext, prepared.issuer);
  }
  console.log(JSON.stringify({ nanoseconds: Number(process.hrtime.bigint() - began) }));
}
