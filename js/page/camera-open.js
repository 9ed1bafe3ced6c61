// SPDX-License-Identifier: MIT
// @ts-check
// From the wish for a camera to a running one: the question to the person, wishes that no camera
// fits, cameras that are no use, and an error of ours for whatever goes wrong.

import { LivenessError } from '../engine/errors.js';
import { raced } from '../check/ending.js';
import { describe, listCameras } from './camera-devices.js';
import { cameraObstacle, cameraPermission } from './camera-support.js';

/**
 * @typedef {import('./camera.js').CameraDevice} CameraDevice
 * @typedef {import('./camera-options.js').Options} Options
 * @typedef {{
 *   stream: MediaStream, track: MediaStreamTrack, device: CameraDevice, unlisted: boolean,
 * }} Opened
 */

const MIN_SIZE = [240, 320]; // either way up
const FRAME_RATE = 30;

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

/** Throws why no camera can be asked for on this page. */
export function checkObstacle() {
  const obstacle = cameraObstacle();
  if (obstacle) throw new LivenessError(...OBSTACLES[obstacle]);
}

/** What getUserMedia threw, as ours. @param {any} error */
async function cameraError(error) {
  if (error?.name === 'NotAllowedError' && /dismiss/i.test(error.message)) {
    return new LivenessError('CAMERA_TIMEOUT', 'the question was dismissed', { cause: error });
  }
  const [code, detail] = FAILURES[error?.name] ?? ['CAMERA_UNSUPPORTED', String(error)];
  // A no that the browser does not keep: it will ask again.
  const kept = code !== 'CAMERA_DENIED' || (await cameraPermission()) !== 'prompt';
  return new LivenessError(code, detail, { cause: error, retryable: kept ? undefined : true });
}

/** @param {MediaStream | undefined} stream */
export const stopStream = (stream) => stream?.getTracks().forEach((track) => track.stop());

/** A signal whose reason is the LivenessError to throw, for as long as a camera may take to open.
 * @param {Options} options */
export function patience({ promptTimeoutMs, signal }) {
  const controller = new AbortController();
  /** @param {string} code @param {string} detail @param {unknown} [cause] */
  const giveUp = (code, detail, cause) =>
    controller.abort(new LivenessError(code, detail, { cause }));
  const timer = setTimeout(
    () => giveUp('CAMERA_TIMEOUT', `no answer in ${promptTimeoutMs} ms`),
    promptTimeoutMs,
  );
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
async function ask(video, until) {
  if (until.aborted) throw until.reason;
  const call = async () => navigator.mediaDevices.getUserMedia({ audio: false, video });
  const asked = call().catch(async (error) => {
    throw await cameraError(error);
  });
  return raced(asked, until, stopStream);
}

/** @param {Options} options @returns {MediaTrackConstraints} */
function constraints({ deviceId, facingMode, width, height }) {
  return {
    ...(deviceId === undefined
      ? { facingMode: { ideal: facingMode } }
      : { deviceId: { exact: deviceId } }),
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: FRAME_RATE },
    // A picture that the browser has scaled is none of the sensor's.
    .../** @type {{}} */ ({ resizeMode: { ideal: 'none' } }),
  };
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
    // A page that is not in view waits for the list.
    const listed = (await raced(listCameras(), until)).find((each) => each.deviceId === deviceId);
    const device = describe({ deviceId, label: track.label }, facingMode ?? listed?.facing);
    return { stream, track, device, unlisted: !listed };
  } catch (error) {
    stopStream(stream);
    const unfit =
      error instanceof LivenessError &&
      (error.code === 'CAMERA_UNSUPPORTED' ||
        (error.code === 'CAMERA_NONE' && wish !== true && wish.deviceId !== undefined));
    if (unfit && looser.length > 0) return open(looser, until);
    throw error;
  }
}

/** @param {Options} options @param {AbortSignal} until */
export function openFirst(options, until) {
  const byDevice = options.deviceId === undefined ? [] : [constraints(options)];
  return open([...byDevice, constraints({ ...options, deviceId: undefined }), true], until);
}

/** Another camera, before the old one is stopped where that is possible: phones run one at a time.
 * @param {Opened} old @param {Options} options @param {AbortSignal} until */
export async function openBeside(old, options, until) {
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
export async function avoidInfrared(first, options, until) {
  const { device } = first;
  if (device.suspect !== 'infrared' || device.deviceId === options.deviceId) return first;
  const other = (await raced(listCameras(), until)).find(
    ({ deviceId, facing, suspect }) =>
      suspect === null &&
      deviceId !== device.deviceId &&
      (facing === 'unknown' || facing === options.facingMode),
  );
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
export function checkSize({ track }) {
  const { width, height } = track.getSettings();
  if (!width || !height) return;
  const sides = [width, height].sort((a, b) => a - b);
  if (sides.every((side, i) => side >= MIN_SIZE[i])) return;
  throw new LivenessError('CAMERA_BELOW_MINIMUM', `${width}x${height} is less than 320x240`);
}
