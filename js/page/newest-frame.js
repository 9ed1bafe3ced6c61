// SPDX-License-Identifier: MIT
// @ts-check
// Frames for one reader. A camera stalls, and its picture in the page with it, while two of its
// frames are open (Chromium). So none waits here while the reader still has one.

import { closeFrame } from '../engine/raw-frame.js';

/** @typedef {import('./camera-ways.js').Frame} Frame */

/** Neither closed nor sent to a worker. @param {any} frame */
const isOpen = (frame) => typeof frame?.close === 'function' && frame.format !== null;

/** The newest frame for one reader: one that nobody waits for is kept until the next comes. */
export class Newest {
  /** @type {{resolve(step: IteratorResult<any>): void, reject(error: unknown): void}[]} */
  #takers = [];
  /** @type {Frame | null} */ #frame = null;
  /** @type {Frame | null} */ #given = null;
  /** @type {{error: unknown} | null} */ #end = null;
  #counts;

  /** @param {{dropped: number, delivered: number}} counts */
  constructor(counts) {
    this.#counts = counts;
  }

  get wanted() {
    return this.#takers.length > 0;
  }

  /** A frame is here that the reader has not asked for yet. */
  get waiting() {
    return this.#frame !== null;
  }

  /** @param {Frame} frame */
  put(frame) {
    const taker = this.#takers.shift();
    if (taker) {
      this.#deliver(taker, frame);
      return;
    }
    if (this.#frame) this.#counts.dropped++;
    this.clear();
    if (isOpen(this.#given)) {
      this.#counts.dropped++;
      closeFrame(frame);
    } else {
      this.#frame = frame;
    }
  }

  clear() {
    closeFrame(this.#frame);
    this.#frame = null;
  }

  /** @returns {Promise<IteratorResult<any>>} */
  next() {
    return new Promise((resolve, reject) => {
      const taker = { resolve, reject };
      if (this.#frame) {
        this.#deliver(taker, this.#frame);
        this.#frame = null;
      } else if (this.#end) {
        settle(taker, this.#end.error);
        this.#end.error = null; // an iterator throws once
      } else {
        this.#takers.push(taker);
      }
    });
  }

  /** @param {unknown} error  null: without one */
  end(error) {
    this.clear();
    if (this.#end) return;
    this.#end = { error };
    for (const taker of this.#takers.splice(0)) {
      settle(taker, this.#end.error);
      this.#end.error = null;
    }
  }

  /** @param {{resolve(step: IteratorResult<any>): void}} taker @param {Frame} value */
  #deliver({ resolve }, value) {
    this.#counts.delivered++;
    this.#given = value;
    resolve({ done: false, value });
  }
}

/** @param {{resolve(step: IteratorResult<any>): void, reject(error: unknown): void}} taker
 * @param {unknown} error */
function settle({ resolve, reject }, error) {
  if (error) reject(error);
  else resolve({ done: true, value: undefined });
}
