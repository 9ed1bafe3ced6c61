// SPDX-License-Identifier: MIT
// The depth map as a heat map: near is bright, and 0 .. 1 is the whole range of colours, so that
// faces can be compared.

import { viridis } from '/livedepth/heatmap.js';
import { $, fixed, setText } from './dom.js';
import { depthRange } from './record.js';

const css = (value) => `rgb(${viridis(value).join(' ')})`;

export class DepthView {
  #canvas = $('depth');
  #shown = undefined;

  constructor() {
    const stops = Array.from({ length: 9 }, (_, i) => css(i / 8));
    $('legend').style.background = `linear-gradient(to right, ${stops.join(', ')})`;
    this.show(null);
  }

  /** @param {import('../js/liveness.js').DepthMap | null} depth */
  show(depth) {
    if (depth === this.#shown) return;
    this.#shown = depth;
    const { width, height } = depth ?? { width: 16, height: 16 };
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = this.#canvas.getContext('2d');
    context.clearRect(0, 0, width, height);
    if (depth) {
      const image = context.createImageData(width, height);
      depth.data.forEach((value, i) => image.data.set([...viridis(value), 255], i * 4));
      context.putImageData(image, 0, 0);
    }
    $('depth-none').hidden = depth !== null;
    const range = depth && depthRange(depth);
    for (const name of ['min', 'mean', 'max']) setText($(`depth-${name}`), fixed(range?.[name]));
    setText($('depth-size'), depth ? `${width} × ${height}` : '');
    this.#canvas.setAttribute('aria-label', range
      ? `Depth map, ${width} by ${height} values from ${fixed(range.min, 2)} to ${fixed(range.max, 2)}`
      : 'No depth map yet');
  }
}
