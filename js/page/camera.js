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
//
// A camera stalls, and its picture in the page with it, while two of its frames are open
// (Chromium). So none waits here while the reader still has one.

import {
  badArgument, checkSignal, LivenessError, readChoice, readNumber, readOptions, show,
} from '../engine/errors.js';
import { closeFrame } from '../engine/raw-frame.js';
import { cameraObstacle, captureWay } from './camera-support.js';

/**
 * @typedef {import('./camera.js').Camera} CameraType
 * @typedef {import('./camera.js').CameraDevice} CameraDevice
 * @typedef {CameraType['capture']} Capture
 * @typedef {VideoFrame | import('../engine/engine.js').RawFrame} Frame
 * @typedef {{
 *   stream: MediaStream, track: MediaStreamTrack, device: CameraDevice, unlisted: boolean,
 * }} Opened
 * @typedef {{
 *   deviceId?: string, facingMode: 'user' | 'environment', width: number, height: number,
 *   video?: HTMLVideoElement, promptTimeoutMs: number, signal?: AbortSignal,
 * }} Options
 * @typedef {{
 *   see(time: number, timed: boolean, shape: string): boolean,
 *   readonly wanted: boolean,
 *   put(frame: Frame): void,
 *   skip(): void,
 * }} Sink  see: is a picture of this time new? timed: its time is the sensor's; wanted: somebody
 *   waits for a frame
 */

const SIZE = { width: 1280, height: 720 };
const MIN_SIZE = [240, 320]; // either way up
const FRAME_RATE = 30;
const FACING = /** @type {const} */ (['user', 'environment']);
const PROMPT_MS = 60_000;
const JUMP_MS = 2000;
const TICK_MS = 250;
/** Without a frame for this long a camera is frozen. Ticks and not milliseconds: a page that was
 * busy or asleep for long has missed ticks as well as frames. */
const FROZEN_TICKS = 8;
const NO_INTERVALS = { count: 0, least: Infinity, most: 0 };
const EVEN_FRAMES = 30;
const EVEN_US = 2; // the spread that rounding a constant interval to microseconds makes

const VIRTUAL = new RegExp('virtual|\\bOBS\\b|manycam|snap ?camera|xsplit|v4l2|loopback|dummy|' +
  'droidcam|epoccam|iriun|ivcam|mmhmm|\\bcamo\\b|vcam|splitcam|youcam|webcamoid|fake', 'i');
const INFRARED = /infrared|\bIR\b/i;
const FRONT = /\bfront|facetime|\buser\b|selfie/i;
const BACK = /\b(back|rear)\b|environment/i;

/** @type {Record<string, [code: string, detail: string]>} */
const FAILURES = {
  NotAllowedError: ['CAMERA_DENIED', 'the person or the system does not allow the camera'],
  SecurityError: ['CAMERA_POLICY', 'this page may not use the camera'],
  NotFoundError: ['CAMERA_NONE', 'no camera found'],
  NotReadableError: ['CAMERA_IN_USE', 'the camera cannot be read; another app may be using it'],
  AbortError: ['CAMERA_IN_USE', 'the camera could not be started'],
  OverconstrainedError: ['CAMERA_UNSUPPORTED', 'no camera fits the constraints'],
};
/** @type {Record<string, [code: string, detail: string]>} */
const OBSTACLES = {
  secureContext: ['CAMERA_INSECURE_CONTEXT', 'cameras need https or localhost'],
  getUserMedia: ['CAMERA_UNSUPPORTED', 'no getUserMedia here'],
  cameraPolicy: ['CAMERA_POLICY', 'Permissions-Policy or a frame without "allow" forbids it'],
};

/** What getUserMedia threw, as ours. @param {any} error */
function cameraError(error) {
  if (error?.name === 'NotAllowedError' && /dismiss/i.test(error.message)) {
    return new LivenessError('CAMERA_TIMEOUT', 'the question was dismissed', { cause: error });
  }
  const [code, detail] = FAILURES[error?.name] ?? ['CAMERA_UNSUPPORTED', String(error)];
  return new LivenessError(code, detail, { cause: error });
}

/** @param {MediaStream | undefined} stream */
const stopStream = (stream) => stream?.getTracks().forEach((track) => track.stop());

