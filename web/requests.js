// SPDX-License-Identifier: MIT
// Counts what this page asks of any network, from a moment on.

/** The browser asks for it when it likes.
 * @type {HTMLLinkElement | null} */
const icon = document.querySelector('link[rel="icon"]');

export class RequestCounter {
  #since = Infinity;
  /** Addresses asked for since then. @type {string[]} */
  requests = [];

  /** @param {(requests: string[]) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    new PerformanceObserver((list) => {
      for (const { name, startTime } of list.getEntries()) {
        const counts = /^https?:/.test(name) && name !== icon?.href;
        if (counts && startTime >= this.#since) this.requests.push(name);
      }
      if (this.#since < Infinity) onChange(this.requests);
    }).observe({ type: 'resource' });
  }

  /** From now on. */
  restart() {
    this.#since = performance.now();
    this.requests = [];
    this.onChange(this.requests);
  }

  /** Not now: something is being loaded. */
  stop() {
    this.#since = Infinity;
  }
}
