// SPDX-License-Identifier: MIT
// @ts-check
// A loaded engine as its user sees it, in a page and in Node: whole clips, and sessions. What runs
// the engine (a worker, or this thread) is behind `backend`.

import { badArgument, LivenessError, show } from '../engine/errors.js';
import { checkSignal, readChoice, readFunction, readOptions } from '../engine/options.js';
import { closeFrame } from '../engine/raw-frame.js';
import { CaptureSession } from './session.js';
import { ClipSummary, DEPTH_CHOICES, SESSION_DEFAULTS } from './summary.js';

/**
 * @typedef {{
 *   open(options: any): Promise<import('./session.js').Stream>,
 *   close(): Promise<void>,
 *   readonly memoryBytes: number,
 * }} Backend
 */

export const DEFAULT_MODEL = 'fusion-sgtd';

/** @template T @param {T} value @returns {T} */
function freeze(value) {
  if (value === null || typeof value !== 'object') return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}

/**
 * A promise that rejects when the signal fires, and the end of its watch.
 *
 * @param {AbortSignal | undefined} signal
 * @param {() => string} where
 */
function watchSignal(signal, where) {
  let release = () => {};
  /** @type {Promise<never>} */
  const aborted = new Promise((_, reject) => {
    const abort = () =>
      reject(new LivenessError('API_ABORTED', where(), { cause: signal?.reason }));
    signal?.addEventListener('abort', abort, { once: true });
    release = () => signal?.removeEventListener('abort', abort);
  });
  aborted.catch(() => {});
  return { aborted, release };
}

export class Liveness {
  #backend;
  /** @type {Promise<void>} */ #last = Promise.resolve();
  /** Those without a result. @type {Set<CaptureSession>} */ #sessions = new Set();

  /** @param {Backend} backend @param {import('./liveness.js').EngineInfo} info */
  constructor(backend, info) {
    this.#backend = backend;
    this.info = freeze(info);
  }

  get memoryBytes() {
    return this.#backend.memoryBytes;
  }

  /** @type {import('./liveness.js').Liveness['analyze']} */
  async analyze(frames, given) {
    const { depth, onFrame, signal, ...session } = readOptions(
      given,
      {
        depth: 'mean',
        onFrame: undefined,
        signal: undefined,
        ...SESSION_DEFAULTS,
        clips: 1, // fixed beforehand as a whole
      },
      'analyze',
    );
    const choice = readChoice(depth, 'depth', DEPTH_CHOICES);
    const listener = readFunction(onFrame, 'analyze: onFrame');
    const until = checkSignal(signal, 'before the first frame');
    if (!(Symbol.asyncIterator in Object(frames) || Symbol.iterator in Object(frames))) {
      throw badArgument(`analyze: frames are ${show(frames)}, not iterable`);
    }
    const stream = await this.#open(session);
    const summary = new ClipSummary(this.info, session);
    const iterator =
      /** @type {any} */ (frames)[Symbol.asyncIterator]?.() ??
      /** @type {any} */ (frames)[Symbol.iterator]();
    const { aborted, release } = watchSignal(until, () => `at frame ${summary.read}`);
    /** @type {Promise<IteratorResult<any>> | null} */ let next = null;
    try {
      for (;;) {
        checkSignal(until, `at frame ${summary.read}`);
        next = Promise.resolve(iterator.next());
        const { done, value: frame } = await Promise.race([next, aborted]);
        next = null;
        if (done) break;
        const start = performance.now();
        const result = await Promise.race([stream.push(frame), aborted]);
        summary.add(result, performance.now() - start);
        listener?.(result, frame);
      }
      if (summary.read === 0) throw new LivenessError('CLIP_EMPTY', 'no frames');
      const depths = await summary.depths(stream, choice);
      await stream.close();
      return summary.result(depths, 0);
    } catch (error) {
      // Nobody waits for the engine or the reader: somebody may have aborted because one is stuck.
      stream.close().catch(() => {});
      next?.then(
        ({ value }) => closeFrame(value),
        () => {},
      );
      Promise.resolve(iterator.return?.()).catch(() => {});
      throw error;
    } finally {
      release();
    }
  }

  /** @type {import('./liveness.js').Liveness['start']} */
  start(options) {
    const session = new CaptureSession((each) => this.#open(each), this.info, options);
    this.#sessions.add(session);
    const forget = () => this.#sessions.delete(session);
    session.result.then(forget, forget);
    return /** @type {any} */ (session);
  }

  /** A module with threads runs one session at a time: the next one waits for its end.
   * @param {any} options @returns {Promise<import('./session.js').Stream>} */
  async #open(options) {
    if (this.info.threads === 1) return this.#backend.open(options);
    const before = this.#last;
    let free = () => {};
    this.#last = new Promise((resolve) => {
      free = () => resolve(undefined);
    });
    await before;
    try {
      const stream = await this.#backend.open(options);
      return {
        ...stream,
        async close() {
          await stream.close().finally(free);
        },
      };
    } catch (error) {
      free();
      throw error;
    }
  }

  /** @type {import('./liveness.js').Liveness['close']} */
  async close() {
    await Promise.all([...this.#sessions].map((session) => session.close()));
    await this.#backend.close();
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    await this.close();
  }
}
