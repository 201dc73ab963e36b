// `secret` is a PKCS #8 PEM, `publicKey` an SPKI PEM, `encoded` says which form of the payload.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { load } from './packages.mjs';

const { FlattenedSign, flattenedVerify } = await load('jose');

const BASE = 'http://openbanking.org.uk/';
const crit = { [`${BASE}iat`]: true, [`${BASE}iss`]: true, [`${BASE}tan`]: true };

export const sign = async ({ secret, body, keyId, created, encoded, issuer }) => {
  const names = Object.keys(crit);
  const jws = await new FlattenedSign(new TextEncoder().encode(body))
    .setProtectedHeader({
      typ: 'JOSE',
      cty: 'application/json',
      alg: 'PS256',
      kid: keyId,
      ...(encoded ? {} : { b64: false }),
      [`${BASE}iat`]: created,
      [`${BASE}iss`]: issuer,
      [`${BASE}tan`]: 'openbanking.org.uk',
      crit: encoded ? names : ['b64', ...names],
    })
    .sign(createPrivateKey(secret), { crit });
  return { 'x-jws-signature': `${jws.protected}..${jws.signature}` };
};

export const verify = async ({ publicKey, body, headers, encoded }) => {
  const [head, empty, signature] = headers['x-jws-signature'].split('.');
  if (empty !== '') return false;
  const payload = encoded ? Buffer.from(body).toString('base64url') : body;
  await flattenedVerify({ protected: head, payload, signature }, createPublicKey(publicKey), {
    algorithms: ['PS256'],
    crit,
  });
  return true;
};
