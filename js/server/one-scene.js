// SPDX-License-Identifier: MIT
// @ts-check
// Whether the views of a frame show one picture, and every frame another: the views lie within each
// other, so each shows coarsely what the next shows finely.

import { LivenessError } from '../engine/errors.js';

/** @typedef {import('../check/liveness.js').RecordBox} RecordBox */
/** @typedef {{square: RecordBox, size: number, bytes: Uint8Array}} View */

const CELLS = 8; // a side
/** Of cells' means, 0 .. 255: see docs/measured.md. */
const MAX_DIFFERENCE = 10;

/** Means over cells of this rectangle, [CELLS][CELLS][3]; NaN: a cell without a pixel's centre.
 * @param {View} view @param {RecordBox} part */
function means({ square: [x0, y0, side], size, bytes }, [left, top, width, height]) {
  const sums = new Float64Array(CELLS * CELLS * 3);
  const counts = new Float64Array(CELLS * CELLS);
  for (let y = 0; y < size; y++) {
    const row = Math.floor(((y0 + ((y + 0.5) * side) / size - top) / height) * CELLS);
    if (row < 0 || row >= CELLS) continue;
    for (let x = 0; x < size; x++) {
      const column = Math.floor(((x0 + ((x + 0.5) * side) / size - left) / width) * CELLS);
      if (column < 0 || column >= CELLS) continue;
      const cell = row * CELLS + column;
      counts[cell]++;
      for (let c = 0; c < 3; c++) sums[3 * cell + c] += bytes[(y * size + x) * 3 + c];
    }
  }
  return sums.map((sum, i) => sum / counts[Math.floor(i / 3)]);
}

/** How two views differ where both show the frame: the mean over cells; null: nowhere.
 * @param {View} a @param {View} b */
export function difference(a, b) {
  const left = Math.max(a.square[0], b.square[0]);
  const top = Math.max(a.square[1], b.square[1]);
  const right = Math.min(a.square[0] + a.square[2], b.square[0] + b.square[2]);
  const bottom = Math.min(a.square[1] + a.square[3], b.square[1] + b.square[3]);
  if (right - left < 1 || bottom - top < 1) return null;
  /** @type {RecordBox} */ const part = [left, top, right - left, bottom - top];
  const [first, second] = [means(a, part), means(b, part)];
  let sum = 0;
  let count = 0;
  for (let i = 0; i < first.length; i++) {
    const apart = Math.abs(first[i] - second[i]);
    if (Number.isNaN(apart)) continue;
    sum += apart;
    count++;
  }
  return count > 0 ? sum / count : null;
}

/**
 * @param {readonly {squares: RecordBox[]}[]} frames
 * @param {readonly Uint8Array[]} bytes  by frame
 * @param {readonly {name: string, size: number}[]} views  of the model
 */
export function checkScene(frames, bytes, views) {
  frames.forEach(({ squares }, i) => {
    let end = 0;
    const cut = views.map(({ size }, v) => {
      const start = end;
      end += size * size * 3;
      return { square: squares[v], size, bytes: bytes[i].subarray(start, end) };
    });
    for (let b = 1; b < cut.length; b++) {
      const apart = difference(cut[b - 1], cut[b]);
      if (apart !== null && apart > MAX_DIFFERENCE) {
        const names = `${views[b - 1].name} and ${views[b].name}`;
        const text = `frame ${i}: ${names} show two pictures (${apart.toFixed(1)} apart)`;
        throw new LivenessError('RECORD_VIEWS', text);
      }
    }
  });
}

/**
 * A camera has noise. One that is slow gives a frame twice, but no other one comes again.
 *
 * @param {readonly string[]} hashes  of the frames' bytes
 */
export function checkRepeats(hashes) {
  hashes.forEach((hash, i) => {
    const first = hashes.indexOf(hash);
    if (first < i - 1) {
      throw new LivenessError('RECORD_VIEWS', `frame ${i} is frame ${first} again`);
    }
  });
}
