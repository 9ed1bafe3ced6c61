// SPDX-License-Identifier: MIT
// @ts-check
// Frames on their way to the worker: those that go there, and those of which a copy does.

import { LivenessError } from '../engine/errors.js';
import { copyFrame } from '../engine/raw-frame.js';

/** The class of a frame that itself goes to the worker, and can be drawn; else undefined.
 * @param {any} frame */
export function movable(frame) {
  const { VideoFrame, ImageBitmap } = globalThis;
  const kind = [VideoFrame, ImageBitmap].find((each) => each && frame instanceof each);
  if (kind && !frame.codedWidth && !frame.width) {
    throw new LivenessError('FRAME_BAD_FRAME', `the ${kind.name} is closed`);
  }
  return kind;
}

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
