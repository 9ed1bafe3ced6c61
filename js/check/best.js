// SPDX-License-Identifier: MIT
// @ts-check
// The best frame of a check as a picture, for whoever must keep one: sharp, straight, still. It is
// made here and goes nowhere by itself.

import { closeFrame } from '../engine/raw-frame.js';

/**
 * @typedef {import('./liveness.js').BestFrame} BestFrame
 * @typedef {import('./liveness.js').FrameSource} FrameSource
 * @typedef {import('./session.js').Stream} Stream
 * @typedef {import('../engine/engine.js').Box} Box
 * @typedef {import('../engine/engine.js').FrameResult} FrameResult
 * @typedef {{
 *   hold(frame: FrameSource): FrameSource | Promise<FrameSource>,
 *   make(frame: FrameSource, crop: Box | null): Promise<Blob>,
 *   read(photo: import('./liveness.js').Photo, signal?: AbortSignal): Promise<FrameSource>,
 * }} PictureMaker  hold: a copy of the frame, which may be handed on at once. make: crop is in
 *   upright pixels and may reach outside; null: all of the frame. read: a file as a frame
 */

const FACE_SCALE = 1.5; // of the box of a detector, which ends at brow and chin
const STRAIGHT = 25; // degrees

/** Higher is better: a frame with nothing to tell, then sharp, then straight and still. What is not
 * measured counts as good. @param {FrameResult} result */
function worth({ quality }) {
  const { sharpness, yaw, pitch, roll, motion } = quality?.checks ?? {};
  const turns = [yaw, pitch, roll].map((check) => (check?.value ?? 0) / STRAIGHT);
  const turned = Math.hypot(...turns);
  return (
    Number(quality?.pass ?? false) + (sharpness?.value ?? 0) - turned / 2 - (motion?.value ?? 0) / 2
  );
}

/** @param {Box} box @returns {Box} */
function about({ x, y, width, height }) {
  const side = FACE_SCALE * Math.max(width, height);
  return { x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side };
}

/**
 * A stream that keeps the best of the frames that a verdict rests on.
 *
 * @param {Stream} stream
 * @param {PictureMaker} maker
 * @returns {Stream & {best(): Promise<BestFrame | null>}}
 */
export function keepingBest(stream, maker) {
  /** @type {{frame: FrameSource, result: FrameResult, worth: number} | null} */
  let best = null;
  let epoch = 0; // rises when frames that are under way no longer count
  const forget = () => {
    closeFrame(best?.frame);
    best = null;
  };
  return {
    ...stream,
    async push(frame) {
      const own = epoch;
      let kept = false;
      /** @type {Promise<FrameSource>} */ let copying;
      try {
        copying = Promise.resolve(maker.hold(frame));
      } catch (error) {
        closeFrame(frame);
        throw error;
      }
      copying.catch(() => {}); // heard below
      try {
        const result = await stream.push(frame);
        const held = await copying;
        if (own !== epoch) return result;
        // The scores before do not count any more, and neither does the face, perhaps another one.
        if (result.frameReason !== null && result.clips === 0) forget();
        const taken = result.state === 'filling' || result.state === 'scored';
        if (taken && !(best && best.worth >= worth(result))) {
          forget();
          best = { frame: held, result, worth: worth(result) };
          kept = true;
        }
        return result;
      } finally {
        if (!kept) copying.then(closeFrame, () => {});
      }
    },
    async reset() {
      epoch++;
      forget();
      await stream.reset();
    },
    async close() {
      epoch++;
      forget();
      await stream.close();
    },
    async best() {
      if (!best) return null;
      const { frame, result } = best;
      best = null; // nobody else closes what becomes a picture
      try {
        const picture = await maker.make(frame, null);
        const face = result.face && (await maker.make(frame, about(result.face.box)));
        return { picture, face, timestamp: result.timestamp, quality: result.quality };
      } finally {
        closeFrame(frame);
      }
    },
  };
}
