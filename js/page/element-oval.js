// SPDX-License-Identifier: MIT
// @ts-check
// Where the face belongs. The picture is shown in 320 x 400 units, and cut to fill them.

export const WIDTH = 320;
export const HEIGHT = 400;
const [X, Y, RADIUS_X, RADIUS_Y] = [160, 198, 106, 138];
/** The centre of the face may be off by so much of the oval's radii. */
const OFF = 0.5;
/** So wide may the face's box be, beside the oval. */
const NARROW = 0.4;
const WIDE = 1.3;

/** @param {number} more  units outside of the oval, from its top clockwise */
export const ovalPath = (more = 0) => {
  const [x, y] = [RADIUS_X + more, RADIUS_Y + more];
  return `M${X} ${Y - y}a${x} ${y} 0 0 1 0 ${2 * y}a${x} ${y} 0 0 1 0 ${-2 * y}`;
};

/**
 * Is the face in the oval, as the person sees it?
 *
 * @param {import('../engine/engine.js').Box} box  of the face, in pixels of the picture
 * @param {number} width  of the picture @param {number} height
 */
export function inOval(box, width, height) {
  const scale = Math.max(WIDTH / width, HEIGHT / height);
  const x = WIDTH / 2 + (box.x + box.width / 2 - width / 2) * scale - X;
  const y = HEIGHT / 2 + (box.y + box.height / 2 - height / 2) * scale - Y;
  const size = (box.width * scale) / (2 * RADIUS_X);
  return Math.hypot(x / RADIUS_X, y / RADIUS_Y) <= OFF && size >= NARROW && size <= WIDE;
}
