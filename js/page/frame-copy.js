// SPDX-License-Identifier: MIT
// @ts-check
// Frames of bytes on their way to the worker.

import { copyFrame } from '../engine/raw-frame.js';

/** @param {ImageData} picture @param {number} timestamp */
const asFrame = ({ data, width, height }, timestamp) => ({
  data,
  width,
  height,
  format: 'RGBA',
  timestamp,
});

/**
 * @param {any} frame  ImageData or a RawFrame
 * @param {number} arrived  in microseconds: the time of ImageData
 * @returns {[any, Transferable[]]}  the copy that is sent, and what of it moves there
 */
export function copyBytes(frame, arrived) {
  const isPicture = globalThis.ImageData && frame instanceof ImageData;
  const raw = isPicture ? asFrame(frame, arrived) : frame;
  const copy = /** @type {any} */ (copyFrame(raw));
  return [copy, copy?.data instanceof Uint8Array ? [copy.data.buffer] : []];
}
