// SPDX-License-Identifier: MIT
// @ts-check
// A loaded engine as its user sees it, in a page and in Node: whole clips, and sessions. What runs
// the engine (a worker, or this thread) is behind `backend`.

import { badArgument, LivenessError, show } from '../engine/errors.js';
import { checkSignal, readChoice, readFlag, readFunction, readOptions } from '../engine/options.js';
import { closeFrame } from '../engine/raw-frame.js';
import { DISPOSE, Ending } from './ending.js';
import { CaptureSession } from './session.js';
import { ClipSummary, DEPTH_CHOICES, SESSION_DEFAULTS } from './summary.js';

/**
 * @typedef {{
 *   open(options: any): Promise<import('./session.js').Stream>,
 *   close(): Promise<void>,
 *   pictures(): Promise<import('./best.js').PictureMaker>,
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

const closed = () => new LivenessError('API_CLOSED', 'the engine is closed');

/** @param {import('./session.js').Stream} [stream] */
const shut = (stream) => {
  stream?.close().catch(() => {});
};

export class Liveness {
  #backend;
  /** @type {Promise<void>} */ #last = Promise.resolve();
  /** Sessions without a result. @type {Set<CaptureSession>} */ #sessions = new Set();
  /** Of the calls of analyze() that go on. @type {Set<Ending>} */ #analyses = new Set();
  #closed = false;

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
    const { depth, best, onFrame, signal, ...session } = readOptions(
      given,
      {
        depth: 'mean',
        best: false,
        onFrame: undefined,
        signal: undefined,
        ...SESSION_DEFAULTS,
        clips: 1, // fixed beforehand as a whole
      },
      'analyze',
    );
    const choice = readChoice(depth, 'depth', DEPTH_CHOICES);
    const wantsBest = readFlag(best, 'best');
    const listener = readFunction(onFrame, 'analyze: onFrame');
    const until = checkSignal(signal, 'before the first frame');
    const source = /** @type {any} */ (frames);
    const begin = source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator];
    if (typeof begin !== 'function') {
      throw badArgument(`analyze: frames are ${show(frames)}, not iterable`);
    }
    const summary = new ClipSummary(this.info, session);
    const ending = new Ending();
    const abort = () => {
      const where = `at frame ${summary.read}`;
      ending.end(new LivenessError('API_ABORTED', where, { cause: until?.reason }));
    };
    until?.addEventListener('abort', abort, { once: true });
    this.#analyses.add(ending);
    /** @type {import('./session.js').Stream | undefined} */ let stream;
    /** @type {any} */ let iterator;
    try {
      stream = await this.#open(session, ending, wantsBest);
      iterator = begin.call(frames);
      for (;;) {
        /** @type {Promise<IteratorResult<any>>} */
        const next = Promise.resolve(iterator.next());
        const { done, value: frame } = await ending.wait(next, ({ value }) => closeFrame(value));
        if (done) break;
        const start = performance.now();
        const result = await ending.wait(stream.push(frame));
        summary.add(result, performance.now() - start);
        listener?.(result, frame);
      }
      if (summary.read === 0) throw new LivenessError('CLIP_EMPTY', 'no frames');
      const depths = await ending.wait(summary.depths(stream, choice));
      const picture = (await stream.best?.()) ?? null;
      await ending.wait(stream.close());
      return { ...summary.result(depths, 0), best: picture };
    } catch (error) {
      // Nobody waits for the engine or the reader: somebody may have aborted because one is stuck.
      shut(stream);
      (async () => iterator?.return?.())().catch(() => {});
      throw error;
    } finally {
      until?.removeEventListener('abort', abort);
      this.#analyses.delete(ending);
    }
  }

  /** @type {import('./liveness.js').Liveness['start']} */
  start(options) {
    const open = /** @type {import('./session.js').Open} */ ((...args) => this.#open(...args));
    const session = new CaptureSession(open, this.info, options);
    this.#sessions.add(session);
    const forget = () => this.#sessions.delete(session);
    session.result.then(forget, forget);
    return /** @type {any} */ (session);
  }

  /** A module with threads runs one session at a time: the next one waits for its end, or for its
   * own ending. @type {import('./session.js').Open} */
  async #open(options, ending, wantsBest) {
    if (!wantsBest) return this.#openStream(options, ending);
    const { keepingBest } = await ending.wait(import('./best.js'));
    const maker = await ending.wait(this.#backend.pictures());
    return keepingBest(await this.#openStream(options, ending), maker);
  }

  /** @param {any} options @param {Ending} ending */
  async #openStream(options, ending) {
    if (this.#closed) throw closed();
    if (this.info.threads === 1) return ending.wait(this.#backend.open(options), shut);
    const before = this.#last;
    let free = () => {};
    this.#last = new Promise((resolve) => {
      free = () => resolve(undefined);
    });
    /** @type {Promise<import('./session.js').Stream> | undefined} */ let opening;
    try {
      await ending.wait(before);
      opening = this.#backend.open(options);
      const stream = await ending.wait(opening);
      return {
        ...stream,
        async close() {
          await stream.close().finally(free);
        },
      };
    } catch (error) {
      // The turn goes on when those before have ended, and what came of ours.
      before
        .then(() => opening)
        .then((stream) => stream?.close())
        .then(free, free);
      throw error;
    }
  }

  /** @type {import('./liveness.js').Liveness['close']} */
  async close() {
    this.#closed = true;
    for (const ending of this.#analyses) ending.end(closed());
    await Promise.all([...this.#sessions].map((session) => session.close()));
    await this.#backend.close();
  }

  async [DISPOSE]() {
    await this.close();
  }
}
