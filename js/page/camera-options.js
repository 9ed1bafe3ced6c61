// SPDX-License-Identifier: MIT
// @ts-check
// What a page may wish of its camera.

import { badArgument, show } from '../engine/errors.js';
import { checkSignal, readChoice, readMs, readNumber, readOptions } from '../engine/options.js';

/**
 * @typedef {{
 *   deviceId?: string, facingMode: 'user' | 'environment', width: number, height: number,
 *   video?: HTMLVideoElement, promptTimeoutMs: number, signal?: AbortSignal,
 * }} Options
 */

const SIZE = { width: 1280, height: 720 };
const FACING = /** @type {const} */ (['user', 'environment']);
const PROMPT_MS = 60_000;

/** @param {unknown} given @returns {Options} */
export function readCameraOptions(given) {
  const wish = readOptions(
    given,
    {
      deviceId: undefined,
      facingMode: 'user',
      width: SIZE.width,
      height: SIZE.height,
      video: undefined,
      promptTimeoutMs: PROMPT_MS,
      signal: undefined,
    },
    'openCamera',
  );
  return {
    facingMode: readChoice(wish.facingMode, 'facingMode', FACING),
    // An empty id, as that of a camera that nobody has allowed yet, is none.
    deviceId: wish.deviceId === undefined ? undefined : readDeviceId(wish.deviceId) || undefined,
    video: readVideoElement(wish.video),
    signal: checkSignal(wish.signal, 'before the camera was asked for'),
    width: readNumber(wish.width, 'width', 1, 1e5),
    height: readNumber(wish.height, 'height', 1, 1e5),
    promptTimeoutMs: readMs(wish.promptTimeoutMs, 'promptTimeoutMs'),
  };
}

/** @param {unknown} deviceId @returns {string} */
export function readDeviceId(deviceId) {
  if (typeof deviceId === 'string') return deviceId;
  throw badArgument(`deviceId is ${show(deviceId)}, not a string`);
}

/** @param {unknown} video @returns {HTMLVideoElement | undefined} */
function readVideoElement(video) {
  if (video === undefined) return undefined;
  if (globalThis.HTMLVideoElement && video instanceof HTMLVideoElement) return video;
  throw badArgument(`openCamera: video is ${show(video)}, not a video element`);
}
