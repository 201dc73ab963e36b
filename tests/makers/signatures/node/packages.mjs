// The npm packages lie where `cargo xtask test` installed them, not above this file.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const modules = process.env.SEALGATE_NODE_MODULES;
if (!modules) throw new Error('SEALGATE_NODE_MODULES is not set; run `cargo xtask test`');

export const require = createRequire(`${modules}/maker.js`);
export const load = (name) => import(pathToFileURL(require.resolve(name)).href);
