// SPDX-License-Identifier: MIT
// @ts-check
// A frame of which the views are kept, as numbers for C.

import { bytesOf } from './bytes.js';
import { badArgument, LivenessError, show, unreadable } from './errors.js';
import { INT32_MAX, isTime } from './frame-numbers.js';

/** Is it such a frame, by the format that it names? @param {unknown} frame */
export function hasViews(frame) {
  try {
    return Object(frame).format === 'VIEWS';
  } catch (error) {
    throw unreadable('the frame', error);
  }
}

/** @param {any} box @param {string} name */
function readBox(box, name) {
  const { x, y, width, height } = Object(box);
  for (const number of [x, y, width, height]) {
    if (typeof number !== 'number' || Math.fround(number) !== number) {
      throw badArgument(`push: ${name} has ${show(number)}, no float`);
    }
  }
  return [x, y, width, height];
}

/**
 * wasm would cut a number to 32 bits without a word, so everything else stops here; the limits
 * themselves are C's.
 *
 * @param {unknown} frame
 * @param {readonly {name: string}[]} views  of the model
 * @param {number} maxViews
 */
export function readViewsFrame(frame, views, maxViews) {
  let fields;
  try {
    // Each once: a getter may give another value the next time.
    const { data, width, height, timestamp, face, squares, turn, paused } =
      /** @type {import('./engine.js').ViewsFrame} */ (frame);
    const boxes = readBox(face, 'face');
    for (const { name } of views) boxes.push(...readBox(squares[name], `the square of ${name}`));
    fields = { data, width, height, timestamp, turn, paused, boxes };
  } catch (error) {
    if (error instanceof LivenessError) throw error;
    throw unreadable('the views', error);
  }
  const { width, height, timestamp, turn, paused, boxes } = fields;
  const data = bytesOf(fields.data, 'Uint8Array');
  if (!data) {
    throw new LivenessError('FRAME_BAD_BUFFER', `data is ${show(fields.data)}, not a Uint8Array`);
  }
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || Math.abs(side) > INT32_MAX) {
      throw new LivenessError('FRAME_BAD_SIZE', `a side is ${show(side)}`);
    }
  }
  if (!isTime(timestamp)) {
    throw new LivenessError('FRAME_BAD_TIMESTAMP', `timestamp is ${show(timestamp)}`);
  }
  if (typeof turn !== 'number' || Math.fround(turn) !== turn) {
    throw badArgument(`push: turn is ${show(turn)}, no float`);
  }
  if (typeof paused !== 'boolean') throw badArgument(`push: paused is ${show(paused)}`);
  const all = new Float32Array(4 * (1 + maxViews));
  all.set(boxes);
  return {
    data,
    timestamp,
    numbers: [width, height, Number(paused), timestamp / 1000, turn],
    boxes: new Uint8Array(all.buffer),
  };
}
