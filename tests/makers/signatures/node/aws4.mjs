// Signs only. The region and service of the scope are members of the question; `presigned` gives a `url`.
import { require } from './packages.mjs';

const aws4 = require('aws4');

export const sign = ({ keyId, secret, method, url, headers, body, region, service, presigned }) => {
  const { host, pathname, search } = new URL(url);
  const path = pathname + search + (presigned ? '&X-Amz-Expires=600' : '');
  const request = { method, host, path, headers: { ...headers }, body, region, service, signQuery: presigned };
  const made = aws4.sign(request, { accessKeyId: keyId, secretAccessKey: secret });
  if (presigned) return { url: `https://${made.host}${made.path}` };
  const added = Object.entries(made.headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return Object.fromEntries(added.filter(([name]) => name !== 'host' && !(name in headers)));
};
