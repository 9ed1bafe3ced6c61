// SPDX-License-Identifier: MIT
// @ts-check
// A limit on how long nothing may come.

/** Ticks and not one timeout: after a sleep, or a stop of the process, a timeout is over before
 * what it waits for has had a millisecond; of ticks a sleep costs one. */
const TICKS = 20;

export class Watchdog {
  /** @type {Set<{quiet: number}>} */ #waits = new Set();

  /** @param {number} ms */
  constructor(ms) {
    this.ms = ms;
  }

  /** A sign of life for all that wait now: their limits begin anew. */
  touch() {
    for (const wait of this.#waits) wait.quiet = 0;
  }

  /** Calls late after ms without a sign, until what it returns is called.
   * @param {() => void} late */
  watch(late) {
    const wait = { quiet: 0 };
    const timer = setInterval(() => {
      if (++wait.quiet > TICKS) late(); // the first tick after a sign may come at once
    }, this.ms / TICKS);
    this.#waits.add(wait);
    return () => {
      clearInterval(timer);
      this.#waits.delete(wait);
    };
  }
}
