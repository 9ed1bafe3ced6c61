// SPDX-License-Identifier: MIT
// @ts-check
// The page's side of worker.js: calls with answers, a watchdog over each, and an end that leaves no
// promise open.

import { LivenessError, textOf, unpackError } from '../engine/errors.js';

/**
 * @typedef {{resolve: Function, reject: Function, timer: ReturnType<typeof setTimeout>}} Waiting
 * @typedef {{
 *   id: number, result: unknown, error: any, memoryBytes: number, ready: boolean,
 * }} Answer
 */

export class EngineWorker {
  #worker;
  #watchdogMs;
  /** @type {Map<number, Waiting>} */ #waiting = new Map();
  #count = 0;
  /** @type {LivenessError | null} */ #ended = null;
  /** Of the module when it last answered. */
  memoryBytes = 0;

  /** @param {Worker} worker  just made @param {number} watchdogMs */
  constructor(worker, watchdogMs) {
    this.#worker = worker;
    this.#watchdogMs = watchdogMs;
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
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }

  /** @param {number} id @param {string} name @returns {Promise<any>} */
  #wait(id, name) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const text = `the engine did not answer within ${this.#watchdogMs} ms (${name})`;
        this.end(new LivenessError('ENV_TIMEOUT', text));
      }, this.#watchdogMs);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  /** @param {Answer} answer */
  #answer({ id, result, error, memoryBytes, ready }) {
    const waiting = this.#waiting.get(ready ? 0 : id);
    if (!waiting) return;
    this.#waiting.delete(ready ? 0 : id);
    clearTimeout(waiting.timer);
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
