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
// A view of wasm memory lives no longer than one expression: growth replaces the buffer. Every
// number that C and JavaScript share comes from livedepthw_layout().

import {
  badArgument, LivenessError, readChoice, readClips, readNumber, readOptions, show,
} from './errors.js';
import { frameQuality, readLimits } from './quality.js';
import { MAX_THREADS } from './variant.js';

export { LivenessError };

/**
 * @typedef {import('./engine.js').RawFrame} RawFrame
 * @typedef {import('./engine.js').FrameResult} FrameResult
 * @typedef {{
 *   size: number, fields: Record<string, ['i32' | 'f32', number, number]>,
 *   state: Record<string, number>, verdict: Record<string, number>, format: Record<string, number>,
 *   crop: Record<string, number>, pair: Record<string, number>, checks: string[],
 *   maxSide: number, maxViews: number, maxScorers: number,
 * }} Layout
 */

const PLANES = /** @type {Record<string, number>} */ ({ RGBA: 1, BGRA: 1, I420: 3, NV12: 2 });
const INT32_MAX = 0x7fffffff;

/** The module's memory and exports behind checked calls; knows when the module is dead. */
class Heap {
  /** @type {any} */ #module;
  /** @type {LivenessError | null} */ #dead = null;

  /** @param {any} module  what the Emscripten factory gave */
  constructor(module) {
    this.#module = module;
  }