/** Neither closed nor sent to a worker. @param {any} frame */
const isOpen = (frame) => typeof frame?.close === 'function' && frame.format !== null;

/** A signal whose reason is the LivenessError to throw, for as long as a camera may take to open.
 * @param {Options} options */
function patience({ promptTimeoutMs, signal }) {
  const controller = new AbortController();
  /** @param {string} code @param {string} detail @param {unknown} [cause] */
  const giveUp = (code, detail, cause) => (
    controller.abort(new LivenessError(code, detail, { cause })));
  const timer = setTimeout(
    () => giveUp('CAMERA_TIMEOUT', `no answer in ${promptTimeoutMs} ms`), promptTimeoutMs);
  const abort = () => giveUp('API_ABORTED', 'by the signal', signal?.reason);
  const leave = () => giveUp('API_ABORTED', 'the page was left');
  signal?.addEventListener('abort', abort);
  addEventListener('pagehide', leave);
  return {
    signal: controller.signal,
    giveUp,
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      removeEventListener('pagehide', leave);
    },
  };
}

/** getUserMedia that can be given up: nothing takes the question back, so a stream that comes later
 * is stopped at once.
 * @param {MediaTrackConstraints | true} video @param {AbortSignal} until
 * @returns {Promise<MediaStream>} */
function ask(video, until) {
  return new Promise((resolve, reject) => {
    if (until.aborted) throw until.reason;
    until.addEventListener('abort', () => reject(until.reason), { once: true });
    const call = async () => navigator.mediaDevices.getUserMedia({ audio: false, video });
    call().then((stream) => {
      if (until.aborted) stopStream(stream);
      else resolve(stream);
    }, (error) => reject(cameraError(error)));
  });
}

/** @param {Options} options @returns {MediaTrackConstraints} */
function constraints({ deviceId, facingMode, width, height }) {
  return {
    ...(deviceId === undefined
      ? { facingMode: { ideal: facingMode } } : { deviceId: { exact: deviceId } }),
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: FRAME_RATE },
    // A picture that the browser has scaled is none of the sensor's.
    .../** @type {{}} */ ({ resizeMode: { ideal: 'none' } }),
  };
}

/** @param {{deviceId: string, label: string}} device @param {string | undefined} facingMode
 * @returns {CameraDevice} */
function describe({ deviceId, label }, facingMode) {
  const byLabel = FRONT.test(label) ? 'user' : BACK.test(label) ? 'environment' : 'unknown';
  const known = facingMode === 'user' || facingMode === 'environment';
  const suspect = INFRARED.test(label) ? 'infrared' : VIRTUAL.test(label) ? 'virtual' : null;
  return Object.freeze({ deviceId, label, facing: known ? facingMode : byLabel, suspect });
}

/** @type {typeof import('./camera.js').listCameras} */
export async function listCameras() {
  // Missing in Node and on insecure pages; may be refused to a frame.
  const list = globalThis.navigator?.mediaDevices?.enumerateDevices().catch(() => []);
  return (await list ?? []).filter(({ kind }) => kind === 'videoinput').map((device) => {
    const { facingMode } = /** @type {any} */ (device).getCapabilities?.() ?? {};
    return describe(device, facingMode?.[0]);
  });
}

/** The first of the wishes that a camera fits; only a wish that none fits leads to the next.
 * @param {(MediaTrackConstraints | true)[]} wishes @param {AbortSignal} until
 * @returns {Promise<Opened>} */
async function open([wish, ...looser], until) {
  let stream;
  try {
    stream = await ask(wish, until);
    const [track] = stream.getVideoTracks();
    const { deviceId = '', facingMode } = track.getSettings();
    const listed = (await listCameras()).find((each) => each.deviceId === deviceId);
    if (until.aborted) throw until.reason;
    const device = describe({ deviceId, label: track.label }, facingMode ?? listed?.facing);
    return { stream, track, device, unlisted: !listed };
  } catch (error) {
    stopStream(stream);
    const unfit = error instanceof LivenessError &&
      (error.code === 'CAMERA_UNSUPPORTED' ||
        (error.code === 'CAMERA_NONE' && wish !== true && wish.deviceId !== undefined));
    if (unfit && looser.length > 0) return open(looser, until);
    throw error;
  }
}

