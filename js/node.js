// SPDX-License-Identifier: MIT
// @ts-check
// The entry for Node: a recorded clip in, a verdict with its evidence out.
//
//     const liveness = await loadLiveness();
//     const { verdict, score } = await liveness.analyze(readY4m('clip.y4m.gz'));
//     liveness.close();

import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Engine } from './engine.js';
import {
  badArgument, checkSignal, LivenessError, readChoice, readOptions, show,
} from './errors.js';
import { asPath, fileError, readRegular } from './files.js';
import { readFrames } from './frames.js';
import { chooseVariant } from './variant.js';
import { readVideo } from './video.js';
import { readY4m } from './y4m.js';

export { features, VARIANTS } from './variant.js';
export { Engine, LivenessError, readFrames, readVideo, readY4m };

/**
 * @typedef {import('./node.js').ClipResult} ClipResult
 * @typedef {import('./engine.js').FrameResult} FrameResult
 */

export const DEFAULT_MODEL = 'fas-sgtd-128-w8';
const ROOT = new URL('../', import.meta.url);
const DETECTOR = new URL('build/blazeface-short.safetensors', ROOT);
const MAX_MODEL_BYTES = 2 ** 28;
const STAGES = /** @type {const} */ (['detect', 'crop', 'trunk', 'pair', 'recurrent']);
const YIELD_MS = 20; // so that timers and signals are served between frames

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/**
 * Bytes of a weight file, given as bytes, a path, a URL or a name in models/; and its path, for
 * errors.
 *
 * @param {unknown} source
 */
async function readModel(source) {
  if (source instanceof Uint8Array) return { bytes: source, path: '' };
  const isName = typeof source === 'string' && /^[\w-][\w.-]*(?<!\.safetensors)$/.test(source);
  const path = asPath(isName ? new URL(`models/${source}.safetensors`, ROOT) : source);
  const bytes = await readRegular(path, 'MODEL', { follow: true, maxBytes: MAX_MODEL_BYTES });
  return { bytes, path };
}

/** @param {Engine} engine @param {{bytes: Uint8Array, path: string}} file */
function openModel(engine, { bytes, path }) {
  try {
    return engine.model(bytes);
  } catch (error) {
    throw error instanceof LivenessError && path ? error.inFile(path) : error;
  }
}

/** @param {import('./engine.js').Variant} variant @param {unknown} base @param {number} threads */
async function loadEngine(variant, base, threads) {
  if (!(base instanceof URL) || base.protocol !== 'file:') {
    throw badArgument(`baseUrl is ${show(base)}, not a file: URL`);
  }
  const glue = new URL(`livedepth-${variant}.mjs`, base);
  let wasmBinary;
  let factory;
  try {
    wasmBinary = await readFile(new URL(`livedepth-${variant}.wasm`, base));
    ({ default: factory } = await import(glue.href));
  } catch (error) {
    const text = `no livedepth-${variant} in ${fileURLToPath(base)}: run make`;
    throw new LivenessError('ENV_MODULE_MISSING', text, { cause: error });
  }
  return { engine: await Engine.load(factory, { wasmBinary, threads }), wasm: sha256(wasmBinary) };
}

/** @type {import('./node.js').LoadLiveness} */
export async function loadLiveness(options) {
  const wish = readOptions(options, {
    model: /** @type {unknown} */ (DEFAULT_MODEL), detector: /** @type {unknown} */ (DETECTOR),
    variant: 'simd', threads: 1, baseUrl: /** @type {unknown} */ (new URL('build/', ROOT)),
  }, 'loadLiveness');
  const { variant, threads } = chooseVariant(wish.variant, wish.threads);
  const files = [await readModel(wish.model)];
  if (wish.detector !== null) files.push(await readModel(wish.detector));
  const { engine, wasm } = await loadEngine(variant, wish.baseUrl, threads);
  try {
    const [network, detector] = files.map((file) => openModel(engine, file));
    if (network.info('frames') === null) {
      const text = `a ${network.info('network')}, no liveness network`;
      throw new LivenessError('WEIGHTS_BAD_METADATA', text, { file: files[0].path });
    }
    return new Liveness(engine, network, detector ?? null, {
      version: engine.version,
      variant,
      threads,
      wasm: { sha256: wasm },
      model: { ...describe(network), sha256: sha256(files[0].bytes) },
      detector: detector ? { sha256: sha256(files[1].bytes) } : null,
    });
  } catch (error) {
    engine.close();
    throw error;
  }
}

/** @param {import('./engine.js').Model} network */
function describe(network) {
  /** @param {string} key */
  const text = (key) => network.info(key) ?? '';
  return {
    id: text('preset'),
    network: text('network'),
    profile: text('profile'),
    trained: text('trained') === 'yes',
    inputSize: Number(text('input_size')),
    frames: Number(text('frames')),
    frameIntervalMs: Number(text('frame_interval_ms')),
    thresholds: { live: Number(text('live_threshold')), spoof: Number(text('spoof_threshold')) },
    provenance: text('provenance'),
  };
}

class Liveness {
  #engine;
  #network;
  #detector;
  /** The analysis before: a module with threads runs one session at a time.
   * @type {Promise<unknown>} */ #last = Promise.resolve();

  /**
   * @param {Engine} engine
   * @param {import('./engine.js').Model} network
   * @param {import('./engine.js').Model | null} detector
   * @param {import('./node.js').EngineInfo} info
   */
  constructor(engine, network, detector, info) {
    this.#engine = engine;
    this.#network = network;
    this.#detector = detector;
    this.info = info;
  }

