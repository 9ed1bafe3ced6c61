// SPDX-License-Identifier: MIT
// @ts-check
// The entry for Node: a recorded clip in, a verdict with its evidence out.
//
//     const liveness = await loadLiveness();
//     const { verdict, score } = await liveness.analyze(readY4m('clip.y4m.gz'));
//     liveness.close();

import { webcrypto } from 'node:crypto';
import { readdir, stat as statOf } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesOf, MAX_FILE_BYTES } from '../engine/bytes.js';
import { Engine } from '../engine/engine.js';
import { badArgument, LivenessError, show } from '../engine/errors.js';
import { checkSignal, readOptions } from '../engine/options.js';
import { checkHash, sha256, useCrypto } from '../engine/sha256.js';
import { chooseFastest } from '../engine/variant.js';
import { DEFAULT_MODEL, Liveness } from '../check/liveness.js';
import { DETECTOR, SESSION_DEFAULTS } from '../check/summary.js';
import { asPath, fileError, readRegular } from './files.js';
import { readFrames } from './frames.js';
import { pictures } from './picture.js';
import { PICTURE_NAME } from './picture-file.js';
import { asStream } from './stream.js';
import { countCores, Threads } from './threads.js';
import { readVideo } from './video.js';
import { readY4m } from './y4m-file.js';

useCrypto(webcrypto);

export { createPool } from './pool.js';
export { summarizeQuality } from '../engine/quality.js';
export { features } from '../engine/features.js';
export { VARIANTS } from '../engine/variant.js';
export { DEFAULT_MODEL, Engine, LivenessError, readFrames, readVideo, readY4m };

const DIST = new URL('../../dist/', import.meta.url); // in the package, where this file is, too
/** @type {URL} */
export const EXAMPLE_CLIP = new URL('example.y4m.gz', DIST);
const MAX_MODULE_BYTES = 2 ** 24; // of a wasm file or its script

/** A file of the package, or a copy: what it is has been known since it was made.
 * @param {Uint8Array} bytes @param {string} path */
async function checkShipped(bytes, path) {
  const { ASSETS, CORES } = await import(new URL('assets.js', DIST).href);
  const name = basename(path);
  return checkHash(bytes, ASSETS[name]?.sha256 ?? CORES[name] ?? 'unknown', path);
}

/** A name that no file of the package has: tells those that there are.
 * @param {unknown} error @returns {Promise<never>} */
async function tellNames(error) {
  if (!(error instanceof LivenessError && error.code === 'MODEL_NOT_FOUND')) throw error;
  const names = (await readdir(DIST).catch(() => []))
    .filter((each) => each.endsWith('.safetensors') && !each.startsWith(DETECTOR))
    .map((each) => each.replace('.safetensors', ''));
  if (names.length === 0) {
    const text = `no weights in ${DIST.href}: a bundler must leave this package out (external)`;
    throw new LivenessError('ENV_MODULE_MISSING', text);
  }
  const text = `no such name (${names.join(', ')}); a path has a "/" or ends in .safetensors`;
  throw new LivenessError('MODEL_NOT_FOUND', text);
}

/**
 * Bytes of a weight file, given as bytes, a path, a URL or the name of a shipped one; and its path,
 * for errors.
 *
 * @param {unknown} source
 * @param {string} option  its name
 */
async function readModel(source, option) {
  const given = bytesOf(source, 'Uint8Array', 'ArrayBuffer');
  if (given) {
    const bytes = given.slice(); // the caller's may change
    return { bytes, path: '', sha256: await sha256(bytes) };
  }
  const name =
    typeof source === 'string' && /^[\w-][\w.-]*(?<!\.safetensors)$/.test(source)
      ? `${source}.safetensors`
      : null;
  const path = asPath(name ? new URL(name, DIST) : source, `loadLiveness: ${option}`);
  const reading = readRegular(path, 'MODEL', { follow: true, maxBytes: MAX_FILE_BYTES });
  const bytes = await (name ? reading.catch(tellNames) : reading);
  return { bytes, path, sha256: await (name ? checkShipped(bytes, path) : sha256(bytes)) };
}

/** @template T @param {{path: string}} file @param {() => T} open */
function inFile({ path }, open) {
  try {
    return open();
  } catch (error) {
    throw error instanceof LivenessError && path ? error.inFile(path) : error;
  }
}

/** @param {import('../engine/engine.js').Variant} variant
 * @param {unknown} base @param {number} threads */
