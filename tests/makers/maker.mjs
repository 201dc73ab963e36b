// Makes tokens, bodies and request signatures for the end-to-end suites with npm packages, so that the gate
// is judged by what others make. One JSON question a line on stdin, one JSON answer a line on stdout.
import './webcrypto.mjs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { createHmac } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const modules = process.env.SEALGATE_NODE_MODULES;
if (!modules) throw new Error('SEALGATE_NODE_MODULES is not set; run `cargo xtask test`');
const require = createRequire(`${modules}/maker.js`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const jose = await load('jose');
const { httpbis } = require('http-message-signatures');

const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64url'));

async function seal({ alg, kid, jwk, plaintext, extra }) {
  const key = alg === 'dir' ? bytes(jwk.k) : await jose.importJWK(jwk, alg);
  const made = await new jose.CompactEncrypt(bytes(plaintext))
    .setProtectedHeader({ alg, enc: 'A256GCM', kid, ...extra })
    .encrypt(key);
  return { made };
}

async function sign({ alg, kid, jwk, claims }) {
  const key = await jose.importJWK(jwk, alg);
  const made = await new jose.CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .sign(key);
  return { made };
}

async function signRequest({ method, url, headers, cover, secret, keyid, created, nonce }) {
  const signed = await httpbis.signMessage(
    {
      key: {
        id: keyid,
        alg: 'hmac-sha256',
        sign: async (data) => createHmac('sha256', Buffer.from(secret, 'hex')).update(data).digest(),
      },
      name: 'sig1',
      fields: cover,
      params: ['created', 'keyid', 'alg', 'nonce'],
      paramValues: { created: new Date(created * 1000), nonce },
    },
    { method, url, headers },
  );
  return {
    'signature-input': signed.headers['Signature-Input'],
    signature: signed.headers.Signature,
  };
}

const verbs = { seal, sign, 'sign-request': signRequest };

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const question = JSON.parse(line);
    answer = await verbs[question.do](question);
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
