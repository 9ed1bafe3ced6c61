// SPDX-License-Identifier: MIT
// @ts-check
// The entry for browsers: loads an engine into a worker.
//
//     const liveness = await loadLiveness();
//     const camera = await openCamera();
//     const { verdict } = await liveness.start().attach(camera);
//
// Nothing here runs at import, so that servers may import it too. Every file is named in assets.js,
// by new URL() of a literal and import.meta.url: the one form that bundlers find.

import { ASSETS, WORKERS } from '../../dist/assets.js';
import { bytesOf } from '../engine/bytes.js';
import { badArgument, LivenessError, notFetched, show } from '../engine/errors.js';
import { checkSignal, readFunction, readMs, readOptions } from '../engine/options.js';
import { closeFrame } from '../engine/raw-frame.js';
import { checkHash } from '../engine/sha256.js';
import { chooseFastest } from '../engine/variant.js';
import { Ending } from '../check/ending.js';
import { DEFAULT_MODEL, Liveness } from '../check/liveness.js';
import { DETECTOR } from '../check/summary.js';
import { compile, download, watchCsp } from './download.js';
import { copyBytes, movable } from './frame-copy.js';
import { EngineWorker } from './rpc.js';
import { Watchdog } from './watchdog.js';

export { DEFAULT_MODEL, Liveness, LivenessError };

const WATCHDOG_MS = 20_000;

/** @param {unknown} base @returns {URL | null} */
function readBase(base) {
  if (base === undefined) return null;
  try {
    const url = new URL(String(base), globalThis.location?.href);
    if (!url.pathname.endsWith('/')) url.pathname += '/';
    return url;
  } catch (error) {
    throw new LivenessError('BAD_ARGUMENT', `baseUrl is ${show(base)}`, { cause: error });
  }
}

/** What starts the worker of a variant: a file of this origin, or the bytes of another's.
 * @param {import('../engine/engine.js').Variant} variant @param {URL | null} base
 * @param {(url: URL) => Promise<Uint8Array>} get @returns {Promise<() => Worker>} */
async function findWorker(variant, base, get) {
  const { url } = fileOf(variant, base);
  if (url.origin === globalThis.location?.origin) {
    return base
      ? () => new Worker(new URL(`worker-${variant}.js`, base), { type: 'module' })
      : WORKERS[variant];
  }
  const { fetchWorker } = await import('./other-origin.js').catch(notFetched);
  return fetchWorker(variant, url, get);
}

/** @param {() => Worker} start @param {Watchdog} watchdog */
function startWorker(start, watchdog) {
  try {
    return new EngineWorker(start(), watchdog);
  } catch (error) {
    // A CSP that is told at once.
    throw new LivenessError('ENV_WORKER_FAILED', String(error), { cause: error });
  }
}

/** What to load as one of the three files. sha256 and total are known for the package's own.
 * @typedef {{bytes?: Uint8Array, url?: URL, sha256?: string, total: number | null}} Source */

/** @param {string} name  in ASSETS @param {URL | null} base
 * @returns {Source & {url: URL}} */
function shipped(name, base) {
  const { url, sha256, bytes } = ASSETS[name];
  // Turbopack's addresses are relative, and have no origin.
  const own = base ? new URL(name, base) : new URL(String(url()), globalThis.location?.href);
  return { url: own, sha256, total: bytes };
}

/** @param {string} variant @param {URL | null} base */
const fileOf = (variant, base) => shipped(`livedepth-${variant}.wasm`, base);

/** @param {unknown} given @param {string} option @param {URL | null} base
 * @param {string} [hash] @returns {Source} */
