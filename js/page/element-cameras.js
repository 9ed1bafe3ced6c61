// SPDX-License-Identifier: MIT
// @ts-check
// The cameras of <liveness-check>: the one in use, and those to choose from.

import { listCameras, openCamera } from './camera.js';

export class ElementCameras {
  #video;
  #changed;
  /** By the person. @type {string | undefined} */ #chosen;
  #switching = false;
  /** Of the last attempt; it may be closed. @type {import('./camera.js').Camera | null} */
  current = null;
  /** As of the last attempt. @type {import('./camera.js').CameraDevice[]} */ all = [];

  /** @param {HTMLVideoElement} video @param {() => void} changed  called when there are others */
  constructor(video, changed) {
    this.#video = video;
    this.#changed = changed;
  }

  /** The one that the list shows: in use, or to be used next. */
  get shown() {
    const { device, track } = this.current ?? {};
    return track?.readyState === 'live' ? device?.deviceId : (this.#chosen ?? device?.deviceId);
  }

  /** @param {string | null} deviceId  unless the person has chosen one
   * @param {AbortSignal} signal  closes it, too */
  async open(deviceId, signal) {
    this.current = null;
    const wish = this.#chosen ?? deviceId ?? undefined;
    const camera = await openCamera({ deviceId: wish, video: this.#video, signal });
    signal.throwIfAborted();
    this.current = camera;
    this.#list();
    return camera;
  }

  /** Names are told once a camera was allowed. */
  async #list() {
    this.all = await listCameras();
    this.#changed();
  }

  /** Another one: at once if one is open, and for the attempts to come. @param {string} deviceId */
  async choose(deviceId) {
    this.#chosen = deviceId;
    if (this.#switching) return; // the choice under way goes on to this one
    this.#switching = true;
    /** @type {string | undefined} */ let tried;
    while (tried !== this.#chosen && this.current?.track.readyState === 'live') {
      tried = /** @type {string} */ (this.#chosen);
      // If that fails the old one goes on, or whoever reads it hears that it is lost.
      await this.current.switchTo(tried).catch(() => {});
    }
    this.#switching = false;
    this.#changed();
  }
}
