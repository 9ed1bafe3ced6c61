// SPDX-License-Identifier: MIT
// @ts-check
// The engine that <liveness-check> loads for itself: at the first attempt or before it, and kept
// for the next one.

import { loadLiveness } from './index.js';

/** @typedef {import('../check/liveness.js').Liveness} Liveness */

/** Module, model, detector. */
const FILES = 3;

export class ElementEngine {
  #wishes;
  #onProgress;
  /** @type {{controller: AbortController, loading: Promise<Liveness>, loaded: boolean} | null} */
  #current = null;
  /** It was loaded by other wishes than those of now. */
  #stale = false;

  /**
   * @param {() => import('./index.js').LoadOptions} wishes
   * @param {(part: number) => void} onProgress  0 .. 1 of the download
   */
  constructor(wishes, onProgress) {
    this.#wishes = wishes;
    this.#onProgress = onProgress;
  }

  /** The engine by the wishes of now. @returns {Promise<Liveness>} */
  load() {
    if (this.#stale) this.close();
    this.#current ??= this.#start();
    return this.#current.loading;
  }

  /** The next one is to be loaded anew. */
  change() {
    this.#stale = true;
  }

  /** Gives up a download. */
  abandon() {
    if (!this.#current?.loaded) this.close();
  }

  close() {
    const current = this.#current;
    this.#current = null;
    this.#stale = false;
    current?.controller.abort();
    current?.loading.then(
      (liveness) => liveness.close(),
      () => {},
    );
  }

  #start() {
    const controller = new AbortController();
    const { onProgress, ...wishes } = this.#wishes();
    /** @type {Map<string, import('./index.js').Progress>} */
    const files = new Map();
    const loading = loadLiveness({
      ...wishes,
      signal: controller.signal,
      onProgress: (progress) => {
        files.set(progress.file, progress);
        // Of much the same size, and not all are heard of at once.
        const parts = [...files.values()].map(({ loaded, total }) =>
          total ? Math.min(1, loaded / total) : 0,
        );
        this.#onProgress(parts.reduce((sum, part) => sum + part, 0) / FILES);
        onProgress?.(progress);
      },
    });
    const current = { controller, loading, loaded: false };
    loading.then(
      () => {
        current.loaded = true;
      },
      () => {
        if (this.#current === current) this.#current = null; // the next attempt tries again
      },
    );
    return current;
  }
}