/** @param {Options} options @param {AbortSignal} until */
function openFirst(options, until) {
  const byDevice = options.deviceId === undefined ? [] : [constraints(options)];
  return open([...byDevice, constraints({ ...options, deviceId: undefined }), true], until);
}

/** Another camera, before the old one is stopped where that is possible: phones run one at a time.
 * @param {Opened} old @param {Options} options @param {AbortSignal} until */
async function openBeside(old, options, until) {
  try {
    return await open([constraints(options)], until);
  } catch (error) {
    if (!(error instanceof LivenessError) || error.code !== 'CAMERA_IN_USE') throw error;
  }
  stopStream(old.stream);
  return open([constraints(options)], until);
}

/** Browsers count an infrared camera (for logging in) as any other; it may be the default one.
 * @param {Opened} first @param {Options} options @param {AbortSignal} until */
async function avoidInfrared(first, options, until) {
  const { device } = first;
  if (device.suspect !== 'infrared' || device.deviceId === options.deviceId) return first;
  const other = (await listCameras()).find(({ deviceId, facing, suspect }) => (
    suspect === null && deviceId !== device.deviceId &&
    (facing === 'unknown' || facing === options.facingMode)));
  if (!other) return first;
  try {
    const second = await openBeside(first, { ...options, deviceId: other.deviceId }, until);
    stopStream(first.stream);
    return second;
  } catch (error) {
    if (until.aborted) throw error;
    return first.track.readyState === 'live' ? first : openFirst(options, until);
  }
}

/** @param {Opened} opened */
function checkSize({ track }) {
  const { width, height } = track.getSettings();
  if (!width || !height) return;
  const sides = [width, height].sort((a, b) => a - b);
  if (sides.every((side, i) => side >= MIN_SIZE[i])) return;
  throw new LivenessError('CAMERA_BELOW_MINIMUM', `${width}x${height} is less than 320x240`);
}

/** @param {unknown} given @returns {Options} */
function checkOptions(given) {
  const options = readOptions(given, {
    deviceId: /** @type {any} */ (undefined),
    facingMode: /** @type {unknown} */ ('user'),
    width: /** @type {unknown} */ (SIZE.width),
    height: /** @type {unknown} */ (SIZE.height),
    video: /** @type {any} */ (undefined),
    promptTimeoutMs: /** @type {unknown} */ (PROMPT_MS),
    signal: /** @type {AbortSignal | undefined} */ (undefined),
  }, 'openCamera');
  const { deviceId, width, height, video, promptTimeoutMs, signal } = options;
  const facingMode = readChoice(options.facingMode, 'facingMode', FACING);
  if (deviceId !== undefined) checkDeviceId(deviceId);
  if (video !== undefined && !(globalThis.HTMLVideoElement && video instanceof HTMLVideoElement)) {
    throw badArgument(`openCamera: video is ${show(video)}, not a video element`);
  }
  checkSignal(signal, 'before the camera was asked for');
  return {
    // An empty id, as that of a camera that nobody has allowed yet, is none.
    deviceId: deviceId || undefined,
    facingMode,
    width: readNumber(width, 'width', 1, 1e5),
    height: readNumber(height, 'height', 1, 1e5),
    video,
    promptTimeoutMs: readNumber(promptTimeoutMs, 'promptTimeoutMs', 1, 2 ** 31 - 1),
    signal,
  };
}

/** @param {unknown} deviceId */
function checkDeviceId(deviceId) {
  if (typeof deviceId === 'string') return;
  throw badArgument(`deviceId is ${show(deviceId)}, not a string`);
}

/** @type {typeof import('./camera.js').openCamera} */
export async function openCamera(given) {
  const options = checkOptions(given);
  const obstacle = cameraObstacle();
  if (obstacle) throw new LivenessError(...OBSTACLES[obstacle]);
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

/** Chromium: the track's own frames. @param {Opened} opened @param {Sink} sink */
function readTrack({ track }, sink) {
  const { MediaStreamTrackProcessor } = /** @type {any} */ (globalThis);
  /** @type {ReadableStreamDefaultReader<VideoFrame>} */
  const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable.getReader();
  let open = true;
  const pump = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (open && sink.see(value.timestamp, true, shapeOf(value))) sink.put(value);
      else value.close();
    }
  };
  pump().catch(() => {}); // the track's state tells what happened
  return () => {
    open = false;
    reader.cancel().catch(() => {});
  };
}

