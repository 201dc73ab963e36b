// npm `jose`, one JSON question a line on stdin, one JSON answer a line on stdout.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { webcrypto } from 'node:crypto';

// Node 18 has no global `crypto`; npm jose wants one.
globalThis.crypto ??= webcrypto;

const require = createRequire(`${process.env.SEALGATE_NODE_MODULES}/peer.js`);
const jose = await import(pathToFileURL(require.resolve('jose')).href);

const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64url'));
const encoded = (data) => Buffer.from(data).toString('base64url');
const key = (jwk, alg) => (jwk.kty === 'oct' ? bytes(jwk.k) : jose.importJWK(jwk, alg));

async function seal({ form, recipients, enc, plaintext, aad }) {
  if (form === 'general') {
    const general = new jose.GeneralEncrypt(bytes(plaintext)).setProtectedHeader({ enc });
    if (aad) general.setAdditionalAuthenticatedData(bytes(aad));
    for (const { alg, kid, jwk } of recipients) {
      general.addRecipient(await key(jwk, alg)).setUnprotectedHeader({ alg, kid });
    }
    return JSON.stringify(await general.encrypt());
  }
  const [{ alg, kid, jwk }] = recipients;
  const header = { alg, enc, kid };
  if (form === 'compact') {
    const maker = new jose.CompactEncrypt(bytes(plaintext)).setProtectedHeader(header);
    return maker.encrypt(await key(jwk, alg));
  }
  const maker = new jose.FlattenedEncrypt(bytes(plaintext)).setProtectedHeader(header);
  if (aad) maker.setAdditionalAuthenticatedData(bytes(aad));
  return JSON.stringify(await maker.encrypt(await key(jwk, alg)));
}

async function open({ form, recipients, text }) {
  const [{ alg, jwk }] = recipients;
  const open = {
    compact: (key) => jose.compactDecrypt(text, key),
    flattened: (key) => jose.flattenedDecrypt(JSON.parse(text), key),
    general: (key) => jose.generalDecrypt(JSON.parse(text), key),
  }[form];
  return encoded((await open(await key(jwk, alg))).plaintext);
}

async function sign({ alg, jwk, payload }) {
  const maker = new jose.CompactSign(bytes(payload)).setProtectedHeader({ alg });
  return maker.sign(await key(jwk, alg));
}

async function verify({ alg, jwk, text }) {
  return encoded((await jose.compactVerify(text, await key(jwk, alg))).payload);
}

const verbs = { seal, open, sign, verify };
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const question = JSON.parse(line);
    answer = { made: await verbs[question.do](question) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
