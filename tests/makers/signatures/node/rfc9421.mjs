// `secret` is base64 for HMAC, a PKCS #8 PEM otherwise; `publicKey` an SPKI PEM. `algorithm` is the
// registered name, `cover` the components in the library's spelling.
import { constants, createHash, createPublicKey, createPrivateKey, sign as raw } from 'node:crypto';
import { require } from './packages.mjs';

const { createSigner, createVerifier, httpbis } = require('http-message-signatures');

const digest = (body) => `sha-512=:${createHash('sha512').update(body).digest('base64')}:`;

const signer = ({ algorithm, secret, keyId }) => {
  if (algorithm === 'hmac-sha256') return createSigner(Buffer.from(secret, 'base64'), algorithm, keyId);
  const key = createPrivateKey(secret);
  if (algorithm !== 'rsa-pss-sha512') return createSigner(key, algorithm, keyId);
  // The library leaves the salt as long as it can be; RFC 9421 section 3.3.1 says 64 bytes.
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 };
  return { id: keyId, alg: algorithm, sign: async (data) => raw('sha512', data, pss) };
};

export const sign = async (question) => {
  const { method, url, headers, body, keyId, created, id, cover } = question;
  const added = { 'content-digest': digest(body) };
  const signed = await httpbis.signMessage(
    {
      key: signer(question),
      name: 'theirs',
      fields: cover,
      params: ['tag', 'alg', 'keyid', 'nonce', 'expires', 'created'],
      paramValues: {
        created: new Date(created * 1000),
        expires: new Date((created + 60) * 1000),
        nonce: id,
        tag: 'oracle',
      },
    },
    { method, url, headers: { ...headers, ...added } },
  );
  return {
    ...added,
    'signature-input': signed.headers['Signature-Input'],
    signature: signed.headers.Signature,
  };
};

export const verify = async ({ method, url, headers, body, algorithm, secret, publicKey, keyId }) => {
  const sha256 = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
  if (![sha256, digest(body)].includes(headers['content-digest'])) return false;
  const key = publicKey ? createPublicKey(publicKey) : Buffer.from(secret, 'base64');
  const known = { id: keyId, algs: [algorithm], verify: createVerifier(key, algorithm) };
  return httpbis.verifyMessage(
    { keyLookup: async ({ keyid }) => (keyid === keyId ? known : null), all: true },
    { method, url, headers },
  );
};
