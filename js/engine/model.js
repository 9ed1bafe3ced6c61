// SPDX-License-Identifier: MIT
// @ts-check
// A weight file in the module's memory, and what it says of itself.

import { badArgument, LivenessError, show } from './errors.js';
import { readLimits } from './quality.js';

/**
 * @typedef {import('./heap.js').Heap} Heap
 * @typedef {import('./frame-result.js').Layout} Layout
 */

/** Read-only weights, shared by sessions. */
export class Model {
  #heap;
  #layout;
  #bytes;
  #model = 0;
  #sessions = 0;
  #closed = false;
  #onFree;

  /** @param {Heap} heap @param {Layout} layout @param {Uint8Array} file
   * @param {() => void} onFree */
  constructor(heap, layout, file, onFree) {
    this.#heap = heap;
    this.#layout = layout;
    this.#onFree = onFree;
    this.#bytes = heap.copyIn(file); // the model borrows them
    try {
      this.#model = heap.create('livedepth_model_open', this.#bytes, file.length);
    } catch (error) {
      heap.free(this.#bytes);
      throw error;
    }
  }

  /** A string of the file's metadata, or null. @param {string} key */
  info(key) {
    if (typeof key !== 'string') throw badArgument(`info: the key is ${show(key)}, not a string`);
    if (this.#closed) throw new LivenessError('API_CLOSED', 'the model is closed');
    const name = this.#heap.copyIn(new TextEncoder().encode(`${key}\0`));
    try {
      const value = this.#heap.call('livedepth_model_info', this.#model, name);
      return value === 0 ? null : this.#heap.text(value);
    } finally {
      this.#heap.free(name);
    }
  }

  /** @type {import('./engine.js').Model['describe']} */
  describe() {
    const text = (/** @type {string} */ key) => this.info(key) ?? '';
    const [id, provenance, license] = ['preset', 'provenance', 'license'].map(text);
    const json = this.#heap.call('livedepthw_model_describe', this.#model);
    if (json === 0) {
      const detail = `a ${text('network') || 'file'}, no liveness model`;
      throw new LivenessError('WEIGHTS_BAD_METADATA', detail);
    }
    const { checks, ...rest } = JSON.parse(this.#heap.text(json));
    // C's own floats, which it prints in nine digits.
    for (const pair of [rest.thresholds, rest.photo]) {
      if (pair)
        Object.assign(pair, { live: Math.fround(pair.live), spoof: Math.fround(pair.spoof) });
    }
    return { id, ...rest, checks: readLimits(this.#layout.checks, checks), provenance, license };
  }

  /** For sessions: the address, held until release(). */
  acquire() {
    if (this.#closed) throw new LivenessError('API_CLOSED', 'the model is closed');
    this.#sessions++;
    return this.#model;
  }

  release() {
    this.#sessions--;
    this.#freeUnused();
  }

  /** Frees the weights when the last session that uses them is closed. Twice is fine. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#freeUnused();
  }

  #freeUnused() {
    if (!this.#closed || this.#sessions > 0) return;
    if (this.#heap.usable) this.#heap.call('livedepth_model_close', this.#model);
    this.#heap.free(this.#bytes);
    this.#onFree();
  }
}
