import { require } from './packages.mjs';

const { Webhook } = require('svix');

export const sign = ({ secret, body, id, created }) => ({
  'svix-id': id,
  'svix-timestamp': String(created),
  'svix-signature': new Webhook(secret).sign(id, new Date(created * 1000), body),
});

export const verify = ({ secret, body, headers }) => {
  new Webhook(secret).verify(body, headers);
  return true;
};
