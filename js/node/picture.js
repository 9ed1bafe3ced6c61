// SPDX-License-Identifier: MIT
// @ts-check
// Pictures for a person's eye: what the networks looked at, beside the depth that they saw.

import { heatmap } from '../check/heatmap.js';

const byte = (/** @type {number} */ value) => Math.min(Math.max(Math.round(value), 0), 255);

/** Red, green and blue of a pixel of a tightly packed frame, BT.601 in limited range.
 * @param {import('../engine/engine.js').RawFrame} frame @param {number} x @param {number} y */
function pixel({ data: bytes, width, height, format }, x, y) {
  const data = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  if (format === 'RGBA') return data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3);
  const half = (width + 1) >> 1; // I420
  const chroma = width * height + (y >> 1) * half + (x >> 1);
  const luma = 1.164 * (data[y * width + x] - 16);
  const cb = data[chroma] - 128;
  const cr = data[chroma + half * ((height + 1) >> 1)] - 128;
  return [luma + 1.596 * cr, luma - 0.392 * cb - 0.813 * cr, luma + 2.017 * cb].map(byte);
}

/**
 * The views of a frame, as the readers of this package give it, one beside the other, and the depth
 * map on the right; all of the map's size, RGB.
 *
 * @param {import('../engine/engine.js').RawFrame} frame
 * @param {import('../engine/engine.js').Box[]} views
 * @param {import('../engine/engine.js').DepthMap} depth
 */
export function viewsBesideDepth(frame, views, depth) {
  const map = heatmap(depth);
  const { width, height } = map;
  const row = (views.length + 1) * width;
  const data = new Uint8Array(row * height * 3);
  for (let y = 0; y < height; y++) {
    for (const [i, view] of views.entries()) {
      const v = Math.min(Math.floor(view.y + ((y + 0.5) * view.height) / height), frame.height - 1);
      for (let x = 0; x < width; x++) {
        const u = Math.min(Math.floor(view.x + ((x + 0.5) * view.width) / width), frame.width - 1);
        data.set(pixel(frame, u, v), (y * row + i * width + x) * 3);
      }
    }
    const line = map.data.subarray(y * width * 3, (y + 1) * width * 3);
    data.set(line, (y * row + views.length * width) * 3);
  }
  return { width: row, height, data };
}
