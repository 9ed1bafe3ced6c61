// SPDX-License-Identifier: MIT
// @ts-check
// What a page may wish of its camera.

import {
  badArgument, checkSignal, readChoice, readNumber, readOptions, show,
} from '../engine/errors.js';

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
export function checkOptions(given) {
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
export function checkDeviceId(deviceId) {
  if (typeof deviceId === 'string') return;
  throw badArgument(`deviceId is ${show(deviceId)}, not a string`);
}
