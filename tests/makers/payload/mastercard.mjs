// Seals and opens with Mastercard's own library, mastercard-client-encryption of npm.
// One JSON question a line on stdin, one JSON answer a line on stdout.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const modules = process.env.SEALGATE_NODE_MODULES;
const require = createRequire(`${modules}/maker.js`);
const { JweEncryption, FieldLevelEncryption } = require('mastercard-client-encryption');

const pairs = (paths) => Object.entries(paths ?? {}).map(([element, obj]) => ({ element, obj }));

function library({ kind, certificate, key, seal, open, text }) {
  const common = {
    paths: [{ path: '/.*', toEncrypt: pairs(seal), toDecrypt: pairs(open) }],
    encryptedValueFieldName: 'encryptedValue',
    encryptionCertificate: certificate,
    privateKey: key,
  };
  if (kind === 'jwe') return new JweEncryption({ mode: 'JWE', ...common });
  return new FieldLevelEncryption({
    ...common,
    ivFieldName: 'iv',
    oaepPaddingDigestAlgorithm: 'SHA-256',
    oaepHashingAlgorithmFieldName: 'oaepHashingAlgorithm',
    encryptedKeyFieldName: 'encryptedKey',
    publicKeyFingerprintFieldName: 'publicKeyFingerprint',
    publicKeyFingerprintType: 'publicKey',
    dataEncoding: text,
  });
}

function answer(question) {
  const made = library(question);
  if (question.do === 'seal') return made.encrypt('/pay', {}, question.payload).body;
  return made.decrypt({ request: { url: '/pay' }, body: question.payload, header: {} });
}

for await (const line of createInterface({ input: process.stdin })) {
  let made;
  try {
    made = { made: answer(JSON.parse(line)) };
  } catch (error) {
    made = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(made)}\n`);
}
