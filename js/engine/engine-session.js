// SPDX-License-Identifier: MIT
// @ts-check
// One camera stream: frames in, results out.

import { bytesOf } from './bytes.js';
import { badArgument, LivenessError, show } from './errors.js';
import { readNumber } from './options.js';
import { INT32_MAX, readFrame } from './frame-numbers.js';
import { readResult } from './frame-result.js';
import { hasViews, readViewsFrame } from './view-numbers.js';

/**
 * @typedef {import('./frame-result.js').Layout} Layout
 * @typedef {import('./heap.js').Heap} Heap
 * @typedef {import('./model.js').Model} Model
 */

export class Session {
  #heap;
  #layout;
  #models;
  #onClose;
  #session = 0;
  #result = 0;
  #frame = 0;
  #frameSize = 0;
  /** @type {import('./engine.js').ModelDescription} */ #about;
  #closed = false;

  /**
   * @param {Heap} heap
   * @param {Layout} layout
   * @param {Model} network
   * @param {Model | null} detector
   * @param {{
   *   threads: number, crop: number, live: number, spoof: number, clips: number, photo: boolean,
   * }} options
   * @param {() => void} onClose
   */
  constructor(heap, layout, network, detector, options, onClose) {
    const { threads, crop, live, spoof, clips, photo } = options;
    this.#heap = heap;
    this.#layout = layout;
    this.#onClose = onClose;
    this.#models = /** @type {Model[]} */ ([]);
    try {
      const addresses = (detector ? [network, detector] : [network]).map((model) => {
        const address = model.acquire();
        this.#models.push(model);
        return address;
      });
      this.#result = heap.alloc(layout.size);
      this.#session = heap.create(
        'livedepthw_session_create',
        addresses[1] ?? 0,
        addresses[0],
        threads,
        crop,
        live,
        spoof,
        clips,
        Number(photo),
      );
      this.#about = network.describe();
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  /** @type {import('./engine.js').Session['push']} */
  push(frame) {
    if (hasViews(frame)) return this.#pushViews(frame);
    const { data, timestamp, numbers } = readFrame(frame, this.#layout);
    this.#checkOpen(); // only now: a getter of the frame may have closed it
    this.#heap.try('livedepthw_frame_check', this.#session, data.length, ...numbers);
    const address = this.#place(data);
    this.#heap.try(
      'livedepthw_session_push',
      this.#session,
      address,
      this.#result,
      data.length,
      ...numbers,
    );
    return this.#read(timestamp);
  }

  /** @param {unknown} frame */
  #pushViews(frame) {
    const { views } = this.#about;
    const { maxViews } = this.#layout;
    const { data, timestamp, numbers, boxes } = readViewsFrame(frame, views, maxViews);
    this.#checkOpen();
    const address = this.#heap.copyIn(boxes);
    try {
      this.#heap.try(
        'livedepthw_session_push_views',
        this.#session,
        this.#place(data),
        this.#result,
        data.length,
        ...numbers,
        address,
      );
      return this.#read(timestamp);
    } finally {
      this.#heap.free(address);
    }
  }

  /** @param {number} timestamp  of the frame */
  #read(timestamp) {
    const depth = () => this.depth();
    const result = readResult(this.#heap, this.#result, this.#layout, this.#about, depth);
    return { ...result, timestamp };
  }

  /** @type {import('./engine.js').Session['views']} */
  views() {
    this.#checkOpen();
    const sizes = this.#about.views.map(({ size }) => size * size * 3);
    const all = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    let end = 0;
    sizes.forEach((size, i) => {
      const address = this.#heap.call('livedepth_session_view', this.#session, i);
      all.set(this.#heap.bytes.subarray(address, address + size), end);
      end += size;
    });
    return all;
  }

  /** @type {import('./engine.js').Session['buffer']} */
  buffer(byteLength) {
    this.#checkOpen();
    const most = 4 * this.#layout.maxSide ** 2;
    const size = readNumber(byteLength, 'byteLength', 1, most, { whole: true });
    this.#reserve(size);
    return this.#heap.bytes.subarray(this.#frame, this.#frame + size);
  }

  /** @type {import('./engine.js').Session['depth']} */
  depth(pair = 'mean') {
    this.#checkOpen();
    const index =
      pair === 'mean'
        ? this.#layout.pair.mean
        : readNumber(pair, 'pair', 0, INT32_MAX, { whole: true });
    const address = this.#heap.call('livedepth_session_depth', this.#session, index);
    if (address === 0) return null;
    const size = this.#heap.call('livedepth_session_depth_size', this.#session);
    const data = new Float32Array(this.#heap.bytes.buffer, address, size * size).slice();
    return { width: size, height: size, data };
  }

  /** @type {import('./engine.js').Session['maskedScore']} */
  maskedScore(masks) {
    this.#checkOpen();
    const size = this.#heap.call('livedepth_session_depth_size', this.#session);
    let pairs = 0;
    while (this.#heap.call('livedepth_session_depth', this.#session, pairs) !== 0) pairs++;
    if (pairs === 0) throw badArgument('maskedScore: there are no depth maps');
    const count = pairs * size * size;
    const bytes = bytesOf(masks, 'Float32Array');
    if (bytes?.length !== 4 * count) {
      throw badArgument(`maskedScore: masks are ${show(masks)}, not a Float32Array of ${count}`);
    }
    const address = this.#heap.copyIn(bytes);
    try {
      this.#heap.try('livedepth_session_masked_score', this.#session, address, address);
      return this.#heap.view(address, 4).getFloat32(0, true);
    } finally {
      this.#heap.free(address);
    }
  }

  /** Forgets the clip, the scores and the clock: call between persons. */
  reset() {
    this.#checkOpen();
    this.#heap.call('livedepth_session_reset', this.#session);
  }

  /** Twice is fine. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#free();
    this.#onClose();
  }

  #free() {
    if (this.#heap.usable) this.#heap.call('livedepth_session_destroy', this.#session);
    for (const address of [this.#result, this.#frame]) this.#heap.free(address);
    for (const model of this.#models) model.release();
  }

  #checkOpen() {
    if (this.#closed) throw new LivenessError('API_CLOSED', 'the session is closed');
  }

  /** Makes the frame's memory at least so large. @param {number} size */
  #reserve(size) {
    if (size <= this.#frameSize) return;
    this.#heap.free(this.#frame);
    this.#frame = this.#frameSize = 0;
    this.#frame = this.#heap.alloc(size);
    this.#frameSize = size;
  }

  /** The address of these bytes: where they are, if that is in buffer(), else of a copy.
   * @param {Uint8Array} data */
  #place(data) {
    const { byteOffset, length } = data;
    if (data.buffer === this.#heap.bytes.buffer) {
      const end = this.#frame + this.#frameSize;
      if (byteOffset >= this.#frame && byteOffset + length <= end) return byteOffset;
      const text = 'data lies in memory of the module that is not this buffer(), or no longer';
      throw new LivenessError('FRAME_BAD_BUFFER', text);
    }
    this.#reserve(length);
    this.#heap.bytes.set(data, this.#frame);
    return this.#frame;
  }
}