function weights(given, option, base, hash) {
  const own = bytesOf(given, 'Uint8Array', 'ArrayBuffer');
  // A copy: the caller's may change.
  if (own) return { bytes: own.slice(), sha256: hash, total: own.length };
  if (typeof given === 'string' && Object.hasOwn(ASSETS, `${given}.safetensors`)) {
    const source = shipped(`${given}.safetensors`, base);
    if (hash === undefined || hash.toLowerCase() === source.sha256) return source;
    throw new LivenessError('ENV_INTEGRITY', `modelSha256 is not that of ${given}`);
  }
  try {
    if (typeof given !== 'string' && !(given instanceof URL)) throw badArgument(show(given));
    return { url: new URL(given, globalThis.location?.href), sha256: hash, total: null };
  } catch (error) {
    const text = `${option} is ${show(given)}: no shipped model, address or bytes`;
    throw new LivenessError('BAD_ARGUMENT', text, { cause: error });
  }
}

/** @param {unknown} value @param {string} name @returns {string | undefined} */
function readHash(value, name) {
  if (value === undefined || (typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value))) {
    return value;
  }
  throw badArgument(`${name} is ${show(value)}, not 64 hex digits`);
}

/** @type {typeof import('./index.js').loadLiveness} */
export async function loadLiveness(options) {
  const wish = readOptions(
    options,
    {
      model: DEFAULT_MODEL,
      modelSha256: undefined,
      detector: DETECTOR,
      variant: 'auto',
      threads: 'auto',
      baseUrl: undefined,
      signal: undefined,
      onProgress: undefined,
      watchdogMs: WATCHDOG_MS,
    },
    'loadLiveness',
  );
  if (typeof Worker !== 'function' || typeof WebAssembly !== 'object') {
    const text = 'no Worker or WebAssembly here; in Node import livedepth/node';
    throw new LivenessError('ENV_UNSUPPORTED', text);
  }
  const base = readBase(wish.baseUrl);
  const watchdog = new Watchdog(readMs(wish.watchdogMs, 'watchdogMs'));
  const onProgress = readFunction(wish.onProgress, 'onProgress');
  const model = weights(wish.model, 'model', base, readHash(wish.modelSha256, 'modelSha256'));
  const detector = wish.detector === null ? null : weights(wish.detector, 'detector', base);
  const choice = chooseFastest(
    wish.variant,
    wish.threads,
    globalThis.navigator?.hardwareConcurrency ?? 1,
  );
  const signal = checkSignal(wish.signal, 'before loading');
  /** @param {typeof choice} each */
  const load = (each) =>
    watchCsp(() =>
      loadEngine(each, {
        base,
        watchdog,
        model,
        detector,
        signal,
        onProgress,
      }),
    );
  try {
    return await load(choice);
  } catch (error) {
    const { code } = /** @type {LivenessError} */ (error);
    const byThreads = choice.threads > 1 && /^ENV_(OOM|WORKER_|TIMEOUT)/.test(code);
    if (!byThreads || wish.threads !== 'auto') throw error;
    const single = chooseFastest(wish.variant, 1, 1);
    return load({ ...single, fallback: [...single.fallback, 'threads_failed'] });
  }
}

/**
 * @param {ReturnType<typeof chooseFastest>} choice
 * @param {{
 *   base: URL | null, watchdog: Watchdog, model: Source, detector: Source | null,
 *   signal: AbortSignal | undefined,
 *   onProgress: Function | undefined,
 * }} wish
 */
