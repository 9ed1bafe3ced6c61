// SPDX-License-Identifier: MIT
// @ts-check
// The C API as objects, synchronous and on the calling thread, in any JavaScript engine.
//
//     import factory from '../../build/livedepth-simd.mjs';
//     const engine = await Engine.load(factory);
//     const session = engine.session({ network: engine.model(bytes), crop: 'none' });
//     for (const frame of frames) result = session.push(frame);
//     engine.close();
//
// Every number that C and JavaScript share comes from livedepthw_layout().

import { Session } from './engine-session.js';
import { bytesOf } from './bytes.js';
import { badArgument, LivenessError, show, textOf } from './errors.js';
import {
  readChoice,
  readClips,
  readFlag,
  readFunction,
  readNumber,
  readOptions,
} from './options.js';
import { Heap } from './heap.js';
import { Model } from './model.js';
import { MAX_THREADS } from './variant.js';

/** @typedef {import('./frame-result.js').Layout} Layout */

export { LivenessError };

export class Engine {
  #heap;
  #layout;
  #threads;
  /** @type {Set<Model | Session>} */ #open = new Set();
  #threadedSessions = 0;

  /** @param {Heap} heap @param {number} threads */
  constructor(heap, threads) {
    this.#heap = heap;
    this.#threads = threads;
    this.#layout = /** @type {Layout} */ (JSON.parse(heap.text(heap.call('livedepthw_layout'))));
  }

  /** @type {import('./engine.js').LoadEngine} */
  static async load(factory, options) {
    const { threads, wasmModule, ...given } = readOptions(
      options,
      {
        threads: 1,
        wasmModule: undefined,
        wasmBinary: undefined,
        wasmMemory: undefined,
        spawnPthread: undefined,
        createRequire: undefined,
      },
      'Engine.load',
    );
    if (typeof factory !== 'function') throw badArgument(`load: factory is ${show(factory)}`);
    const { wasmBinary, wasmMemory } = given;
    const isBytes = bytesOf(wasmBinary, 'Uint8Array', 'ArrayBuffer') !== null;
    checkKind(wasmBinary, 'wasmBinary', isBytes);
    checkKind(wasmModule, 'wasmModule', wasmModule instanceof WebAssembly.Module);
    checkKind(wasmMemory, 'wasmMemory', wasmMemory instanceof WebAssembly.Memory);
    readFunction(given.spawnPthread, 'Engine.load: spawnPthread');
    readFunction(given.createRequire, 'Engine.load: createRequire');
    const count = readNumber(threads, 'threads', 1, MAX_THREADS, { whole: true });
    /** @type {Record<string, unknown>} */
    const host = {
      pthreadPoolSize: count - 1, // the caller of push is a thread too
      print() {},
      printErr() {},
    };
    // Emscripten takes a name that is there for a value, even if it is undefined.
    for (const [name, value] of Object.entries(given)) if (value !== undefined) host[name] = value;
    try {
      const module = await (wasmModule ? instantiate(factory, host, wasmModule) : factory(host));
      return new Engine(new Heap(module), count);
    } catch (error) {
      if (error instanceof LivenessError) throw error;
      throw new LivenessError('ENV_MODULE_BAD', textOf(error), { cause: error });
    }
  }

  get version() {
    return this.#heap.text(this.#heap.call('livedepth_version'));
  }

  get threads() {
    return this.#threads;
  }

  /** Bytes of wasm memory: grows, and goes back only when the engine is dropped. */
  get memoryBytes() {
    return this.#heap.size;
  }

  /** The answer of livedepthw_layout(). @returns {Layout} */
  get layout() {
    return structuredClone(this.#layout);
  }

  /** @type {import('./engine.js').Engine['model']} */
  model(bytes) {
    const file = bytesOf(bytes, 'Uint8Array', 'ArrayBuffer');
    if (!file) throw badArgument(`model: the file is ${show(bytes)}, not bytes`);
    const model = new Model(this.#heap, this.#layout, file, () => this.#open.delete(model));
    this.#open.add(model);
    return model;
  }

  /** @type {import('./engine.js').Engine['session']} */
  session(options) {
    const { detector, network, crop, clips, photo, ...thresholds } = readOptions(
      options,
      {
        detector: null,
        network: null,
        crop: 'face',
        liveThreshold: undefined,
        spoofThreshold: undefined,
        clips: undefined,
        photo: false,
      },
      'session',
    );
    if (!(network instanceof Model)) throw badArgument(`session: network is ${show(network)}`);
    if (!(detector === null || detector instanceof Model)) {
      throw badArgument(`session: detector is ${show(detector)}`);
    }
    const live = readThreshold(thresholds.liveThreshold, 'liveThreshold');
    const spoof = readThreshold(thresholds.spoofThreshold, 'spoofThreshold');
    const needed = readClips(clips) ?? 0; // the model's own, in C
    const cropName = readChoice(crop, 'crop', Object.keys(this.#layout.crop));
    // The module's workers were started for one session: another one would wait for them for ever.
    if (this.#threads > 1 && this.#threadedSessions > 0) {
      throw new LivenessError('API_BUSY', 'an engine with threads runs one session at a time');
    }
    const session = new Session(
      this.#heap,
      this.#layout,
      network,
      detector,
      {
        threads: this.#threads,
        crop: this.#layout.crop[cropName],
        live,
        spoof,
        clips: needed,
        photo: readFlag(photo, 'photo'),
      },
      () => {
        this.#open.delete(session);
        this.#threadedSessions--;
      },
    );
    this.#open.add(session);
    this.#threadedSessions++;
    return session;
  }

  /** Closes models and sessions (a model goes with its last session), ends the threads, drops the
   * memory. Twice is fine. */
  close() {
    for (const each of this.#open) each.close();
    this.#heap.close();
  }
}

/**
 * Runs the factory with a module that is compiled already. It does not hear of an instance that
 * cannot be made, hence the second promise.
 *
 * @param {Function} factory
 * @param {Record<string, unknown>} host
 * @param {any} module  a WebAssembly.Module
 */
function instantiate(factory, host, module) {
  return new Promise((resolve, reject) => {
    host.instantiateWasm = (
      /** @type {WebAssembly.Imports} */ imports,
      /** @type {Function} */ receive,
    ) => {
      WebAssembly.instantiate(module, imports).then((made) => receive(made, module), reject);
      return {};
    };
    factory(host).then(resolve, reject);
  });
}

/** @param {unknown} value @param {string} name  of an option @param {boolean} fits */
function checkKind(value, name, fits) {
  if (value !== undefined && !fits) throw badArgument(`Engine.load: ${name} is ${show(value)}`);
}

/** NaN stands for the model's own in C; a caller's NaN is a mistake.
 * @param {unknown} value @param {string} name */
const readThreshold = (value, name) =>
  value === undefined ? NaN : floatFrom(readNumber(value, name, 0, 1));

/** The least float that is not below, which divides floats, as scores are, as the number itself.
 * @param {number} value  0 .. 1 */
function floatFrom(value) {
  const float = new Float32Array([value]);
  if (float[0] < value) new Uint32Array(float.buffer)[0]++;
  return float[0];
}
