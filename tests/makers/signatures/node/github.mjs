// `algorithm` is sha256, or sha1 for the older form.
import { require } from './packages.mjs';

const octokit = require('@octokit/webhooks-methods');
const fields = { sha256: 'x-hub-signature-256', sha1: 'x-hub-signature' };

export const sign = async ({ secret, body, algorithm }) => ({
  [fields[algorithm]]: await octokit.sign({ secret, algorithm }, body),
});

export const verify = ({ secret, body, headers, algorithm }) =>
  octokit.verify(secret, body, headers[fields[algorithm]]);
