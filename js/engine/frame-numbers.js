// SPDX-License-Identifier: MIT
// @ts-check
// A caller's frame as numbers for C.

import { bytesOf } from './bytes.js';
import { badArgument, LivenessError, show, unreadable } from './errors.js';

/** @typedef {import('./engine.js').RawFrame} RawFrame */

const PLANES = /** @type {Record<string, number>} */ ({ RGBA: 1, BGRA: 1, I420: 3, NV12: 2 });
export const INT32_MAX = 0x7fffffff;

/** Beyond it microseconds cannot be told apart, and no later frame would ever come. The other
 * limits are C's. @param {unknown} value @returns {value is number} */
export const isTime = (value) => typeof value === 'number' && !(value > Number.MAX_SAFE_INTEGER);

/**
 * A frame as C's numbers. wasm would cut a number to 32 bits without a word, so everything that is
 * not a 32-bit integer stops here; the limits themselves are C's.
 *
 * @param {unknown} frame
 * @param {import('./frame-result.js').Layout} layout
 */
export function readFrame(frame, { format: formats, maxSide }) {
  if (frame === null || typeof frame !== 'object') {
    throw badArgument(`push: the frame is ${show(frame)}`);
  }
  let fields;
  try {
    // Each once: a getter may give another value the next time.
    const {
      data,
      width,
      height,
      format,
      timestamp,
      layout,
      rotation = 0,
      fullRange = false,
    } = /** @type {RawFrame} */ (frame);
    const planes = layout && Array.from(layout, ({ offset, stride }) => [offset, stride]);
    fields = { data, width, height, format, timestamp, planes, rotation, fullRange };
  } catch (error) {
    throw unreadable('the frame', error);
  }
  const { width, height, format, timestamp, planes, rotation, fullRange } = fields;
  if (typeof format !== 'string' || !Object.hasOwn(formats, format)) {
    const text = `format is ${show(format)}, not ${Object.keys(formats).join(' | ')}`;
    throw new LivenessError('FRAME_BAD_FORMAT', text);
  }
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < -INT32_MAX) {
      throw new LivenessError('FRAME_BAD_SIZE', `a side is ${show(side)}`);
    }
    if (side > INT32_MAX) throw new LivenessError('FRAME_TOO_LARGE', `a side is ${side}`);
  }
  const data = bytesOf(fields.data, 'Uint8Array', 'Uint8ClampedArray', 'ArrayBuffer');
  if (!data) {
    throw new LivenessError('FRAME_BAD_BUFFER', `data is ${show(fields.data)}, not a Uint8Array`);
  }
  if (data.length > 4 * maxSide * maxSide) {
    throw new LivenessError('FRAME_BAD_BUFFER', `${data.length} bytes: no frame is so large`);
  }
  if (!Number.isInteger(rotation) || Math.abs(rotation) > INT32_MAX) {
    throw new LivenessError('FRAME_BAD_ROTATION', `rotation is ${show(rotation)}`);
  }
  if (typeof fullRange !== 'boolean') throw badArgument(`push: fullRange is ${show(fullRange)}`);
  if (!isTime(timestamp)) {
    throw new LivenessError('FRAME_BAD_TIMESTAMP', `timestamp is ${show(timestamp)}`);
  }
  if (planes && planes.length !== PLANES[format]) {
    const text = `layout has ${planes.length} planes, ${format} has ${PLANES[format]}`;
    throw new LivenessError('FRAME_BAD_STRIDE', text);
  }
  const layout = planes?.flat() ?? [];
  for (const number of layout) {
    if (!(Number.isInteger(number) && number >= 0 && number <= 0xffffffff)) {
      throw new LivenessError('FRAME_BAD_STRIDE', `an offset or stride is ${show(number)}`);
    }
  }
  while (layout.length < 6) layout.push(0);
  const numbers = [width, height, formats[format], rotation, Number(fullRange), ...layout];
  return { data, timestamp, numbers: [...numbers, timestamp / 1000] };
}
