// SPDX-License-Identifier: MIT
// @ts-check
// The worker's side of a page: one engine, answers to the calls of rpc.js, one after the other.

import { Engine, LivenessError } from '../engine/engine.js';
import { packError } from '../engine/errors.js';
import { closeFrame } from '../engine/raw-frame.js';
import { readBitmap, readVideoFrame } from './pictures.js';

const PAGE = 65536;
/** Shared memory is reserved whole, and phones refuse much: 128 MiB hold every real-time model with
 * a 4K frame. Larger weight files get what the module itself allows. */
const SHARED_BYTES = 2 ** 27;
const SHARED_BYTES_LARGE = 2 ** 29;
const LARGE_MODEL_BYTES = 2 ** 22;
const INITIAL_BYTES = 2 ** 24;

/** @param {number} modelBytes */
function sharedMemory(modelBytes) {
  const bytes = modelBytes > LARGE_MODEL_BYTES ? SHARED_BYTES_LARGE : SHARED_BYTES;
  try {
    return new WebAssembly.Memory({
      initial: INITIAL_BYTES / PAGE,
      maximum: bytes / PAGE,
      shared: true,
    });
  } catch (error) {
    const text = `${bytes / 2 ** 20} MiB of shared memory are refused`;
    throw new LivenessError('ENV_OOM', text, { cause: error });
  }
}

/**
 * Answers calls for as long as the worker lives.
 *
 * @param {Function} createModule
 * @param {() => Worker} [spawnPthread]
 */
export function serve(createModule, spawnPthread) {
  /** @type {Engine} */ let engine;
  /** @type {import('../engine/engine.js').Model} */ let network;
  /** @type {import('../engine/engine.js').Model | null} */ let detector = null;
  /** @type {Map<number, import('../engine/engine.js').Session>} */ const sessions = new Map();
  let count = 0;
  /** @param {number} id */
  const find = (id) => {
    const session = sessions.get(id);
    if (!session) throw new LivenessError('API_CLOSED', 'the session is closed');
    return session;
  };

  const calls = {
    /** @param {{wasm: WebAssembly.Module, threads: number, model: Uint8Array,
     *   detector: Uint8Array | null}} files */
    async load(files) {
      engine = await Engine.load(/** @type {any} */ (createModule), {
        wasmModule: files.wasm,
        threads: files.threads,
        ...(spawnPthread ? { spawnPthread, wasmMemory: sharedMemory(files.model.length) } : {}),
      });
      network = engine.model(files.model);
      detector = files.detector && engine.model(files.detector);
      return { version: engine.version, model: network.describe() };
    },
    /** @param {any} options */
    open(options) {
      const session = engine.session({
        network,
        detector: options.crop === 'none' ? null : detector,
        ...options,
      });
      sessions.set(++count, session);
      return count;
    },
    /** @param {number} id @param {any} frame @param {number} arrived  in microseconds */
    async push(id, frame, arrived) {
      let session;
      try {
        session = find(id);
      } catch (error) {
        closeFrame(frame);
        throw error;
      }
      if (globalThis.VideoFrame && frame instanceof VideoFrame) {
        return session.push(await readVideoFrame(frame, session));
      }
      if (globalThis.ImageBitmap && frame instanceof ImageBitmap) {
        return session.push(readBitmap(frame, arrived));
      }
      return session.push(frame);
    },
    /** @param {number} id @param {'mean' | number} pair */
    depth: (id, pair) => find(id).depth(pair),
    /** @param {number} id */
    views: (id) => find(id).views(),
    /** @param {number} id */
    reset: (id) => find(id).reset(),
    /** @param {number} id */
    shut(id) {
      sessions.get(id)?.close();
      sessions.delete(id);
    },
  };

  /** @type {Promise<void>} */ let last = Promise.resolve();
  globalThis.onmessage = ({ data: { id, name, args } }) => {
    // In turn: a frame that is being copied must not see the memory grow.
    last = last.then(async () => {
      try {
        const result = await /** @type {any} */ (calls)[name](...args);
        postMessage({ id, result, memoryBytes: engine.memoryBytes });
      } catch (error) {
        postMessage({ id, error: packError(error) });
      }
    });
  };
  postMessage({ ready: true });
}
