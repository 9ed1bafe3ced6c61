// SPDX-License-Identifier: MIT
// @ts-check
// A depth map as a picture: near is bright.

// viridis of matplotlib (CC0) at 0, 1/8 .. 1; linear between.
const VIRIDIS = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

/** 0 .. 1 to red, green, blue; beyond is cut. @param {number} value */
export function viridis(value) {
  const at = Math.min(Math.max(value, 0), 1) * (VIRIDIS.length - 1);
  const i = Math.min(Math.floor(at), VIRIDIS.length - 2);
  return VIRIDIS[i].map((low, c) => Math.round(low + (VIRIDIS[i + 1][c] - low) * (at - i)));
}

const SCALE = 8;

/**
 * RGB pixels, each value a square of SCALE pixels a side; 0 .. 1 is the whole colour range, so that
 * pictures of different clips can be compared.
 *
 * @param {import('../engine/engine.js').DepthMap} depth
 */
export function heatmap({ width, height, data }) {
  const rgb = new Uint8Array(width * height * SCALE * SCALE * 3);
  const row = width * SCALE * 3;
  for (let y = 0; y < height; y++) {
    const start = y * SCALE * row;
    for (let x = 0; x < width; x++) {
      const colour = viridis(data[y * width + x]);
      for (let i = 0; i < SCALE; i++) rgb.set(colour, start + (x * SCALE + i) * 3);
    }
    for (let i = 1; i < SCALE; i++) rgb.copyWithin(start + i * row, start, start + row);
  }
  return { width: width * SCALE, height: height * SCALE, data: rgb };
}
