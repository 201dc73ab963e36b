import { require } from './packages.mjs';

require('@shopify/shopify-api/adapters/node');
const { shopifyApi, ApiVersion } = require('@shopify/shopify-api');
const { createSHA256HMAC } = require('@shopify/shopify-api/runtime');

export const sign = async ({ secret, body }) => ({
  'x-shopify-hmac-sha256': await createSHA256HMAC(secret, body),
});

export const verify = async ({ secret, body, headers }) => {
  const { webhooks } = shopifyApi({
    apiKey: 'unused',
    apiSecretKey: secret,
    hostName: 'unused.test',
    apiVersion: Object.values(ApiVersion)[0],
    isEmbeddedApp: true,
    logger: { level: 0 },
  });
  const others = {
    'x-shopify-topic': 'orders/create',
    'x-shopify-api-version': '2025-01',
    'x-shopify-shop-domain': 'shop.myshopify.com',
    'x-shopify-webhook-id': '1',
  };
  const rawRequest = { method: 'POST', url: '/', headers: { ...others, ...headers } };
  return (await webhooks.validate({ rawBody: body, rawRequest, rawResponse: {} })).valid;
};
