// SPDX-License-Identifier: MIT
// The page's engine: one at a time, loaded anew when the settings have changed.

import { loadLiveness } from '/livedepth/index.js';
import { hideError, showError } from './banner.js';
import { $, setText } from './dom.js';
import { loadDemuxer, loadSample } from './sources.js';

/** @typedef {import('../js/check/liveness.js').Liveness} Liveness */

export class Engine {
  #settings;
  #counter;
  #show;
  /** Of the engine that is being loaded. @type {AbortController | null} */ #loading = null;
  /** @type {Liveness | null} */ liveness = null;
  /** Resolves when it is loaded, or cannot be. @type {Promise<void>} */ ready = Promise.resolve();

  /**
   * @param {import('./settings.js').Settings} settings
   * @param {import('./requests.js').RequestCounter} counter  counts once an engine is loaded
   * @param {(liveness: Liveness | null) => void} show
   */
  constructor(settings, counter, show) {
    this.#settings = settings;
    this.#counter = counter;
    this.#show = show;
  }

  /** Ends the one of before. @param {Promise<unknown>} [beside]  belongs to what is ready */
  load(beside) {
    this.ready = Promise.all([this.#load(), beside]).then(() => {});
    return this.ready;
  }

  /** Everything that a run may need is fetched here, so that nothing is asked for later. */
  async #load() {
    this.#loading?.abort();
    const own = new AbortController();
    this.#loading = own;
    hideError();
    this.#counter.stop();
    setText($('requests'), 'loading the engine');
    $('loading').hidden = false;
    setText($('loading'), 'Loading the engine');
    const old = this.liveness;
    this.liveness = null;
    this.#show(null);
    try {
      await old?.close();
      const loaded = {};
      const [liveness] = await Promise.all([
        loadLiveness({
          ...this.#settings.options,
          signal: own.signal,
          onProgress({ file, loaded: bytes, total }) {
            loaded[file] = total ? bytes / total : 0;
            const shares = ['wasm', 'model', 'detector'].map((each) => loaded[each] ?? 0);
            const percent = Math.round(Math.min(...shares) * 100);
            setText($('loading'), `Loading the engine, ${percent} %`);
          },
        }),
        loadDemuxer().catch(() => {}),
        loadSample().catch(() => {}), // whoever wants the clip is told then
      ]);
      if (own.signal.aborted) {
        await liveness.close();
        return;
      }
      this.liveness = liveness;
      this.#show(liveness);
      this.#counter.restart();
    } catch (error) {
      if (own.signal.aborted) return;
      setText($('requests'), 'the engine is not loaded');
      showError(error, () => this.load());
    } finally {
      if (this.#loading === own) $('loading').hidden = true;
    }
  }
}