  get bytes() {
    return /** @type {Uint8Array} */ (this.#alive().HEAPU8);
  }

  /** The name without its underscore; returns what C returned. A trap kills the module for good.
   * @param {string} name @param {...number} args @returns {number} */
  call(name, ...args) {
    const module = this.#alive();
    try {
      return module[`_${name}`](...args);
    } catch (error) {
      const text = `the module stopped in ${name}`;
      this.#dead = new LivenessError('ENV_CRASHED', text, { cause: error });
      throw this.#dead;
    }
  }

  /** A call that returns a status. @param {string} name @param {...number} args */
  try(name, ...args) {
    const status = this.call(name, ...args);
    if (status !== 0) {
      const code = this.text(this.call('livedepth_status_text', status));
      throw new LivenessError(code, this.text(this.call('livedepth_error_detail')));
    }
  }

  /** A constructor `name(**out, ...args)`; returns what it made.
   * @param {string} name @param {...number} args */
  create(name, ...args) {
    const out = this.alloc(4);
    try {
      this.try(name, out, ...args);
      return this.view(out, 4).getUint32(0, true);
    } finally {
      this.free(out);
    }
  }

  /** @param {number} size */
  alloc(size) {
    const address = this.call('malloc', size) >>> 0;
    if (address === 0) throw new LivenessError('NO_MEMORY', `${size} bytes`);
    return address;
  }

  /** Nothing is freed in a dead module: its memory goes as a whole. @param {number} address */
  free(address) {
    if (!this.#dead && this.#module) this.call('free', address);
  }

  /** @param {Uint8Array} data */
  copyIn(data) {
    const address = this.alloc(Math.max(1, data.length));
    this.bytes.set(data, address);
    return address;
  }

  /** @param {number} address @param {number} size */
  view(address, size) {
    return new DataView(this.bytes.buffer, address, size);
  }

  /** A zero-terminated string; slice(), for TextDecoder refuses shared memory.
   * @param {number} address */
  text(address) {
    const { bytes } = this;
    return new TextDecoder().decode(bytes.slice(address, bytes.indexOf(0, address)));
  }

  get size() {
    return this.#module ? this.#module.HEAPU8.buffer.byteLength : 0;
  }

  get usable() {
    return this.#module !== null && this.#dead === null;
  }

  close() {
    this.#module?.PThread?.terminateAllThreads();
    this.#module = null;
  }

  #alive() {
    if (this.#dead) throw this.#dead;
    if (!this.#module) throw new LivenessError('API_CLOSED', 'the engine is closed');
    return this.#module;
  }
}

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
    const { threads, wasmModule, ...given } = readOptions(options, {
      threads: /** @type {unknown} */ (1),
      wasmModule: /** @type {WebAssembly.Module | undefined} */ (undefined),
      wasmBinary: /** @type {unknown} */ (undefined),
      wasmMemory: /** @type {unknown} */ (undefined),
      spawnPthread: /** @type {unknown} */ (undefined),
      createRequire: /** @type {unknown} */ (undefined),
    }, 'Engine.load');
    if (typeof factory !== 'function') throw badArgument(`load: factory is ${show(factory)}`);
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
      throw new LivenessError('ENV_MODULE_BAD', String(error), { cause: error });
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

  /** What livedepthw_layout() says. @returns {Layout} */
  get layout() {
    return structuredClone(this.#layout);
  }

  /** @type {import('./engine.js').Engine['model']} */
  model(bytes) {
    const model = new Model(this.#heap, this.#layout, asBytes(bytes),
      () => this.#open.delete(model));
    this.#open.add(model);
    return model;
  }

  /** @type {import('./engine.js').Engine['session']} */
  session(options) {
    const { detector, network, crop, clips, ...thresholds } = readOptions(options, {
      detector: /** @type {unknown} */ (null),
      network: /** @type {unknown} */ (null),
      crop: /** @type {unknown} */ ('face'),
      liveThreshold: /** @type {unknown} */ (undefined),
      spoofThreshold: /** @type {unknown} */ (undefined),
      clips: /** @type {unknown} */ (undefined),
    }, 'session');
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
    const session = new Session(this.#heap, this.#layout, network, detector, {
      threads: this.#threads, crop: this.#layout.crop[cropName], live, spoof, clips: needed,
    }, () => {
      this.#open.delete(session);
      this.#threadedSessions--;
    });
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
 * @param {WebAssembly.Module} module
 */
function instantiate(factory, host, module) {
  return new Promise((resolve, reject) => {
    host.instantiateWasm = (
      /** @type {WebAssembly.Imports} */ imports, /** @type {Function} */ receive,
    ) => {
      WebAssembly.instantiate(module, imports).then((made) => receive(made, module), reject);
      return {};
    };
    factory(host).then(resolve, reject);
  });
}

/** Read-only weights, shared by sessions. */
class Model {
  #heap;
  #layout;
  #bytes;
  #model = 0;
  #sessions = 0;
  #closed = false;
  #onFree;

  /** @param {Heap} heap @param {Layout} layout @param {Uint8Array} file
   * @param {() => void} onFree */
  constructor(heap, layout, file, onFree) {
    this.#heap = heap;
    this.#layout = layout;
    this.#onFree = onFree;
    this.#bytes = heap.copyIn(file); // the model borrows them
    try {
      this.#model = heap.create('livedepth_model_open', this.#bytes, file.length);
    } catch (error) {
      heap.free(this.#bytes);
      throw error;
    }
  }

  /** A string of the file's metadata, or null. @param {string} key */
  info(key) {
    if (this.#closed) throw new LivenessError('API_CLOSED', 'the model is closed');
    const name = this.#heap.copyIn(new TextEncoder().encode(`${key}\0`));
    try {
      const value = this.#heap.call('livedepth_model_info', this.#model, name);
      return value === 0 ? null : this.#heap.text(value);
    } finally {
      this.#heap.free(name);
    }
  }

  /** @type {import('./engine.js').Model['describe']} */
  describe() {
    const text = (/** @type {string} */ key) => this.info(key) ?? '';
    const [id, provenance, license] = ['preset', 'provenance', 'license'].map(text);
    const json = this.#heap.call('livedepthw_model_describe', this.#model);
    if (json === 0) {
      const detail = `a ${text('network') || 'file'}, no liveness model`;
      throw new LivenessError('WEIGHTS_BAD_METADATA', detail);
    }
    const { checks, ...rest } = JSON.parse(this.#heap.text(json));
    return { id, ...rest, checks: readLimits(this.#layout.checks, checks), provenance, license };
  }

  /** For sessions: the address, held until release(). */
  acquire() {
    if (this.#closed) throw new LivenessError('API_CLOSED', 'the model is closed');
    this.#sessions++;
    return this.#model;
  }

  release() {
    this.#sessions--;
    this.#freeUnused();
  }

  /** Frees the weights when the last session that uses them is closed. Twice is fine. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#freeUnused();
  }

  #freeUnused() {
    if (!this.#closed || this.#sessions > 0) return;
    if (this.#heap.usable) this.#heap.call('livedepth_model_close', this.#model);
    this.#heap.free(this.#bytes);
    this.#onFree();
  }
}

/** One camera stream. */
class Session {
  #heap;
  #layout;
  #models;
  #onClose;
  #session = 0;
  #result = 0;
  #frame = 0;
  #frameSize = 0;
  /** @type {import('./engine.js').ModelDescription} */ #about;
  #closed = false;

  /**
   * @param {Heap} heap
   * @param {Layout} layout
   * @param {Model} network
   * @param {Model | null} detector
   * @param {{threads: number, crop: number, live: number, spoof: number, clips: number}} options
   * @param {() => void} onClose
   */
  constructor(heap, layout, network, detector, { threads, crop, live, spoof, clips }, onClose) {
    this.#heap = heap;
    this.#layout = layout;
    this.#onClose = onClose;
    this.#models = detector ? [network, detector] : [network];
    const addresses = this.#models.map((model) => model.acquire());
    try {
      this.#result = heap.alloc(layout.size);
      this.#session = heap.create('livedepthw_session_create', addresses[1] ?? 0, addresses[0],
        threads, crop, live, spoof, clips);
      this.#about = network.describe();
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  /** @type {import('./engine.js').Session['push']} */
  push(frame) {
    this.#checkOpen();
    const { data, numbers } = readFrame(frame, this.#layout);
    this.#heap.try('livedepthw_frame_check', data.length, ...numbers);
    const address = this.#place(data);
    this.#heap.try('livedepthw_session_push', this.#session, address, this.#result,
      data.length, ...numbers);
    return this.#readResult();
  }

  /** @type {import('./engine.js').Session['buffer']} */
  buffer(byteLength) {
    this.#checkOpen();
    const most = 4 * this.#layout.maxSide ** 2;
    const size = readNumber(byteLength, 'byteLength', 1, most, { whole: true });
    this.#reserve(size);
    return this.#heap.bytes.subarray(this.#frame, this.#frame + size);
  }

  /** @type {import('./engine.js').Session['depth']} */
  depth(pair = 'mean') {
    this.#checkOpen();
    const index = pair === 'mean'
      ? this.#layout.pair.mean
      : readNumber(pair, 'pair', 0, INT32_MAX, { whole: true });
    const address = this.#heap.call('livedepth_session_depth', this.#session, index);
    if (address === 0) return null;
    const size = this.#heap.call('livedepth_session_depth_size', this.#session);
    const data = new Float32Array(this.#heap.bytes.buffer, address, size * size).slice();
    return { width: size, height: size, data };
  }

  /** @type {import('./engine.js').Session['maskedScore']} */
  maskedScore(masks) {
    this.#checkOpen();
    const size = this.#heap.call('livedepth_session_depth_size', this.#session);
    let pairs = 0;
    while (this.#heap.call('livedepth_session_depth', this.#session, pairs) !== 0) pairs++;
    if (pairs === 0) throw badArgument('maskedScore: there are no depth maps');
    const count = pairs * size * size;
    if (!(masks instanceof Float32Array) || masks.length !== count) {
      throw badArgument(`maskedScore: masks are ${show(masks)}, not a Float32Array of ${count}`);
    }
    const bytes = new Uint8Array(masks.buffer, masks.byteOffset, masks.byteLength);
    const address = this.#heap.copyIn(bytes);
    try {
      this.#heap.try('livedepth_session_masked_score', this.#session, address, address);
      return this.#heap.view(address, 4).getFloat32(0, true);
    } finally {
      this.#heap.free(address);
    }
  }

  /** Forgets the clip, the scores and the clock: call between persons. */
  reset() {
    this.#checkOpen();
    this.#heap.call('livedepth_session_reset', this.#session);
  }

  /** Twice is fine. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#free();
    this.#onClose();
  }

  #free() {
    if (this.#heap.usable) this.#heap.call('livedepth_session_destroy', this.#session);
    for (const address of [this.#result, this.#frame]) this.#heap.free(address);
    for (const model of this.#models) model.release();
  }

  #checkOpen() {
    if (this.#closed) throw new LivenessError('API_CLOSED', 'the session is closed');
  }

  /** Makes the frame's memory at least so large. @param {number} size */
  #reserve(size) {
    if (size <= this.#frameSize) return;
    this.#heap.free(this.#frame);
    this.#frame = this.#frameSize = 0;
    this.#frame = this.#heap.alloc(size);
    this.#frameSize = size;
  }

  /** The address of these bytes: where they are, if that is in buffer(), else of a copy.
   * @param {Uint8Array | Uint8ClampedArray} data */
  #place(data) {
    const { byteOffset, length } = data;
    if (data.buffer === this.#heap.bytes.buffer) {
      const end = this.#frame + this.#frameSize;
      if (byteOffset >= this.#frame && byteOffset + length <= end) return byteOffset;
      const text = 'data lies in memory of the module that is not this buffer(), or no longer';
      throw new LivenessError('FRAME_BAD_BUFFER', text);
    }
    this.#reserve(length);
    this.#heap.bytes.set(data, this.#frame);
    return this.#frame;
  }

  /** @param {number} reason @returns {FrameResult['reason']} */
  #reasonText(reason) {
    if (reason === 0) return null;
    return /** @type {any} */ (this.#heap.text(this.#heap.call('livedepth_reason_text', reason)));
  }

  /** @returns {FrameResult} */
  #readResult() {
    const { size, fields, state, verdict } = this.#layout;
    const { views, scorers, checks } = this.#about;
    const view = this.#heap.view(this.#result, size);
    /** @param {string} field @param {number} [index] */
    const read = (field, index = 0) => {
      const [kind, offset] = fields[field];
      const at = offset + 4 * index;
      return kind === 'i32' ? view.getInt32(at, true) : view.getFloat32(at, true);
    };
    /** NaN: there is none. @param {string} field @param {number} [index] */
    const score = (field, index) => {
      const value = read(field, index);
      return Number.isFinite(value) ? value : null;
    };
    /** @param {string} field @param {number} [which] */
    const box = (field, which = 0) => {
      const [x, y, width, height] = [0, 1, 2, 3].map((i) => read(field, 4 * which + i));
      return { x, y, width, height };
    };
    /** @template T @param {(i: number) => T} value @returns {Record<string, T>} */
    const byScorer = (value) => (
      Object.fromEntries(scorers.map(({ name }, i) => [name, value(i)])));
    const frameReason = this.#reasonText(read('frame_reason'));
    const faces = read('faces');
    const stateName = /** @type {FrameResult['state']} */ (nameOf(state, read('state')));
    const values = Object.keys(checks).map((_, i) => read('checks', i));
    return {
      state: stateName,
      verdict: /** @type {FrameResult['verdict']} */ (nameOf(verdict, read('verdict'))),
      reason: this.#reasonText(read('reason')),
      frameReason,
      score: score('score'),
      clipScore: score('clip_score'),
      scores: byScorer((i) => score('scores', i)),
      votes: byScorer((i) => score('votes', i)),
      clips: read('clips'),
      clipsNeeded: read('clips_needed'),
      frames: read('frames'),
      clipFrames: read('clip_frames'),
      faces,
      face: faces === 0 ? null : {
        box: box('box'),
        confidence: read('confidence'),
        landmarks: Array.from({ length: fields.landmarks[2] / 2 }, (_, i) => (
          { x: read('landmarks', 2 * i), y: read('landmarks', 2 * i + 1) })),
      },
      views: Object.fromEntries(views
        .map(({ name }, i) => /** @type {const} */ ([name, box('views', i)]))
        .filter(([, { width }]) => width > 0)),
      quality: stateName === 'skipped' ? null : frameQuality(checks, values, frameReason),
      depth: stateName === 'scored' ? this.depth() : null,
      ms: {
        detect: read('detect_ms'),
        views: read('view_ms'),
        scorers: byScorer((i) => read('scorer_ms', i)),
      },
    };
  }
}

/** @param {Record<string, number>} table @param {number} number */
function nameOf(table, number) {
  const name = Object.keys(table).find((key) => table[key] === number);
  if (name === undefined) {
    throw new LivenessError('INTERNAL', `${number} is none of ${Object.keys(table)}`);
  }
  return name;
}

/** NaN stands for the model's own in C; a caller's NaN is a mistake.
 * @param {unknown} value @param {string} name */
const readThreshold = (value, name) => (value === undefined ? NaN : readNumber(value, name, 0, 1));

/** @param {unknown} bytes @returns {Uint8Array} */
function asBytes(bytes) {
  if (bytes instanceof Uint8Array) return bytes;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw badArgument(`model: the file is ${show(bytes)}, not bytes`);
}

/**
 * A frame as C's numbers. wasm would cut a number to 32 bits without a word, so everything that is
 * not a 32-bit integer stops here; the limits themselves are C's.
 *
 * @param {unknown} frame
 * @param {Layout} layout
 */
function readFrame(frame, { format: formats, maxSide }) {
  if (frame === null || typeof frame !== 'object') {
    throw badArgument(`push: the frame is ${show(frame)}`);
  }
  let fields;
  try {
    // Each once: a getter may give another value the next time.
    const { data, width, height, format, timestamp, layout, rotation = 0, fullRange = false } =
      /** @type {RawFrame} */ (frame);
    const planes = layout && Array.from(layout, ({ offset, stride }) => [offset, stride]);
    fields = { data, width, height, format, timestamp, planes, rotation, fullRange };
  } catch (error) {
    const text = 'push: a field of the frame cannot be read';
    throw new LivenessError('BAD_ARGUMENT', text, { cause: error });
  }
  const { width, height, format, timestamp, planes, rotation, fullRange } = fields;
  if (typeof format !== 'string' || !Object.hasOwn(formats, format)) {
    const text = `format is ${show(format)}, not ${Object.keys(formats).join(' | ')}`;
    throw new LivenessError('FRAME_BAD_FORMAT', text);
  }
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < -INT32_MAX) {
      throw new LivenessError('FRAME_BAD_SIZE', `a side is ${show(side)}`);
    }
    if (side > INT32_MAX) throw new LivenessError('FRAME_TOO_LARGE', `a side is ${side}`);
  }
  const data = fields.data instanceof ArrayBuffer ? new Uint8Array(fields.data) : fields.data;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new LivenessError('FRAME_BAD_BUFFER', `data is ${show(data)}, not a Uint8Array`);
  }
  if (data.length > 4 * maxSide * maxSide) {
    throw new LivenessError('FRAME_BAD_BUFFER', `${data.length} bytes: no frame is so large`);
  }
  if (!Number.isInteger(rotation) || Math.abs(rotation) > INT32_MAX) {
    throw new LivenessError('FRAME_BAD_ROTATION', `rotation is ${show(rotation)}`);
  }
  if (typeof fullRange !== 'boolean') throw badArgument(`push: fullRange is ${show(fullRange)}`);
  if (typeof timestamp !== 'number') {
    throw new LivenessError('FRAME_BAD_TIMESTAMP', `timestamp is ${show(timestamp)}`);
  }
  if (planes && planes.length !== PLANES[format]) {
    const text = `layout has ${planes.length} planes, ${format} has ${PLANES[format]}`;
    throw new LivenessError('FRAME_BAD_STRIDE', text);
  }
  const layout = planes?.flat() ?? [];
  for (const number of layout) {
    if (!(Number.isInteger(number) && number >= 0 && number <= 0xffffffff)) {
      throw new LivenessError('FRAME_BAD_STRIDE', `an offset or stride is ${show(number)}`);
    }
  }
  while (layout.length < 6) layout.push(0);
  const numbers = [width, height, formats[format], rotation, Number(fullRange), ...layout];
  return { data, numbers: [...numbers, timestamp / 1000] };
}
