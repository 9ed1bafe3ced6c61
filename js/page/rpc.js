// SPDX-License-Identifier: MIT
// @ts-check
// The page's side of worker.js: calls with answers, a watchdog over each, and an end that leaves no
// promise open.

import { LivenessError, textOf, unpackError } from '../engine/errors.js';

/**
 * @typedef {{resolve: Function, reject: Function, unwatch: () => void}} Waiting
 * @typedef {{
 *   id: number, result: unknown, error: any, memoryBytes: number, ready: boolean,
 * }} Answer
 */

export class EngineWorker {
  #worker;
  #watchdog;
  /** @type {Map<number, Waiting>} */ #waiting = new Map();
  #count = 0;
  /** @type {LivenessError | null} */ #ended = null;
  /** Of the module when it last answered. */
  memoryBytes = 0;

  /** @param {Worker} worker  just made @param {import('./watchdog.js').Watchdog} watchdog */
  constructor(worker, watchdog) {
    this.#worker = worker;
    this.#watchdog = watchdog;
    /** Resolves when the worker's script runs. */
    this.ready = this.#wait(0, 'to start');
    this.ready.catch(() => {}); // for those who end the worker before
    worker.onmessage = ({ data }) => this.#answer(data);
    worker.onmessageerror = () => this.end(dead('an answer could not be read'));
    worker.onerror = (event) => {
      event.preventDefault?.();
      const started = !this.#waiting.has(0);
      this.end(
        started
          ? dead(event.message || 'it stopped')
          : new LivenessError('ENV_WORKER_FAILED', event.message || 'the worker cannot be loaded'),
      );
    };
  }

  /** The error that ended the worker, or null. */
  get ended() {
    return this.#ended;
  }

  /**
   * @param {string} name  of a call of worker.js
   * @param {unknown[]} args
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  async call(name, args, transfer = []) {
    if (this.#ended) throw this.#ended;
    const id = ++this.#count;
    try {
      this.#worker.postMessage({ id, name, args }, transfer);
    } catch (error) {
      throw new LivenessError('BAD_ARGUMENT', `${name}: ${textOf(error)}`, { cause: error });
    }
    return this.#wait(id, name);
  }

  /** Stops the worker; whatever waits is told so. Twice is fine. @param {LivenessError} error */
  end(error) {
    if (this.#ended) return;
    this.#ended = error;
    this.#worker.terminate();
    for (const { reject, unwatch } of this.#waiting.values()) {
      unwatch();
      reject(error);
    }
    this.#waiting.clear();
  }

  /** @param {number} id @param {string} name @returns {Promise<any>} */
  #wait(id, name) {
    return new Promise((resolve, reject) => {
      const unwatch = this.#watchdog.watch(() => {
        const text = `the engine did not answer within ${this.#watchdog.ms} ms (${name})`;
        this.end(new LivenessError('ENV_TIMEOUT', text));
      });
      this.#waiting.set(id, { resolve, reject, unwatch });
    });
  }

  /** @param {Answer} answer */
  #answer({ id, result, error, memoryBytes, ready }) {
    const waiting = this.#waiting.get(ready ? 0 : id);
    if (!waiting) return;
    this.#waiting.delete(ready ? 0 : id);
    waiting.unwatch();
    if (memoryBytes) this.memoryBytes = memoryBytes;
    if (!error) {
      waiting.resolve(result);
      return;
    }
    const failure = unpackError(error);
    waiting.reject(failure);
    if (failure.code === 'ENV_CRASHED') this.end(dead(failure.detail));
  }
}

/** @param {string} detail */
const dead = (detail) => new LivenessError('ENV_WORKER_DEAD', detail);