/** Calls look(time) for every new picture that the element shows.
 * @param {HTMLVideoElement} video @param {Sink} sink @param {(time: number) => void} look */
function watch(video, sink, look) {
  /** @param {number} ms @param {boolean} timed */
  const see = (ms, timed) => {
    const { videoWidth, videoHeight } = video;
    const time = Math.round(ms * 1000);
    if (videoWidth > 0 && sink.see(time, timed, `${videoWidth}x${videoHeight}`)) look(time);
  };
  let handle = 0;
  if ('requestVideoFrameCallback' in video) {
    /** @type {VideoFrameRequestCallback} */
    const step = (now, { captureTime }) => {
      handle = video.requestVideoFrameCallback(step);
      see(captureTime ?? now, captureTime !== undefined);
    };
    handle = video.requestVideoFrameCallback(step);
    return () => video.cancelVideoFrameCallback(handle);
  }
  /** @type {HTMLVideoElement} */
  const element = video;
  let shown = -1;
  /** @type {FrameRequestCallback} */
  const step = (now) => {
    handle = requestAnimationFrame(step);
    // Not currentTime, which goes on between the pictures of a stream.
    const { totalVideoFrames } = element.getVideoPlaybackQuality();
    if (totalVideoFrames === shown || element.readyState < element.HAVE_CURRENT_DATA) return;
    shown = totalVideoFrames;
    see(now, false);
  };
  handle = requestAnimationFrame(step);
  return () => cancelAnimationFrame(handle);
}

/** @param {HTMLVideoElement} video @param {Sink} sink */
function readVideo(video, sink) {
  return watch(video, sink, (timestamp) => {
    let frame;
    try {
      frame = new VideoFrame(video, { timestamp });
    } catch {
      return; // the element has just lost its stream
    }
    sink.put(frame);
  });
}

/** Reading a canvas back is slow: only for a reader who waits.
 * @param {HTMLVideoElement} video @param {Sink} sink */
function readCanvas(video, sink) {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return watch(video, sink, (timestamp) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!sink.wanted || !context) {
      sink.skip();
      return;
    }
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    sink.put({ data, width, height, format: 'RGBA', timestamp });
  });
}

/** A playing element that nobody sees; without a place in the page Safari shows it no frames. */
function hiddenVideo() {
  const video = document.createElement('video');
  video.setAttribute('aria-hidden', 'true');
  Object.assign(video.style, {
    position: 'fixed', left: '0', bottom: '0', width: '1px', height: '1px', opacity: '0',
    pointerEvents: 'none',
  });
  (document.body ?? document.documentElement).append(video);
  return video;
}

/** A change of this is another camera, or a phone that was turned. @param {VideoFrame} frame */
function shapeOf(frame) {
  const { displayWidth, displayHeight, rotation = 0, flip = false } = /** @type {any} */ (frame);
  return [displayWidth, displayHeight, rotation, flip].join();
}

/** The newest frame for one reader: one that nobody waits for is kept until the next comes. */
class Newest {
  /** @type {{resolve(step: IteratorResult<any>): void, reject(error: unknown): void}[]} */
  #takers = [];
  /** @type {Frame | null} */ #frame = null;
  /** @type {Frame | null} */ #given = null;
  /** @type {{error: unknown} | null} */ #end = null;
  #counts;

  /** @param {{dropped: number, delivered: number}} counts */
  constructor(counts) {
    this.#counts = counts;
  }

  get wanted() {
    return this.#takers.length > 0;
  }

