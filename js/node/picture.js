// SPDX-License-Identifier: MIT
// @ts-check
// Pictures for a person's eye: a frame or a part of it; what the networks looked at, beside the
// depth that they saw.

import { heatmap } from '../check/heatmap.js';
import { copyFrame } from '../engine/raw-frame.js';
import { readPhoto } from './picture-file.js';
import { encodePng } from './png.js';

/** @typedef {import('../engine/engine.js').RawFrame} RawFrame */

const byte = (/** @type {number} */ value) => Math.min(Math.max(Math.round(value), 0), 255);

/** Where the planes of a frame begin and how long their rows are. @param {RawFrame} frame */
function planesOf({ width, height, format, layout }) {
  if (layout) return layout;
  const [w, h] = [(width + 1) >> 1, (height + 1) >> 1];
  if (format === 'RGBA' || format === 'BGRA') return [{ offset: 0, stride: 4 * width }];
  const luma = { offset: 0, stride: width };
  const chroma = { offset: width * height, stride: format === 'NV12' ? 2 * w : w };
  return [luma, chroma, { offset: chroma.offset + w * h, stride: w }];
}

/**
 * The pixels of a frame as stored: red, green and blue; YUV by BT.601.
 *
 * @param {RawFrame} frame
 * @returns {(x: number, y: number) => ArrayLike<number>}
 */
function reader(frame) {
  const { format, fullRange } = frame;
  const data = frame.data instanceof ArrayBuffer ? new Uint8Array(frame.data) : frame.data;
  const [first, second, third] = planesOf(frame);
  if (format === 'RGBA' || format === 'BGRA') {
    return (x, y) => {
      const at = first.offset + y * first.stride + 4 * x;
      const [a, b, c] = data.subarray(at, at + 3);
      return format === 'RGBA' ? [a, b, c] : [c, b, a];
    };
  }
  const [scale, zero, chroma] = fullRange ? [1, 0, 1] : [255 / 219, 16, 255 / 224];
  return (x, y) => {
    const [u, v] = [x >> 1, y >> 1];
    const blue = second.offset + v * second.stride + (format === 'NV12' ? 2 * u : u);
    const red = format === 'NV12' ? blue + 1 : third.offset + v * third.stride + u;
    const luma = scale * (data[first.offset + y * first.stride + x] - zero);
    const cb = chroma * (data[blue] - 128);
    const cr = chroma * (data[red] - 128);
    return [luma + 1.402 * cr, luma - 0.344 * cb - 0.714 * cr, luma + 1.772 * cb].map(byte);
  };
}

/**
 * The upright picture of a frame.
 *
 * @param {RawFrame} frame
 */
function upright(frame) {
  const { width: w, height: h, rotation = 0 } = frame;
  const read = reader(frame);
  return {
    width: rotation % 180 ? h : w,
    height: rotation % 180 ? w : h,
    /** @param {number} x @param {number} y */
    pixel(x, y) {
      if (rotation === 90) return read(y, h - 1 - x);
      if (rotation === 180) return read(w - 1 - x, h - 1 - y);
      return rotation === 270 ? read(w - 1 - y, x) : read(x, y);
    },
  };
}

/**
 * The pixel at a place of an upright picture that is turned about its centre against the clock, the
 * edge's beyond it.
 *
 * @param {ReturnType<typeof upright>} picture
 * @param {number} degrees
 */
function turned({ width, height, pixel }, degrees) {
  const [cos, sin] = [Math.cos, Math.sin].map((of) => of((degrees * Math.PI) / 180));
  const within = (/** @type {number} */ at, /** @type {number} */ size) =>
    Math.min(Math.max(Math.floor(at), 0), size - 1);
  return (/** @type {number} */ u, /** @type {number} */ v) => {
    const [x, y] = [u - width / 2, v - height / 2];
    return pixel(
      within(width / 2 + x * cos - y * sin, width),
      within(height / 2 + x * sin + y * cos, height),
    );
  };
}

/** @type {import('../check/best.js').PictureMaker} */
export const pictures = {
  read: readPhoto,

  hold: (frame) => /** @type {RawFrame} */ (copyFrame(frame)),

  async make(frame, crop) {
    const picture = upright(/** @type {RawFrame} */ (frame));
    const box = crop ?? { x: 0, y: 0, ...picture };
    const [left, top] = [Math.max(Math.round(box.x), 0), Math.max(Math.round(box.y), 0)];
    const width = Math.min(Math.round(box.x + box.width), picture.width) - left;
    const height = Math.min(Math.round(box.y + box.height), picture.height) - top;
    const rgb = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        rgb.set(picture.pixel(left + x, top + y), (y * width + x) * 3);
      }
    }
    return new Blob([encodePng(width, height, rgb)], { type: 'image/png' });
  },
};

/**
 * The views of a frame, as the readers of this package give it, one beside the other, and the depth
 * map on the right; all of the map's size, RGB.
 *
 * @param {RawFrame} frame
 * @param {import('../engine/engine.js').Box[]} views
 * @param {number} turn  of the result with the views
 * @param {import('../engine/engine.js').DepthMap} depth
 */
export function viewsBesideDepth(frame, views, turn, depth) {
  const from = turned(upright(frame), turn);
  const map = heatmap(depth);
  const { width, height } = map;
  const row = (views.length + 1) * width;
  const data = new Uint8Array(row * height * 3);
  for (let y = 0; y < height; y++) {
    for (const [i, view] of views.entries()) {
      const v = view.y + ((y + 0.5) * view.height) / height;
      for (let x = 0; x < width; x++) {
        const u = view.x + ((x + 0.5) * view.width) / width;
        data.set(from(u, v), (y * row + i * width + x) * 3);
      }
    }
    const line = map.data.subarray(y * width * 3, (y + 1) * width * 3);
    data.set(line, (y * row + views.length * width) * 3);
  }
  return { width: row, height, data };
}
