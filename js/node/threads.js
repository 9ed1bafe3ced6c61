// SPDX-License-Identifier: MIT
// @ts-check
// The threads of an engine in Node.

import os from 'node:os';
import { Worker } from 'node:worker_threads';
import { LivenessError, textOf } from '../engine/errors.js';
import { Ending } from '../check/ending.js';

const HERE = new URL('./', import.meta.url);
/** For a thread to load: one that neither ends nor answers is waited for no longer. */
export const LOAD_MS = 60_000;

/** What this process may use; Node 18 has older versions without the first. */
export const countCores = () => os.availableParallelism?.() ?? os.cpus().length;

/** The threads of an engine that is being loaded. Emscripten waits for ever for one that has ended,
 * and throws what went wrong in one where nobody can catch it. */
export class Threads {
  /** @type {Worker[]} */ #all = [];
  #ending = new Ending();
  #loading = true;

  /** @param {unknown} cause @returns {LivenessError} */
  #fail(cause) {
    const text = `a thread of the engine: ${textOf(cause)}`;
    const error = new LivenessError('ENV_WORKER_FAILED', text, { cause });
    this.#ending.end(error);
    return error;
  }

  /** @param {URL} core */
  spawn(core) {
    let thread;
    try {
      thread = new Worker(new URL('pthread-node.js', HERE), {
        argv: [core.href],
        execArgv: [],
        workerData: 'em-pthread',
        name: 'em-pthread',
      });
    } catch (error) {
      throw this.#fail(error);
    }
    this.#all.push(thread);
    thread.on('exit', (status) => this.#fail(`exit status ${status}`));
    Object.defineProperty(thread, 'onerror', {
      set() {}, // Emscripten's, which throws
      get: () => (/** @type {unknown} */ error) => {
        if (!this.#loading) throw error; // nobody waits for an answer
        this.#fail(error);
      },
    });
    return thread;
  }

  /** @param {Promise<import('../engine/engine.js').Engine>} loading */
  async wait(loading) {
    const text = `the threads of the engine did not load in ${LOAD_MS} ms`;
    const late = () => this.#ending.end(new LivenessError('ENV_TIMEOUT', text));
    const timer = setTimeout(late, LOAD_MS);
    try {
      return await this.#ending.wait(loading, (engine) => engine.close());
    } catch (error) {
      for (const thread of this.#all) thread.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#loading = false;
    }
  }
}
