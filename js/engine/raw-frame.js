// SPDX-License-Identifier: MIT
// @ts-check
// Frames on their way: copied for another thread, or closed.

import { bytesOf } from './bytes.js';
import { unreadable } from './errors.js';

/** @typedef {import('./engine.js').RawFrame} RawFrame */

const MAX_FRAME_BYTES = 2 ** 26; // 4096x4096 RGBA: the engine refuses more

/** Closes a frame that nobody will look at, if it can be closed. @param {any} frame */
export function closeFrame(frame) {
  try {
    frame?.close?.();
  } catch {
    // What is no frame is refused where it is read.
  }
}

/**
 * A frame that can be sent, in memory of its own. What is wrong with it is the engine's to say.
 *
 * @param {unknown} frame
 */
export function copyFrame(frame) {
  if (frame === null || typeof frame !== 'object') return frame;
  try {
    // Each once: a getter may give another value the next time.
    const { data, width, height, format, timestamp, layout, rotation, fullRange } =
      /** @type {RawFrame} */ (frame);
    const { face, squares, turn, paused } = /** @type {any} of a ViewsFrame */ (frame);
    const planes = layout && Array.from(layout, ({ offset, stride }) => ({ offset, stride }));
    return {
      data: copyBytes(data),
      width,
      height,
      format,
      timestamp,
      layout: planes,
      rotation,
      fullRange,
      face,
      squares,
      turn,
      paused,
    };
  } catch (error) {
    throw unreadable('the frame', error);
  }
}

/** @param {unknown} data */
function copyBytes(data) {
  const bytes = bytesOf(data, 'Uint8Array', 'Uint8ClampedArray', 'ArrayBuffer');
  return bytes ? bytes.slice(0, MAX_FRAME_BYTES + 1) : data;
}
