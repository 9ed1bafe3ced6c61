// SPDX-License-Identifier: MIT
// @ts-check
// A clip, or a photo, of a pool: a promise to be settled once, and the frames behind it.

import { LivenessError } from '../engine/errors.js';
import { copyFrame } from '../engine/raw-frame.js';

/**
 * @typedef {import('./node.js').ClipResult} ClipResult
 * @typedef {import('./node.js').RawFrame} RawFrame
 * @typedef {Iterator<RawFrame> | AsyncIterator<RawFrame>} FrameIterator
 * @typedef {{path: string | undefined, photo?: boolean, fps?: unknown, options: object}} Task  what
 *   a worker is told
 */

/** @template T @param {() => T} clone  whatever copies a caller's values @returns {T} */
export function cloning(clone) {
  try {
    return clone();
  } catch (error) {
    throw new LivenessError('BAD_ARGUMENT', `it cannot be sent: ${error}`, { cause: error });
  }
}

/** A photo that is no path, to be sent: a Blob, whose bytes no one changes, as it is.
 * @param {unknown} photo */
export function copyPhoto(photo) {
  if (photo instanceof ArrayBuffer) return new Uint8Array(photo.slice(0));
  if (photo instanceof Uint8Array) return new Uint8Array(photo);
  return photo instanceof Blob ? photo.slice() : copyFrame(photo); // a File cannot be sent
}

export class Clip {
  #frames;
  #copy;
  /** @type {FrameIterator | null} */ #iterator = null;
  #resolve = /** @type {(result: ClipResult) => void} */ (() => {});
  #reject = /** @type {(error: unknown) => void} */ (() => {});
  #onSettled = () => {};
  settled = false;

  /** @param {Task} task @param {any} frames  unless the task has a path
   * @param {(frame: unknown) => unknown} [copy]  of a frame, for a worker */
  constructor(task, frames, copy = copyFrame) {
    this.task = task;
    this.#frames = frames;
    this.#copy = copy;
    /** @type {Promise<ClipResult>} */
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Until the clip is settled. @param {AbortSignal} signal @param {() => void} abort */
  follow(signal, abort) {
    signal.addEventListener('abort', abort, { once: true });
    this.#onSettled = () => signal.removeEventListener('abort', abort);
  }

  /** @returns {Promise<{done?: boolean, frame?: unknown}>} */
  async next() {
    this.#iterator ??= /** @type {FrameIterator} */ (
      (this.#frames[Symbol.asyncIterator] ?? this.#frames[Symbol.iterator]).call(this.#frames)
    );
    const { done, value } = await this.#iterator.next();
    if (done) this.#iterator = null;
    return done ? { done } : { frame: this.#copy(await value) };
  }

  /** @param {ClipResult} result */
  succeed(result) {
    this.#settle();
    this.#resolve(result);
  }

  /** @param {unknown} error */
  fail(error) {
    this.#settle();
    this.#reject(error);
  }

  #settle() {
    this.settled = true;
    this.#onSettled();
    this.#letGo();
  }

  /** Frames that were begun and not read to their end. */
  async #letGo() {
    try {
      await this.#iterator?.return?.();
    } catch {
      // The clip has its answer already.
    }
  }
}