  /** @param {Frame} frame */
  put(frame) {
    const taker = this.#takers.shift();
    if (taker) {
      this.#deliver(taker, frame);
      return;
    }
    if (this.#frame) this.#counts.dropped++;
    this.clear();
    if (isOpen(this.#given)) {
      this.#counts.dropped++;
      closeFrame(frame);
    } else {
      this.#frame = frame;
    }
  }

  clear() {
    closeFrame(this.#frame);
    this.#frame = null;
  }

  /** @returns {Promise<IteratorResult<any>>} */
  next() {
    return new Promise((resolve, reject) => {
      const taker = { resolve, reject };
      if (this.#frame) {
        this.#deliver(taker, this.#frame);
        this.#frame = null;
      } else if (this.#end) {
        settle(taker, this.#end.error);
        this.#end.error = null; // an iterator throws once
      } else {
        this.#takers.push(taker);
      }
    });
  }

  /** @param {unknown} error  null: without one */
  end(error) {
    this.clear();
    if (this.#end) return;
    this.#end = { error };
    for (const taker of this.#takers.splice(0)) {
      settle(taker, this.#end.error);
      this.#end.error = null;
    }
  }

  /** @param {{resolve(step: IteratorResult<any>): void}} taker @param {Frame} value */
  #deliver({ resolve }, value) {
    this.#counts.delivered++;
    this.#given = value;
    resolve({ done: false, value });
  }
}

/** @param {{resolve(step: IteratorResult<any>): void, reject(error: unknown): void}} taker
 * @param {unknown} error */
function settle({ resolve, reject }, error) {
  if (error) reject(error);
  else resolve({ done: true, value: undefined });
}

/** CameraType; what openCamera() gives. */
class Camera extends EventTarget {
  #options;
  /** @type {Opened} */ #opened;
  /** @type {HTMLVideoElement | null} */ #video;
  /** @type {HTMLVideoElement | null} */ #hidden = null;
  /** @type {Capture} */ #capture = captureWay();
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
    const close = () => { this.close(); };
    document.addEventListener('visibilitychange', () => this.#updatePause(), { signal });
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
    const { device: { label }, unlisted } = this.#opened;
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
    checkDeviceId(deviceId);
    if (this.#over) throw new LivenessError('API_CLOSED', 'the camera is closed');
    if (this.#switching) throw new LivenessError('API_BUSY', 'the camera is being switched');
    const until = this.#switching = patience(this.#options);
    const old = this.#opened;
    let opened;
    try {
      opened = await openBeside(old, { ...this.#options, deviceId }, until.signal);
      if (until.signal.aborted) throw until.signal.reason;
      checkSize(opened);
      this.#replace(opened);
    } catch (error) {
      stopStream(opened?.stream);
      const gone = error instanceof LivenessError && error.code === 'CAMERA_UNSUPPORTED'
        ? new LivenessError('CAMERA_NONE', 'no such camera', { cause: error.cause }) : error;
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

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
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
    track.addEventListener('ended', () => {
      if (!this.#switching) this.#shut(new LivenessError('CAMERA_LOST', 'the camera is gone'));
    }, { signal });
    this.#updatePause();
    const video = this.#video;
    if (!video) return;
    video.muted = true; // what has sound may not start by itself
    video.playsInline = true;
    video.srcObject = stream;
    this.#play();
  }

  /** An element that does not play gives no frames, which is noticed. */
  #play() {
    this.#video?.play().catch(() => {});
  }

  #updatePause() {
    const reason = document.visibilityState === 'hidden' ? 'page_hidden'
      : this.#opened.track.muted ? 'camera_muted' : null;
    if (reason === this.#paused) return;
    this.#paused = reason;
    this.#quietTicks = 0;
    this.#last = null;
    this.#intervals = NO_INTERVALS;
    this.#newest?.clear();
    if (!reason) this.#play(); // some stop it themselves
    this.dispatchEvent(
      reason ? new CustomEvent('pause', { detail: reason }) : new Event('resume'));
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
      skip: () => { this.#counts.dropped++; },
    };
    if (this.#capture === 'track_processor') {
      this.#stopSource = readTrack(this.#opened, sink);
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
    const now = this.#intervals = {
      count: count + 1, least: Math.min(least, interval), most: Math.max(most, interval),
    };
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
        ...this.#opened, device: describe({ deviceId, label: track.label }, facingMode),
      };
      this.#last = null;
      this.#restart();
    }
    if (this.#paused === null && ++this.#quietTicks >= FROZEN_TICKS) {
      const ms = FROZEN_TICKS * TICK_MS;
      this.#shut(new LivenessError(
        'CAMERA_FROZEN', `no frame for ${ms} ms; two that nobody closes stop a camera, too`));
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
