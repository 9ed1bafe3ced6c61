// SPDX-License-Identifier: MIT
// A contender in a Node process of its own: bench.mjs calls it by messages.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { open } from './contenders.js';

const ROOT = new URL('../../', import.meta.url);
const MODULES = new URL('third_party/peers/node_modules/', ROOT);
const require = createRequire(MODULES);

/** How contenders.js gets at libraries and files. */
const host = (set) => ({
  name: 'node',
  livedepth: () => import(new URL('build/bench/dist/node.js', ROOT).href),
  loadOptions: {},
  onnxruntime: async (threads) => {
    const ort = await import(
      pathToFileURL(fileURLToPath(new URL('onnxruntime-web/dist/ort.node.min.mjs', MODULES))).href
    );
    if (threads) ort.env.wasm.numThreads = threads;
    return ort;
  },
  tfjs: async () => {
    const tf = require('@tensorflow/tfjs-core');
    const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(fileURLToPath(new URL('@tensorflow/tfjs-backend-wasm/dist/', MODULES)));
    await tf.setBackend('wasm');
    return tf;
  },
  model: fileURLToPath(new URL(`build/bench/models/${set}/model.safetensors`, ROOT)),
  read: async (name) =>
    new Uint8Array(await readFile(new URL(`build/bench/models/${set}/${name}`, ROOT))),
  /** Of the process, at its largest: runtimes in Node do not show their wasm memory. */
  memoryBytes: () => process.resourceUsage().maxRSS * 1024,
});

/** @type {any} */ let opened;
const calls = {
  async open(name, set, options) {
    opened = await open(name, host(set), options);
    return opened.works;
  },
  check: () => opened.check(),
  turn: (work) => opened.turn(work),
  cpu: () => (process.cpuUsage().user + process.cpuUsage().system) / 1000,
};
process.on('message', async ({ name, args }) => {
  try {
    process.send({ result: await calls[name](...args) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit());
