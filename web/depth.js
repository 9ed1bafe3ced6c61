// SPDX-License-Identifier: MIT
// The depth map as a heat map: near is bright, and 0 .. 1 is the whole range of colours, so that
// faces can be compared.

import { viridis } from '/livedepth/heatmap.js';
import { $, fixed, setText } from './dom.js';
import { depthRange } from './record.js';

const css = (value) => `rgb(${viridis(value).join(' ')})`;

export class DepthView {
  #canvas = $('depth');
  /** In the picture's corner, where the screen has no room for both. */
  #inset = $('inset');
  /** undefined: not even that there is none.
   * @type {import('../js/check/liveness.js').DepthMap | null | undefined} */
  #shown = undefined;

  constructor() {
    const stops = Array.from({ length: 9 }, (_, i) => css(i / 8));
    $('legend').style.background = `linear-gradient(to right, ${stops.join(', ')})`;
    this.show(null);
  }

  /** @param {import('../js/check/liveness.js').DepthMap | null} depth */
  show(depth) {
    if (depth === this.#shown) return;
    this.#shown = depth;
    const { width, height } = depth ?? { width: 16, height: 16 };
    const image = new ImageData(width, height); // without a map nothing: transparent
    depth?.data.forEach((value, i) => image.data.set([...viridis(value), 255], i * 4));
    for (const canvas of [this.#canvas, this.#inset]) {
      const same = canvas.width === width && canvas.height === height;
      if (!same) Object.assign(canvas, { width, height });
      canvas.getContext('2d').putImageData(image, 0, 0);
    }
    this.#inset.hidden = depth === null;
    $('depth-none').hidden = depth !== null;
    const range = depth && depthRange(depth);
    for (const name of ['min', 'mean', 'max']) setText($(`depth-${name}`), fixed(range?.[name]));
    setText($('depth-size'), depth ? `${width} × ${height}` : '');
    const values = range && `values from ${fixed(range.min, 2)} to ${fixed(range.max, 2)}`;
    this.#canvas.setAttribute(
      'aria-label',
      values ? `Depth map, ${width} by ${height} ${values}` : 'No depth map yet',
    );
  }
}
