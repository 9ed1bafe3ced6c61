// SPDX-License-Identifier: MIT
// @ts-check
// The papers' score of recorded clips: their depth term is that of the face alone, by masks which a
// 3-D face model made beforehand. The same number as training/judge/predict.py gives with masks.

import { join } from 'node:path';
import { Liveness } from '../check/liveness.js';
import { LivenessError } from '../engine/errors.js';
import { readFrames } from './frames.js';
import { pictures } from './picture.js';
import { asStream } from './stream.js';

/**
 * @typedef {{side: number, values: Uint8Array}} Mask  [side][side], 255 where the face is
 * @typedef {import('../engine/engine.js').Session} Session
 */

/** @param {string} text */
const unfit = (text) => new LivenessError('CLIP_MASKS', text);

const MAX_BYTES = 2 ** 32; // as read, in RGBA: a quarter is held

/** Of a clip that is a folder: the pictures in its folder "mask", one for each frame.
 * @param {string} clip */
export async function readMasks(clip, maxBytes = MAX_BYTES) {
  const masks = [];
  for await (const { data, width, height } of readFrames(join(clip, 'mask'), { maxBytes })) {
    if (width !== height) throw unfit(`mask ${masks.length}: ${width}x${height} is no square`);
    const pixels = /** @type {Uint8Array} */ (data); // RGBA, and grey
    masks.push({ side: width, values: pixels.filter((_, i) => i % 4 === 0) });
  }
  return masks;
}

/** Cells of the depth map of which at least half is face: 1, the others 0.
 * @param {Mask} mask @param {number} size  of the map */
function cells({ side, values }, size) {
  const step = side / size;
  if (!Number.isInteger(step)) throw unfit(`masks of ${side} pixels, a depth map of ${size}`);
  const sums = new Uint32Array(size * size);
  for (const [i, value] of values.entries()) {
    const [row, column] = [Math.floor(i / side), i % side];
    sums[Math.floor(row / step) * size + Math.floor(column / step)] += value;
  }
  return Float32Array.from(sums, (sum) => Number(2 * sum >= 255 * step * step));
}

/** The score of the clip that was scored just now. Its frames are the last ones that were taken.
 * @param {Session} session @param {Mask[]} taken  of these frames */
function scoreWith(session, taken) {
  /** @type {import('../engine/engine.js').DepthMap[]} */ const maps = [];
  for (let map = session.depth(0); map; map = session.depth(maps.length)) maps.push(map);
  const masks = taken.slice(-maps.length - 1, -1).map((mask) => [...cells(mask, maps[0].width)]);
  return session.maskedScore(Float32Array.from(masks.flat()));
}

/** Analyses one clip, with a mask for each of its frames. */
export class MaskedLiveness extends Liveness {
  /** Of the clips that count the mean, 0 attack .. 1 live, or null. CLIP_MASKS if there were more
   * masks than frames. @type {() => number | null} */
  maskedScore;

  /** @param {import('./node.js').Liveness} liveness @param {Mask[]} masks */
  constructor(liveness, masks) {
    /** @type {number[]} */ const scores = [];
    /** @type {Mask[]} */ const taken = [];
    let frame = 0;
    /** @param {Session} session @param {import('../engine/engine.js').RawFrame} picture */
    const push = (session, picture) => {
      const mask = masks[frame++];
      if (!mask) throw unfit(`${masks.length} masks, and more frames`);
      const result = session.push(picture);
      const { state, clips, clipScore } = result;
      if (state === 'filling' || state === 'scored') taken.push(mask);
      if (taken.length > this.info.model.frames) taken.shift();
      if (state !== 'scored' || clipScore === null) return result;
      if (clips === 1) scores.length = 0; // of a run that was broken
      scores.push(scoreWith(session, taken));
      return result;
    };
    super(
      /** @satisfies {import('../check/analyze.js').Backend} */ ({
        async open(/** @type {any} */ options) {
          const session = liveness.session(options);
          const stream = asStream(session);
          return {
            ...stream,
            push: async (/** @type {any} */ picture) => push(session, picture),
          };
        },
        close: async () => {},
        pictures: async () => pictures,
        memoryBytes: 0,
      }),
      liveness.info,
    );
    this.maskedScore = () => {
      if (frame < masks.length) throw unfit(`${masks.length} masks, and ${frame} frames`);
      const sum = scores.reduce((total, score) => total + score, 0);
      return scores.length > 0 ? sum / scores.length : null;
    };
  }
}