  /** @type {import('./node.js').Liveness['session']} */
  session(options) {
    const wish = readOptions(options, SESSION_DEFAULTS, 'session');
    const { crop, liveThreshold, spoofThreshold } = wish;
    return this.#engine.session({
      network: this.#network,
      detector: crop === 'none' ? null : this.#detector,
      crop: /** @type {any} */ (crop), // the engine checks it
      liveThreshold,
      spoofThreshold,
    });
  }

  /** @type {import('./node.js').Liveness['analyze']} */
  async analyze(frames, given) {
    const { depth, onFrame, signal, ...session } = readOptions(given, {
      depth: 'mean',
      onFrame: /** @type {unknown} */ (undefined),
      signal: /** @type {AbortSignal | undefined} */ (undefined),
      ...SESSION_DEFAULTS,
    }, 'analyze');
    readChoice(depth, 'depth', ['none', 'mean', 'every']);
    if (onFrame !== undefined && typeof onFrame !== 'function') {
      throw badArgument(`analyze: onFrame is ${show(onFrame)}, not a function`);
    }
    checkSignal(signal, 'before the first frame');
    if (!(Symbol.asyncIterator in Object(frames) || Symbol.iterator in Object(frames))) {
      throw badArgument(`analyze: frames are ${show(frames)}, not iterable`);
    }
    const run = () => this.#analyze(frames, depth, onFrame, signal, session);
    if (this.#engine.threads === 1) return run();
    const result = this.#last.then(run);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Twice is fine; an analysis under way ends with API_CLOSED. */
  close() {
    this.#engine.close();
  }

  /**
   * @param {Iterable<any> | AsyncIterable<any>} frames
   * @param {string} depth
   * @param {Function | undefined} onFrame
   * @param {AbortSignal | undefined} signal
   * @param {any} options  of the session
   * @returns {Promise<ClipResult>}
   */
  async #analyze(frames, depth, onFrame, signal, options) {
    const session = this.session(options);
    try {
      /** @type {FrameResult | undefined} */ let last;
      /** @type {FrameResult['ms'][]} */ const times = [];
      let read = 0;
      let total = 0;
      let pause = performance.now();
      for await (const frame of frames) {
        checkSignal(signal, `at frame ${read}`);
        const start = performance.now();
        last = session.push(frame);
        const end = performance.now();
        total += end - start;
        times.push(last.ms);
        read++;
        onFrame?.(last, frame);
        if (end - pause > YIELD_MS) {
          await setImmediate();
          pause = performance.now();
        }
      }
      if (!last) throw new LivenessError('CLIP_EMPTY', 'no frames');
      const model = this.info.model;
      const live = options.liveThreshold ?? model.thresholds.live;
      const spoof = options.spoofThreshold ?? Math.min(model.thresholds.spoof, live);
      const pairs = depth === 'every' && last.clips > 0 ? model.frames - 1 : 0;
      return {
        verdict: last.verdict,
        reason: last.reason,
        score: last.score,
        thresholds: { live, spoof },
        frames: { read, used: last.frames, clips: last.clips },
        depth: depth === 'none' ? null : session.depth('mean'),
        pairs: Array.from({ length: pairs }, (_, pair) => (
          /** @type {import('./engine.js').DepthMap} */ (session.depth(pair)))),
        ms: { ...summarize(times), total },
        engine: this.info,
      };
    } finally {
      session.close();
    }
  }
}

const SESSION_DEFAULTS = {
  crop: 'face', liveThreshold: /** @type {number | undefined} */ (undefined),
  spoofThreshold: /** @type {number | undefined} */ (undefined),
};

/** Per stage the median over the frames in which it ran, and the sum.
 * @param {FrameResult['ms'][]} times */
function summarize(times) {
  const entries = STAGES.map((stage) => {
    const ran = times.map((ms) => ms[stage]).filter((ms) => ms > 0).sort((a, b) => a - b);
    const total = ran.reduce((sum, ms) => sum + ms, 0);
    return [stage, { median: ran.length ? ran[ran.length >> 1] : 0, total }];
  });
  return /** @type {Omit<ClipResult['ms'], 'total'>} */ (Object.fromEntries(entries));
}

/**
 * The frames of whatever the path names: a folder of pictures, .y4m or .y4m.gz, any other video.
 *
 * @type {import('./node.js').ReadClip}
 */
export async function* readClip(path, given) {
  const { fps, signal } = readOptions(given, {
    fps: /** @type {number | undefined} */ (undefined),
    signal: /** @type {AbortSignal | undefined} */ (undefined),
  }, 'readClip');
  const file = asPath(path);
  let stat;
  try {
    stat = await lstat(file);
  } catch (error) {
    throw fileError('CLIP', file, error);
  }
  if (stat.isFile() && stat.size === 0) throw new LivenessError('CLIP_EMPTY', 'no bytes', { file });
  if (stat.isDirectory()) {
    yield* readFrames(file, { fps, signal });
  } else if (/\.y4m(\.gz)?$/i.test(file)) {
    yield* readY4m(file, { fps });
  } else if (/\.(png|jpe?g)$/i.test(file)) {
    throw new LivenessError('CLIP_FORMAT', 'one picture is no clip', { file });
  } else {
    yield* readVideo(file, { fps, signal });
  }
}
