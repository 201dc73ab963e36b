import { require } from './packages.mjs';

const { Webhook } = require('standardwebhooks');

export const sign = ({ secret, body, id, created }) => ({
  'webhook-id': id,
  'webhook-timestamp': String(created),
  'webhook-signature': new Webhook(secret).sign(id, new Date(created * 1000), body),
});

export const verify = ({ secret, body, headers }) => {
  new Webhook(secret).verify(body, headers, { jsonParse: false });
  return true;
};
