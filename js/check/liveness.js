// SPDX-License-Identifier: MIT
// @ts-check
// A loaded engine as its user sees it, in a page and in Node: whole clips, and sessions. What runs
// the engine (a worker, or this thread) is behind `backend`.

import { LivenessError, notFetched } from '../engine/errors.js';
import { analyze, analyzePhoto } from './analyze.js';
import { DISPOSE, Ending } from './ending.js';
import { CaptureSession } from './session.js';

/** @typedef {import('./analyze.js').Backend} Backend */

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
  /** Of clips and photos that are being analysed. @type {Set<Ending>} */ #analyses = new Set();
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
  analyze(frames, given) {
    return this.#recorded(analyze, frames, given);
  }

  /** @type {import('./liveness.js').Liveness['analyzePhoto']} */
  analyzePhoto(picture, given) {
    return this.#recorded(analyzePhoto, picture, given);
  }

  /**
   * @param {(on: import('./analyze.js').Engine, what: any, given: unknown) => Promise<any>} how
   * @param {unknown} what @param {unknown} given
   */
  async #recorded(how, what, given) {
    const ending = new Ending();
    this.#analyses.add(ending);
    try {
      /** @type {import('./analyze.js').Engine} */
      const engine = {
        info: this.info,
        open: (options, wantsBest) => this.#open(options, ending, wantsBest),
        pictures: () => this.#backend.pictures(),
        ending,
      };
      return await how(engine, what, given);
    } finally {
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
    const { keepingBest } = await ending.wait(import('./best.js').catch(notFetched));
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
