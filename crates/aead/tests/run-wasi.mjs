// Runs a test binary of this crate, built for wasm32-wasip1, in V8 (node's WASI).
// Use: CARGO_TARGET_WASM32_WASIP1_RUNNER="node <this file>" cargo test --target wasm32-wasip1
import { readFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { WASI } from 'node:wasi';

const [, , program, ...args] = argv;
const wasi = new WASI({ version: 'preview1', args: [program, ...args], env: {}, returnOnExit: true });
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
process.exitCode = wasi.start(instance);
