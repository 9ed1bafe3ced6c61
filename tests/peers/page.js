// SPDX-License-Identifier: MIT
// A contender in a page of its own: bench.mjs calls window.contender.

import { open } from './contenders.js';

const NODE_MODULES = '/peers';

/** Every wasm memory of the page: memories grow and never shrink, so that sizes are peaks. */
const memories = new Set();
const { Memory, instantiate, instantiateStreaming } = WebAssembly;
WebAssembly.Memory = class extends Memory {
  constructor(...args) {
    super(...args);
    memories.add(this);
  }
};
const noteExports = (made) => {
  for (const each of Object.values((made.instance ?? made).exports)) {
    if (each instanceof Memory) memories.add(each);
  }
  return made;
};
WebAssembly.instantiate = (...args) => instantiate(...args).then(noteExports);
WebAssembly.instantiateStreaming = (...args) => instantiateStreaming(...args).then(noteExports);

const script = (address) =>
  new Promise((resolve, reject) => {
    const element = document.createElement('script');
    Object.assign(element, { src: address, onload: resolve, onerror: reject });
    document.head.append(element);
  });

/** How contenders.js gets at libraries and files. */
const host = (set) => ({
  name: 'chromium',
  livedepth: () => import('/livedepth/index.js'),
  loadOptions: { watchdogMs: 2 ** 31 - 1 },
  onnxruntime: async (threads) => {
    const ort = await import(`${NODE_MODULES}/onnxruntime-web/dist/ort.wasm.bundle.min.mjs`);
    ort.env.wasm.wasmPaths = `${NODE_MODULES}/onnxruntime-web/dist/`;
    if (threads) ort.env.wasm.numThreads = threads;
    return ort;
  },
  litert: async (threads) => {
    const litert = await import(`${NODE_MODULES}/@litertjs/core/dist/index.js`);
    await litert.loadLiteRt(`${NODE_MODULES}/@litertjs/core/wasm/`, { threads: threads > 1 });
    return litert;
  },
  tfjs: async (threads) => {
    await script(`${NODE_MODULES}/@tensorflow/tfjs-core/dist/tf-core.min.js`);
    await script(`${NODE_MODULES}/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js`);
    const { tf } = globalThis;
    tf.wasm.setWasmPaths(`${NODE_MODULES}/@tensorflow/tfjs-backend-wasm/dist/`);
    if (threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    else if (threads) {
      // It takes at most half of the cores, whatever one asks for.
      Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * threads });
      tf.wasm.setThreadsCount(threads);
    }
    await tf.setBackend('wasm');
    if (threads && tf.wasm.getThreadsCount() !== threads) throw new Error('tfjs: other threads');
    return tf;
  },
  model: `/models/${set}/model.safetensors`,
  read: async (name) => new Uint8Array(await (await fetch(`/models/${set}/${name}`)).arrayBuffer()),
  /** Ours is in its worker. */
  memoryBytes: (liveness) =>
    liveness?.memoryBytes ?? [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
});

globalThis.contender = {
  /** @type {any} */ opened: null,
  async open(name, set, options) {
    this.opened = await open(name, host(set), options);
    return this.opened.works;
  },
  check() {
    return this.opened.check();
  },
  turn(work) {
    return this.opened.turn(work);
  },

  /** From nothing to the first result of a clip, in milliseconds, with the steps on the way. */
  async cold(name, set, options) {
    const [about, frames, images] = await Promise.all(
      ['expected.json', 'frames.rgba', 'images.f32'].map(host(set).read),
    );
    const files = { 'expected.json': about, 'frames.rgba': frames, 'images.f32': images };
    const prepared = host(set);
    prepared.read = (file) => files[file] ?? host(set).read(file);
    performance.clearResourceTimings();
    const start = performance.now();
    const opened = await open(name, prepared, options);
    const loaded = performance.now();
    await opened.first();
    const end = performance.now();
    const requests = performance
      .getEntriesByType('resource')
      .filter(({ startTime }) => startTime >= start)
      .map(({ name: file, startTime, responseEnd }) => [
        new URL(file).pathname,
        startTime - start,
        responseEnd - start,
      ]);
    return { total: end - start, load: loaded - start, steps: opened.steps, requests };
  },
};
