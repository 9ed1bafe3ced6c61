// SPDX-License-Identifier: MIT
// @ts-check
// A camera as a stream of frames that cannot leak: each frame is handed out or closed here, and the
// light goes off on every way out.
//
//     const camera = await openCamera({ video });
//     try {
//       for await (const frame of camera.frames()) { ...; frame.close(); }
//     } finally {
//       await camera.close();
//     }

import { LivenessError } from '../engine/errors.js';
import { closeFrame } from '../engine/raw-frame.js';
import { DISPOSE } from '../check/ending.js';
import { describe, INFRARED, isListed, listCameras, VIRTUAL } from './camera-devices.js';
import {
  avoidInfrared,
  checkObstacle,
  checkSize,
  openBeside,
  openFirst,
  patience,
  stopStream,
} from './camera-open.js';
import { readCameraOptions, readDeviceId } from './camera-options.js';
import { captureWay } from './camera-support.js';
import { hiddenVideo, makeContext, readCanvas, readTrack, readVideo } from './camera-ways.js';
import { Newest } from './newest-frame.js';

export { listCameras };

/**
 * @typedef {import('./camera.js').Camera} CameraType
 * @typedef {import('./camera-open.js').Opened} Opened
 * @typedef {import('./camera-options.js').Options} Options
 * @typedef {import('./camera-ways.js').Sink} Sink
 */

const JUMP_MS = 2000;
const TICK_MS = 250;
/** Without a frame for this long a camera is frozen. Ticks and not milliseconds: a page that was
 * busy or asleep for long has missed ticks as well as frames. */
const FROZEN_TICKS = 8;
/** And for the first one after a start, which some cameras take seconds for. */
const FIRST_TICKS = 24;
const NO_INTERVALS = { count: 0, least: Infinity, most: 0 };
const EVEN_FRAMES = 30;
const EVEN_US = 2; // the spread that rounding a constant interval to microseconds makes

/** @type {typeof import('./camera.js').openCamera} */
export async function openCamera(given) {
  const options = readCameraOptions(given);
  checkObstacle();
  if (captureWay() === 'canvas') makeContext(); // nobody is asked in vain
  const until = patience(options);
  let opened;
  try {
    opened = await openFirst(options, until.signal);
    opened = await avoidInfrared(opened, options, until.signal);
    if (until.signal.aborted) throw until.signal.reason;
    checkSize(opened);
    return /** @type {any} */ (new Camera(opened, options));
  } catch (error) {
    stopStream(opened?.stream);
    throw error;
  } finally {
    until.end();
  }
}

/** CameraType; what openCamera() gives. */
class Camera extends EventTarget {
  #options;
  /** @type {Opened} */ #opened;
  /** @type {HTMLVideoElement | null} */ #video;
  /** @type {HTMLVideoElement | null} */ #hidden = null;
  /** @type {CameraType['capture']} */ #capture = captureWay();
  #counts = { dropped: 0, delivered: 0 };
  /** Of the page, for as long as the camera is open. */
  #listeners = new AbortController();
  /** Of the track. */
  #trackListeners = new AbortController();
  /** @type {ReturnType<typeof patience> | null} */ #switching = null;
  /** Set when it is over; error: why, if not by close(). @type {{error: unknown} | null} */
  #over = null;
  /** @type {CameraType['paused']} */ #paused = null;

  // While there is a reader.
  /** @type {Newest | null} */ #newest = null;
  /** @type {(() => void) | null} */ #stopSource = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #watchdog;
  #quietTicks = 0;
  /** The frame before, unless what comes starts anew. @type {{time: number, wall: number,
   * shape: string} | null} */
  #last = null;
  #intervals = NO_INTERVALS;
  /** @type {boolean | null} */ #even = null;

