// SPDX-License-Identifier: MIT
// @ts-check
// A clip, or a photo, of a pool: a promise to be settled once, and the frames behind it.

import { setMaxListeners } from 'node:events';
import { stepsOf } from '../check/steps.js';
import { bytesOf } from '../engine/bytes.js';
import { LivenessError, textOf } from '../engine/errors.js';
import { copyFrame } from '../engine/raw-frame.js';

/**
 * @typedef {import('./node.js').ClipResult} ClipResult
 * @typedef {import('./node.js').RawFrame} RawFrame
 * @typedef {{path: string | undefined, photo?: boolean, fps?: unknown, options: object}} Task  what
 *   a worker is told
 */

/** @template T @param {string} what  is copied @param {() => T} clone  whatever copies a caller's
 * values @returns {T} */
export function cloning(what, clone) {
  try {
    return clone();
  } catch (error) {
    throw new LivenessError('BAD_ARGUMENT', `${what} cannot be sent: ${textOf(error)}`, {
      cause: error,
    });
  }
}

/** A photo that is no path, to be sent: a Blob, whose bytes no one changes, as it is.
 * @param {unknown} photo */
export function copyPhoto(photo) {
  const bytes = bytesOf(photo, 'Uint8Array', 'ArrayBuffer');
  if (bytes) return bytes.slice();
  return photo instanceof Blob ? photo.slice() : copyFrame(photo); // a File cannot be sent
}

export class Clip {
  #frames;
  #copy;
  /** @type {ReturnType<ReturnType<typeof stepsOf>> | null} */ #steps = null;
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
    setMaxListeners(0, signal); // all clips of a batch may have one; Node warns at eleven
    signal.addEventListener('abort', abort, { once: true });
    this.#onSettled = () => signal.removeEventListener('abort', abort);
  }

  /** @returns {Promise<{done?: boolean, frame?: unknown}>} */
  async next() {
    this.#steps ??= stepsOf(this.#frames, 'analyze: frames are')();
    const { done, value } = await this.#steps.next();
    if (done) this.#steps = null;
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
    this.#steps?.end(); // frames that were begun and not read to their end
  }
}
