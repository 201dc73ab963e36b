// No library makes `v1a`: the specification's text, with node's own Ed25519. `secret` is base64 of a
// PKCS#8 private key, `publicKey` of the 32 bytes of a public one.
import { createPrivateKey, createPublicKey, sign as make, verify as check } from 'node:crypto';

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export const sign = ({ secret, body, id, created }) => {
  const key = createPrivateKey({ key: Buffer.from(secret, 'base64'), format: 'der', type: 'pkcs8' });
  const value = make(null, Buffer.from(`${id}.${created}.${body}`), key).toString('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(created), 'webhook-signature': `v1a,${value}` };
};

export const verify = ({ publicKey, body, headers }) => {
  const der = Buffer.concat([SPKI, Buffer.from(publicKey, 'base64')]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const [version, value] = headers['webhook-signature'].split(',');
  return version === 'v1a' && check(null, Buffer.from(text), key, Buffer.from(value, 'base64'));
};
