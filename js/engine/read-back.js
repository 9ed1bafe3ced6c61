// SPDX-License-Identifier: MIT
// @ts-check
// Does a canvas give back what was drawn on it? Browsers that guard against fingerprints give white
// or noise in its place, without a word, and the networks would judge that.

import { LivenessError } from './errors.js';

const COLORS = [
  [210, 40, 40],
  [40, 210, 40],
  [40, 40, 210],
  [125, 125, 125],
];
/** A little noise, as some browsers add, changes no score. */
const MOST = 16;

/**
 * Draws a known picture; ENV_CANVAS_BLOCKED if it comes back as another one.
 *
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context  whose canvas gets
 *   another size
 */
export function checkReadBack(context) {
  const { canvas } = context;
  canvas.width = COLORS.length;
  canvas.height = 1;
  for (const [x, color] of COLORS.entries()) {
    context.fillStyle = `rgb(${color})`;
    context.fillRect(x, 0, 1, 1);
  }
  const { data } = context.getImageData(0, 0, canvas.width, 1);
  const far = COLORS.flat().some(
    (value, i) => Math.abs(value - data[Math.floor(i / 3) * 4 + (i % 3)]) > MOST,
  );
  if (far) {
    const text = 'this browser hides what is on a canvas; allow it for this page';
    throw new LivenessError('ENV_CANVAS_BLOCKED', text);
  }
}
