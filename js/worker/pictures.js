// SPDX-License-Identifier: MIT
// @ts-check
// The browser's own pictures (VideoFrame, ImageBitmap) as frames of bytes. Each is closed here.

import { LivenessError } from '../engine/errors.js';
import { checkReadBack } from '../engine/read-back.js';

/**
 * @typedef {import('../engine/engine.js').RawFrame} RawFrame
 * @typedef {import('../engine/engine.js').Session} Session
 */

// What VideoFrame calls them; X stands for an unused alpha.
const FORMATS = /** @type {Record<string, RawFrame['format']>} */ ({
  I420: 'I420',
  NV12: 'NV12',
  RGBA: 'RGBA',
  RGBX: 'RGBA',
  BGRA: 'BGRA',
  BGRX: 'BGRA',
});
/** Of rounding to whole pixels. */
const SAME_SHAPE = 0.01;

/**
 * A frame straight into the session's memory, in its own format where that is one of the engine's:
 * it converts only what it needs. Other formats, and colours that are not BT.601, the browser
 * converts; pixels that are not square it scales.
 *
 * @param {VideoFrame} frame
 * @param {Session} session
 * @returns {Promise<RawFrame>}
 */
export async function readVideoFrame(frame, session) {
  try {
    const { colorSpace, timestamp, visibleRect, displayWidth, displayHeight } = frame;
    if (!visibleRect) throw new LivenessError('FRAME_BAD_FRAME', 'the VideoFrame is closed');
    const { width, height } = visibleRect;
    const rotation = /** @type {any} */ (frame).rotation ?? 0;
    const turned = rotation % 180 !== 0;
    const shape = turned ? displayHeight / displayWidth : displayWidth / displayHeight;
    const square = Math.abs((shape * height) / width - 1) < SAME_SHAPE;
    const known = FORMATS[frame.format ?? ''];
    const yuv = known === 'I420' || known === 'NV12';
    const foreign = yuv && ![null, undefined, 'smpte170m', 'bt470bg'].includes(colorSpace?.matrix);
    const copied = !square
      ? null
      : known && !foreign
        ? { ...(await copy(frame, session, {})), format: known }
        : await convert(frame, session);
    if (!copied) return draw(frame, displayWidth, displayHeight, timestamp);
    const fullRange = yuv && copied.format === known && colorSpace?.fullRange === true;
    return { ...copied, width, height, timestamp, rotation, fullRange };
  } finally {
    frame.close();
  }
}

/** @param {VideoFrame} frame @param {Session} session @param {any} options */
async function copy(frame, session, options) {
  const data = session.buffer(frame.allocationSize(options));
  return { data, layout: await frame.copyTo(data, options) };
}

/** False once a browser was found to copy without converting: Safari, older Chrome and Firefox. */
let converts = true;

/** The frame as RGBA; null where the browser cannot.
 * @param {VideoFrame} frame @param {Session} session */
async function convert(frame, session) {
  if (!converts) return null;
  try {
    const copied = await copy(frame, session, { format: 'RGBA' });
    // Who does not know the wish copies the planes as they are.
    converts = copied.layout.length === 1;
    return converts ? { ...copied, format: /** @type {const} */ ('RGBA') } : null;
  } catch (error) {
    if (error instanceof LivenessError) throw error;
    return null; // this format it does not convert
  }
}

/** @type {OffscreenCanvasRenderingContext2D | null} */ let context = null;

/** A context that can be read back. */
function makeContext() {
  const canvas = globalThis.OffscreenCanvas && new OffscreenCanvas(1, 1);
  const made = canvas?.getContext('2d', { willReadFrequently: true });
  if (!made) throw new LivenessError('ENV_UNSUPPORTED', 'no 2d canvas in a worker');
  checkReadBack(made);
  return made;
}

/** The picture as it would be shown: upright, with square pixels.
 * @param {VideoFrame | ImageBitmap} picture @param {number} width @param {number} height
 * @param {number} timestamp @returns {RawFrame} */
function draw(picture, width, height, timestamp) {
  context ??= makeContext();
  const { canvas } = context;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { data, width, height, format: 'RGBA', timestamp };
}

/** @param {ImageBitmap} bitmap @param {number} timestamp @returns {RawFrame} */
export function readBitmap(bitmap, timestamp) {
  try {
    return draw(bitmap, bitmap.width, bitmap.height, timestamp);
  } finally {
    bitmap.close();
  }
}