  /** @param {Opened} opened @param {Options} options */
  constructor(opened, options) {
    super();
    this.#opened = opened;
    this.#options = options;
    if (!options.video && this.#capture !== 'track_processor') this.#hidden = hiddenVideo();
    this.#video = options.video ?? this.#hidden;
    this.#follow();
    const { signal } = this.#listeners;
    const close = () => {
      this.close();
    };
    document.addEventListener('visibilitychange', () => this.#updatePause(), { signal });
    const look = () => this.#lookForDevice();
    navigator.mediaDevices.addEventListener('devicechange', look, { signal });
    addEventListener('pagehide', close, { signal });
    options.signal?.addEventListener('abort', close, { signal });
  }

  get stream() {
    return this.#opened.stream;
  }

  get track() {
    return this.#opened.track;
  }

  get device() {
    return this.#opened.device;
  }

  get capture() {
    return this.#capture;
  }

  get paused() {
    return this.#paused;
  }

  get dropped() {
    return this.#counts.dropped;
  }

  get delivered() {
    return this.#counts.delivered;
  }

  get signals() {
    const {
      device: { label },
      unlisted,
    } = this.#opened;
    return {
      virtualLabel: VIRTUAL.test(label),
      infraredLabel: INFRARED.test(label),
      unlisted,
      constantTimestamps: this.#even,
    };
  }

  /** @type {CameraType['frames']} */
  frames() {
    /** @type {Newest | null} */ let newest = null;
    let returned = false;
    /** @type {ReturnType<CameraType['frames']>} */
    const iterator = {
      next: async () => {
        if (!newest && !returned) newest = this.#start();
        return newest ? newest.next() : { done: true, value: undefined };
      },
      return: async () => {
        returned = true;
        if (newest && newest === this.#newest) this.#stop(null);
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** @type {CameraType['switchTo']} */
  async switchTo(deviceId) {
    readDeviceId(deviceId);
    if (this.#over) throw new LivenessError('API_CLOSED', 'the camera is closed');
    if (this.#switching) throw new LivenessError('API_BUSY', 'the camera is being switched');
    const until = (this.#switching = patience(this.#options));
    const old = this.#opened;
    let opened;
    try {
      opened = await openBeside(old, { ...this.#options, deviceId }, until.signal);
      if (until.signal.aborted) throw until.signal.reason;
      checkSize(opened);
      this.#replace(opened);
    } catch (error) {
      stopStream(opened?.stream);
      const gone =
        error instanceof LivenessError && error.code === 'CAMERA_UNSUPPORTED'
          ? new LivenessError('CAMERA_NONE', 'no such camera', { cause: error.cause })
          : error;
      if (old.track.readyState === 'ended') this.#shut(gone);
      throw gone;
    } finally {
      until.end();
      this.#switching = null;
    }
  }

  /** @type {CameraType['close']} */
  async close() {
    this.#shut(null);
  }

  async [DISPOSE]() {
    await this.close();
  }

  /** @param {Opened} opened */
  #replace(opened) {
    stopStream(this.#opened.stream);
    this.#opened = opened;
    this.#even = null;
    this.#follow();
    if (this.#newest) {
      this.#stopSource?.();
      this.#startSource();
    }
    this.#restart();
  }

  /** The track's events, and its picture. */
  #follow() {
    const { stream, track } = this.#opened;
    this.#trackListeners.abort();
    this.#trackListeners = new AbortController();
    const { signal } = this.#trackListeners;
    for (const type of ['mute', 'unmute']) {
      track.addEventListener(type, () => this.#updatePause(), { signal });
    }
    track.addEventListener('ended', () => this.#lose(), { signal });
    this.#updatePause();
    const video = this.#video;
    if (!video) return;
    video.muted = true; // what has sound may not start by itself
    video.playsInline = true;
    video.srcObject = stream;
    this.#play();
  }

  /** Unplugged: some browsers tell it by the list of devices alone. */
  async #lookForDevice() {
    const { device, unlisted, track } = this.#opened;
    const gone = !unlisted && !(await isListed(device.deviceId));
    if (gone && track === this.#opened.track) this.#lose();
  }

  #lose() {
    if (!this.#switching) this.#shut(new LivenessError('CAMERA_LOST', 'the camera is gone'));
  }

  /** An element that does not play gives no frames, which is noticed. */
  #play() {
    this.#video?.play().catch(() => {});
  }

  #updatePause() {
    const reason =
      document.visibilityState === 'hidden'
        ? 'page_hidden'
        : this.#opened.track.muted
          ? 'camera_muted'
          : null;
    if (reason === this.#paused) return;
    this.#paused = reason;
    this.#quietTicks = 0;
    this.#last = null;
    this.#intervals = NO_INTERVALS;
    this.#newest?.clear();
    if (!reason) this.#play(); // some stop it themselves
    this.dispatchEvent(reason ? new CustomEvent('pause', { detail: reason }) : new Event('resume'));
  }

  #start() {
    if (this.#newest) throw new LivenessError('API_BUSY', 'frames() has a reader already');
    const newest = new Newest(this.#counts);
    if (this.#over) {
      newest.end(this.#over.error);
      return newest;
    }
    this.#newest = newest;
    this.#watchdog = setInterval(() => this.#tick(), TICK_MS);
    this.#startSource();
    return newest;
  }

  #startSource() {
    const camera = this;
    this.#quietTicks = 0;
    this.#last = null;
    /** @type {Sink} */
    const sink = {
      see: (time, timed, shape) => this.#see(time, timed, shape),
      get wanted() {
        return !!camera.#newest?.wanted;
      },
      put: (frame) => {
        if (this.#newest) this.#newest.put(frame);
        else closeFrame(frame); // a listener to "restart" has closed the camera
      },
      skip: () => {
        this.#counts.dropped++;
      },
    };
    if (this.#capture === 'track_processor') {
      this.#stopSource = readTrack(this.#opened.track, sink);
      return;
    }
    const read = this.#capture === 'video_frame' ? readVideo : readCanvas;
    this.#stopSource = read(/** @type {HTMLVideoElement} */ (this.#video), sink);
  }

  /** A picture has come: is it a new one, and wanted now?
   * @param {number} time  microseconds @param {boolean} timed @param {string} shape */
  #see(time, timed, shape) {
    this.#quietTicks = 0;
    if (this.#paused !== null) return false;
    const wall = Date.now(); // other clocks stand still while the machine sleeps
    const last = this.#last;
    const step = last ? time - last.time : 0;
    const jump = last && Math.max(Math.abs(step) / 1000, Math.abs(wall - last.wall)) > JUMP_MS;
    if (last && !jump && step <= 0) return false; // the same picture again
    this.#last = { time, wall, shape };
    if (!last) return true;
    if (jump || shape !== last.shape) this.#restart();
    else if (timed) this.#measure(step);
    return true;
  }

  /** What comes is no part of the stream before. */
  #restart() {
    this.#newest?.clear();
    this.#intervals = NO_INTERVALS;
    this.dispatchEvent(new Event('restart'));
  }

  /** @param {number} interval */
  #measure(interval) {
    const { count, least, most } = this.#intervals;
    const now = (this.#intervals = {
      count: count + 1,
      least: Math.min(least, interval),
      most: Math.max(most, interval),
    });
    if (now.count < EVEN_FRAMES) return;
    this.#even = now.most - now.least <= EVEN_US;
    this.#intervals = NO_INTERVALS;
  }

  #tick() {
    const { track, device } = this.#opened;
    if (this.#switching) return;
    // A page that stops the track itself gets no 'ended': it has closed the camera.
    if (track.readyState === 'ended') {
      this.#shut(null);
      return;
    }
    const { deviceId = '', facingMode } = track.getSettings();
    if (deviceId !== device.deviceId) {
      this.#opened = {
        ...this.#opened,
        device: describe({ deviceId, label: track.label }, facingMode),
      };
      this.#last = null;
      this.#restart();
    }
    // A frame that waits for a slow reader may be all that the camera has.
    if (this.#newest?.waiting) {
      this.#quietTicks = 0;
      return;
    }
    const most = this.#last ? FROZEN_TICKS : FIRST_TICKS;
    if (this.#paused === null && ++this.#quietTicks >= most) {
      const ms = most * TICK_MS;
      this.#shut(
        new LivenessError(
          'CAMERA_FROZEN',
          `no frame for ${ms} ms; two that nobody closes stop a camera, too`,
        ),
      );
    }
  }

  /** Ends the reader. @param {unknown} error */
  #stop(error) {
    clearInterval(this.#watchdog);
    this.#stopSource?.();
    this.#stopSource = null;
    this.#newest?.end(error);
    this.#newest = null;
  }

  /** @param {unknown} error  null: by close() */
  #shut(error) {
    if (this.#over) return;
    this.#over = { error };
    stopStream(this.#opened.stream);
    this.#switching?.giveUp('API_CLOSED', 'the camera was closed');
    this.#listeners.abort();
    this.#trackListeners.abort();
    this.#stop(error);
    const video = this.#video;
    if (video && video.srcObject === this.#opened.stream) video.srcObject = null;
    this.#hidden?.remove();
    if (error) this.dispatchEvent(new CustomEvent('lost', { detail: error }));
  }
}
