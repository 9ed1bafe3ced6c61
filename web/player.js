// SPDX-License-Identifier: MIT
// When the next frame of a recorded clip may go: play, pause, one step, as recorded or at once.

const LATE_MS = 100; // an engine that is slower than the clip is not made to race after it

export class Player extends EventTarget {
  #playing = false;
  #steps = 0;
  /** @type {'recorded' | 'fast'} */ #pace = 'recorded';
  /** Wall time of the clip's zero, or null: the next frame sets it. @type {number | null} */
  #origin = null;
  #wake = () => {};

  get playing() {
    return this.#playing;
  }

  get pace() {
    return this.#pace;
  }

  set pace(pace) {
    this.#pace = pace;
    this.#change();
  }

  play() {
    this.#playing = true;
    this.#steps = 0;
    this.#change();
  }

  pause() {
    this.#playing = false;
    this.#steps = 0;
    this.#change();
  }

  /** One more frame; pauses first. */
  step() {
    this.#playing = false;
    this.#steps++;
    this.#change();
  }

  /**
   * Resolves when the frame of this time may go.
   *
   * @param {number} timestamp  in microseconds
   * @param {AbortSignal} signal
   */
  async turn(timestamp, signal) {
    for (;;) {
      signal.throwIfAborted();
      if (this.#steps > 0) {
        this.#steps--;
        return;
      }
      if (!this.#playing) {
        await this.#sleep(Infinity, signal);
        continue;
      }
      if (this.#pace === 'fast') return;
      const now = performance.now();
      const time = timestamp / 1000;
      this.#origin ??= now - time;
      const wait = this.#origin + time - now;
      if (wait < -LATE_MS) this.#origin = now - time;
      if (wait <= 0) return;
      await this.#sleep(wait, signal);
    }
  }

  #change() {
    this.#origin = null;
    this.#wake();
    this.dispatchEvent(new Event('change'));
  }

  /** Until then, until something changes, or until the signal. */
  #sleep(ms, signal) {
    return new Promise((resolve) => {
      const timer = ms < Infinity ? setTimeout(done, ms) : undefined;
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve(undefined);
      }
    });
  }
}
