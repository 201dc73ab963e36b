// Node 18 has no global `crypto`; npm jose wants one.
import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto;
