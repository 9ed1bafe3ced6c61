// SPDX-License-Identifier: MIT
// @ts-check
// An end of a wait before its promise settles: abort, close, time.

/** What `await using` calls; older engines lack the name. */
export const DISPOSE = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

export class Ending {
  /** @type {unknown} */ #error;
  #ended = false;
  /** Of the waits that go on. @type {Set<(error: unknown) => void>} */ #rejects = new Set();

  /** Every wait, now and later, rejects with this error. Only the first one counts.
   * @param {unknown} error */
  end(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const reject of this.#rejects) reject(error);
    this.#rejects.clear();
  }

  /**
   * The promise's value, unless the end comes first: then late gets the value that nobody waits
   * for. Nothing of a wait stays behind, as it would with Promise.race, which keeps every value
   * for as long as the longer promise is open.
   *
   * @template T
   * @param {Promise<T>} promise
   * @param {(value: T) => void} [late]
   * @returns {Promise<T>}
   */
  wait(promise, late) {
    return new Promise((resolve, reject) => {
      if (this.#ended) reject(this.#error);
      else this.#rejects.add(reject);
      promise.then(
        (value) => {
          if (this.#rejects.delete(reject)) resolve(value);
          else late?.(value);
        },
        (error) => {
          this.#rejects.delete(reject);
          reject(error);
        },
      );
    });
  }
}

/** The promise's value, unless the signal comes first: then late gets it. @template T
 * @param {Promise<T>} promise @param {AbortSignal} signal @param {(value: T) => void} [late]
 * @returns {Promise<T>} */
export function raced(promise, signal, late) {
  const ending = new Ending();
  if (signal.aborted) ending.end(signal.reason);
  signal.addEventListener('abort', () => ending.end(signal.reason), { once: true });
  return ending.wait(promise, late);
}
