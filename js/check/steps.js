// SPDX-License-Identifier: MIT
// @ts-check
// Reading what a caller gives to be iterated over: of frames, or of bytes.

import { badArgument, show } from '../engine/errors.js';

/** An iterator that answers at once leaves no turn to timers and events, so that no time limit and
 * no button would end it: it waits for one where the last is longer ago than this, in ms. */
const TURN_MS = 50;

/** After timers and events whose turn it is. (A page's timers are slow in the background.) */
const turn = () =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(null);
  });

/** An iterator that has begun. What it throws is its own; what is no iterator is BAD_ARGUMENT. */
class Steps {
  #iterator;
  #what;
  #turned = performance.now();

  /** @param {any} iterator @param {string} what */
  constructor(iterator, what) {
    if (typeof iterator?.next !== 'function') {
      throw badArgument(`${what} an iterator that is ${show(iterator)}, without next()`);
    }
    this.#iterator = iterator;
    this.#what = what;
  }

  /** @returns {Promise<{done: boolean, value: any}>} */
  async next() {
    if (performance.now() - this.#turned > TURN_MS) {
      await turn();
      this.#turned = performance.now();
    }
    const step = await this.#iterator.next();
    if (Object(step) !== step) throw badArgument(`${this.#what} ${show(step)} by next()`);
    const { done, value } = step;
    return { done: Boolean(done), value };
  }

  /** Tells the iterator that nobody goes on, and waits for no answer. */
  end() {
    (async () => this.#iterator.return?.())().catch(() => {});
  }
}

/**
 * How to begin with the source.
 *
 * @param {any} source
 * @param {string} what  for errors: who gives it
 */
export function stepsOf(source, what) {
  const begin = source?.[Symbol.asyncIterator] ?? source?.[Symbol.iterator];
  if (typeof begin !== 'function') throw badArgument(`${what} ${show(source)}, not iterable`);
  return () => new Steps(begin.call(source), what);
}
