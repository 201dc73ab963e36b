// Runs the guest named on the command line; one JSON order and one JSON answer a line.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const module = new WebAssembly.Module(readFileSync(process.argv.at(-1)));
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  // The standard library imports WASI calls that this guest never makes.
  // Hash tables are seeded by the host; what with does not matter here.
  (imports[from] ??= {})[name] = name === 'random_get' ? () => 0 : () => { throw new Error(`${from}.${name} was called`); };
}
const { exports } = new WebAssembly.Instance(module, imports);
exports._initialize?.();
console.log(JSON.stringify({ version: `V8 ${process.versions.v8} (node ${process.versions.node})` }));

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.prepare !== undefined) {
    console.log(JSON.stringify({ length: exports.prepare(order.prepare, order.bytes) }));
  } else {
    const began = process.hrtime.bigint();
    const right = exports.run(order.run);
    const nanoseconds = Number(process.hrtime.bigint() - began);
    console.log(JSON.stringify({ right, nanoseconds }));
  }
}
