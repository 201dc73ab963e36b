import { require } from './packages.mjs';

const Stripe = require('stripe');
const { webhooks } = new Stripe('sk_test_never_used');

export const sign = ({ secret, body, created }) => ({
  'stripe-signature': webhooks.generateTestHeaderString({ payload: body, secret, timestamp: created }),
});

export const verify = ({ secret, body, headers }) =>
  webhooks.signature.verifyHeader(body, headers['stripe-signature'], secret, 300);
