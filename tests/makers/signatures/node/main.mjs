// Signs and verifies with npm packages; see ../README.md.
import '../../webcrypto.mjs';
import { createInterface } from 'node:readline';

const schemes = new Map();

async function scheme(name) {
  if (!/^[a-z0-9_]+$/.test(name)) throw new Error(`no scheme is called ${name}`);
  if (!schemes.has(name)) schemes.set(name, await import(`./${name}.mjs`));
  return schemes.get(name);
}

async function answer(question) {
  const { sign, verify } = await scheme(question.scheme);
  if (question.do === 'sign') return { headers: await sign(question) };
  try {
    return { valid: (await verify(question)) === true };
  } catch (error) {
    return { valid: false, why: String(error?.stack ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let made;
  try {
    made = await answer(JSON.parse(line));
  } catch (error) {
    made = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(made)}\n`);
}