async function loadEngine({ variant, threads, fallback }, wish) {
  const { base, watchdog, signal, onProgress } = wish;
  checkSignal(signal, 'loading'); // again: it may be the second try
  const stop = new AbortController(); // the first failure ends all downloads
  const ending = new Ending(); // and all other waits
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  /** @type {EngineWorker | undefined} */ let begun;
  stop.signal.addEventListener('abort', () => {
    const error = new LivenessError('API_ABORTED', 'loading', { cause: stop.signal.reason });
    begun?.end(error);
    ending.end(error);
  });
  /** What a listener throws is its own affair. @param {import('./index.js').Progress} progress */
  const tell = (progress) => {
    try {
      onProgress?.(progress);
    } catch (error) {
      reportError(error);
    }
  };
  /** @param {URL} url @param {(loaded: number) => void} [onBytes] */
  const fetchBytes = (url, onBytes = () => {}) => download(url, stop.signal, watchdog, onBytes);
  /** @param {'wasm' | 'model' | 'detector'} file @param {Source} source */
  const get = async (file, source) => {
    const bytes =
      source.bytes ??
      (await fetchBytes(/** @type {URL} */ (source.url), (loaded) =>
        tell({ file, loaded, total: source.total }),
      ));
    if (file !== 'wasm') source.bytes = bytes; // a second try takes another wasm file only
    const sha256 = await checkHash(bytes, source.sha256, source.url?.href ?? file);
    return { bytes, sha256 };
  };
  /** The first worker, which ends with loading; and how to start a second. */
  const begin = async () => {
    const start = await findWorker(variant, base, fetchBytes);
    checkSignal(stop.signal, 'loading');
    begun = startWorker(start, watchdog);
    await begun.ready;
    watchdog.touch(); // its script has come
    return { worker: begun, start };
  };
  try {
    const source = fileOf(variant, base);
    const parts = Promise.all([
      begin(),
      get('wasm', source).then(async ({ bytes, sha256 }) => ({
        module: await compile(bytes, source.url.pathname),
        sha256,
      })),
      get('model', wish.model),
      wish.detector && get('detector', wish.detector),
    ]);
    const [{ worker: first, start }, wasm, model, detector] = await ending.wait(parts);
    /** @param {EngineWorker} worker */
    const fill = (worker) =>
      worker.call('load', [
        {
          wasm: wasm.module,
          threads,
          model: model.bytes,
          detector: detector?.bytes ?? null,
        },
      ]);
    const about = await fill(first);
    checkSignal(signal, 'loading');
    const backend = new WorkerBackend(first, async () => {
      const worker = startWorker(start, watchdog);
      try {
        await worker.ready;
        await fill(worker);
        return worker;
      } catch (error) {
        worker.end(/** @type {LivenessError} */ (error));
        throw error;
      }
    });
    return new Liveness(backend, {
      version: about.version,
      variant,
      threads,
      fallback,
      wasm: { sha256: wasm.sha256 },
      model: { ...about.model, sha256: model.sha256 },
      detector: detector && { sha256: detector.sha256 },
    });
  } catch (error) {
    stop.abort(error);
    checkSignal(signal, 'loading'); // what fails by it says so
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** @typedef {import('../check/analyze.js').Backend} Backend */

/** The engine in its worker, which is started once more if it dies. @implements {Backend} */
class WorkerBackend {
  /** @type {EngineWorker | Promise<EngineWorker>} */ #worker;
  #restart;
  #restarts = 1;
  memoryBytes = 0;

  /** @param {EngineWorker} worker @param {() => Promise<EngineWorker>} restart */
  constructor(worker, restart) {
    this.#worker = worker;
    this.#restart = restart;
    this.memoryBytes = worker.memoryBytes;
  }

  pictures = async () => (await import('./best-picture.js').catch(notFetched)).pictures;

  /** @param {any} options @returns {Promise<import('../check/session.js').Stream>} */
  async open(options) {
    const worker = await this.#alive();
    const id = await worker.call('open', [options]);
    return {
      push: async (frame) => {
        try {
          const arrived = performance.now() * 1000;
          const [sent, transfer] = movable(frame) ? [frame, [frame]] : copyBytes(frame, arrived);
          const result = await worker.call('push', [id, sent, arrived], transfer);
          this.memoryBytes = worker.memoryBytes;
          return result;
        } catch (error) {
          closeFrame(frame); // if it never got there
          throw error;
        }
      },
      depth: (pair) => worker.call('depth', [id, pair]),
      views: () => worker.call('views', [id]),
      reset: () => worker.call('reset', [id]),
      close: async () => {
        if (!worker.ended) await worker.call('shut', [id]);
      },
    };
  }

  async close() {
    this.#restarts = 0;
    const closed = new LivenessError('API_CLOSED', 'the engine is closed');
    (await Promise.resolve(this.#worker).catch(() => null))?.end(closed);
  }

  async #alive() {
    const worker = await this.#worker;
    if (worker.ended && this.#restarts > 0) {
      this.#restarts--;
      this.#worker = this.#restart();
    }
    return this.#worker;
  }
}
