// SPDX-License-Identifier: MIT
// @ts-check
// Frames on their way: copied for another thread, or closed.

import { LivenessError } from './errors.js';

/** @typedef {import('./engine.js').RawFrame} RawFrame */

const MAX_FRAME_BYTES = 2 ** 26; // 4096x4096 RGBA: the engine refuses more

/** Closes a frame that nobody will look at. @param {any} frame */
export const closeFrame = (frame) => frame?.close?.();

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
    const text = 'push: a field of the frame cannot be read';
    throw new LivenessError('BAD_ARGUMENT', text, { cause: error });
  }
}

/** @param {unknown} data */
function copyBytes(data) {
  const view = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
  if (!(view instanceof Uint8Array || view instanceof Uint8ClampedArray)) return data;
  return view.length === 0 // perhaps detached
    ? new Uint8Array(0)
    : new Uint8Array(view.subarray(0, MAX_FRAME_BYTES + 1));
}