async function loadEngine(variant, base, threads) {
  if (!(base instanceof URL)) throw badArgument(`baseUrl is ${show(base)}, not a file: URL`);
  const folder = asPath(base, 'loadLiveness: baseUrl');
  const core = new URL(`core-${variant}.js`, base);
  const file = fileURLToPath(new URL(`livedepth-${variant}.wasm`, base));
  const limits = { follow: true, maxBytes: MAX_MODULE_BYTES };
  let wasmBinary;
  let wasm;
  let factory;
  try {
    wasmBinary = await readRegular(file, 'MODEL', limits);
    wasm = await checkShipped(wasmBinary, file);
    const script = fileURLToPath(core);
    await checkShipped(await readRegular(script, 'MODEL', limits), script);
    ({ default: factory } = await import(core.href));
  } catch (error) {
    if (error instanceof LivenessError && error.stage !== 'model') throw error;
    const text = `no livedepth-${variant} in ${folder}: run make`;
    throw new LivenessError('ENV_MODULE_MISSING', text, { cause: error });
  }
  const further = new Threads();
  const spawnPthread = () => further.spawn(core);
  const loading = Engine.load(factory, { wasmBinary, threads, createRequire, spawnPthread });
  return { engine: await further.wait(loading), wasm };
}

/** @type {import('./node.js').LoadLiveness} */
export async function loadLiveness(options) {
  const wish = readOptions(
    options,
    {
      model: DEFAULT_MODEL,
      detector: DETECTOR,
      variant: 'simd',
      threads: 1,
      baseUrl: DIST,
    },
    'loadLiveness',
  );
  const { variant, threads, fallback } = chooseFastest(wish.variant, wish.threads, countCores());
  const file = await readModel(wish.model, 'model');
  const detectorFile = wish.detector === null ? null : await readModel(wish.detector, 'detector');
  const { engine, wasm } = await loadEngine(variant, wish.baseUrl, threads);
  try {
    const network = inFile(file, () => engine.model(file.bytes));
    const detector = detectorFile && inFile(detectorFile, () => engine.model(detectorFile.bytes));
    const about = inFile(file, () => network.describe());
    return new NodeLiveness(engine, network, detector, {
      version: engine.version,
      variant,
      threads,
      fallback,
      wasm: { sha256: wasm },
      model: { ...about, sha256: file.sha256 },
      detector: detectorFile && { sha256: detectorFile.sha256 },
    });
  } catch (error) {
    engine.close();
    throw error;
  }
}

/** The engine on this thread. */
class NodeLiveness extends Liveness {
  #engine;
  #network;
  #detector;

  /**
   * @param {Engine} engine
   * @param {import('../engine/engine.js').Model} network
   * @param {import('../engine/engine.js').Model | null} detector
   * @param {import('./node.js').EngineInfo} info
   */
  constructor(engine, network, detector, info) {
    super(
      /** @satisfies {import('../check/analyze.js').Backend} */ ({
        open: async (/** @type {any} */ options) => asStream(this.session(options)),
        close: async () => engine.close(),
        pictures: async () => pictures,
        get memoryBytes() {
          return engine.memoryBytes;
        },
      }),
      info,
    );
    this.#engine = engine;
    this.#network = network;
    this.#detector = detector;
  }

  /** @param {import('../engine/engine.js').SessionOptions & {photo?: boolean}} [options]
   * @returns {import('../engine/engine.js').Session} */
  session(options) {
    const wish = readOptions(options, { ...SESSION_DEFAULTS, photo: false }, 'session');
    return this.#engine.session(
      /** @type {any} the engine checks it */ ({
        ...wish,
        network: this.#network,
        detector: wish.crop === 'none' ? null : this.#detector,
      }),
    );
  }
}

/**
 * The frames of whatever the path names: a folder of pictures, .y4m or .y4m.gz, any other video.
 *
 * @type {import('./node.js').ReadClip}
 */
export async function* readClip(path, given) {
  const { fps, signal } = /** @type {any} the reader checks them */ (
    readOptions(given, { fps: undefined, signal: undefined }, 'readClip')
  );
  checkSignal(signal, 'before reading');
  const file = asPath(path, 'readClip: the clip');
  let stat;
  try {
    stat = await statOf(file);
  } catch (error) {
    throw fileError('CLIP', file, error);
  }
  if (stat.isFile() && stat.size === 0) throw new LivenessError('CLIP_EMPTY', 'no bytes', { file });
  if (stat.isDirectory()) {
    yield* readFrames(file, { fps, signal });
  } else if (/\.y4m(\.gz)?$/i.test(file)) {
    yield* readY4m(file, { fps, signal });
  } else if (PICTURE_NAME.test(file)) {
    const text = 'one picture is no clip: analyzePhoto() and --photo take it, for a weaker answer';
    throw new LivenessError('CLIP_FORMAT', text, { file });
  } else {
    yield* readVideo(file, { fps, signal });
  }
}
