// SPDX-License-Identifier: MIT
// @ts-check
// YUV4MPEG2 (.y4m): a header line, then for each frame the line "FRAME" and its planes, 4:2:0 with
// 8 bits. Reads a stream of chunks, in Node or a browser, and holds one frame at a time.

import { LivenessError, show } from '../engine/errors.js';
import { squarePixels, squareSize } from './square.js';

/** @typedef {import('../engine/engine.js').RawFrame} RawFrame */

export const DEFAULT_FPS = 30;
export const MIN_FPS = 0.1;
export const MAX_FPS = 1000;
/** Bytes of all pictures of a clip, unpacked: 20 minutes of 640x480 at 30 fps. */
export const MAX_CLIP_BYTES = 2 ** 34;
export const MAGIC = 'YUV4MPEG2 ';
const MAX_LINE = 1024;
export const MAX_SIDE = 4096; // LIVEDEPTH_MAX_SIDE: bounds the memory before the module sees it
const MAX_ASPECT = 4; // of a pixel; beyond, it is a mistake of the file's
// The variants of C420 differ in where chroma samples lie, by half a pixel: no face is that fine.
const LAYOUTS = new Set(['420', '420jpeg', '420mpeg2', '420paldv']);

/** Bytes of an async stream, taken by count or by line. */
export class ByteReader {
  #iterator;
  /** @type {Uint8Array} */ #chunk = new Uint8Array(0);
  #at = 0;
  /** Bytes taken so far. */
  offset = 0;

  /** @param {AsyncIterable<Uint8Array>} chunks */
  constructor(chunks) {
    this.#iterator = chunks[Symbol.asyncIterator]();
  }

  /** False at the end of the stream. */
  async more() {
    while (this.#at === this.#chunk.length) {
      const { done, value } = await this.#iterator.next();
      if (done) return false;
      [this.#chunk, this.#at] = [value, 0];
    }
    return true;
  }

  /** The next line as Latin-1 without its line feed. `ended` is false if it is longer than `limit`
   * or the stream ends first. @param {number} limit */
  async line(limit) {
    let text = '';
    while (text.length <= limit && (await this.more())) {
      const end = this.#chunk.indexOf(10, this.#at);
      const length = (end < 0 ? this.#chunk.length : end) - this.#at;
      text += String.fromCharCode(...this.#take(Math.min(limit + 1 - text.length, length)));
      if (end === this.#at) {
        this.#take(1);
        return { text, ended: true };
      }
    }
    return { text, ended: false };
  }

  /** `count` bytes, fewer at the end of the stream. @param {number} count */
  async bytes(count) {
    const out = new Uint8Array(count);
    let filled = 0;
    while (filled < count && (await this.more())) {
      const part = this.#take(Math.min(count - filled, this.#chunk.length - this.#at));
      out.set(part, filled);
      filled += part.length;
    }
    return out.subarray(0, filled);
  }

  /** Lets the stream go. */
  async close() {
    await this.#iterator.return?.();
  }

  /** @param {number} count */
  #take(count) {
    const part = this.#chunk.subarray(this.#at, this.#at + count);
    this.#at += count;
    this.offset += count;
    return part;
  }
}

/**
 * @param {string} line  without "YUV4MPEG2 "
 * @param {number} defaultFps  where the header names no rate
 */
function parseHeader(line, defaultFps) {
  /** @param {string} code @param {string} detail */
  const fail = (code, detail) => new LivenessError(code, `header: ${detail}`, { offset: 0 });
  const fields = new Map();
  let fullRange = false;
  for (const token of line.split(' ')) {
    if (token.startsWith('X')) fullRange ||= token === 'XCOLORRANGE=FULL';
    else if (token) fields.set(token[0], token.slice(1));
  }
  /** @param {string} key */
  const side = (key) => {
    const text = fields.get(key);
    if (text === undefined || !/^\d{1,12}$/.test(text)) {
      throw fail('CLIP_HEADER', `${key} is ${show(text)}, not a size`);
    }
    if (Number(text) === 0) throw fail('CLIP_HEADER', `${key} is 0`);
    if (Number(text) > MAX_SIDE) {
      throw fail('CLIP_TOO_LARGE', `${key} is ${text}, at most ${MAX_SIDE}`);
    }
    return Number(text);
  };
  const width = side('W');
  const height = side('H');
  const layout = fields.get('C') ?? '420';
  if (!LAYOUTS.has(layout)) {
    throw fail('CLIP_FORMAT', `C${layout} is not 8-bit 4:2:0`);
  }
  const rate = /^(\d{1,9}):(\d{1,9})$/.exec(fields.get('F') ?? '0:0');
  const [rateNumber, rateUnit] = rate ? [Number(rate[1]), Number(rate[2])] : [0, 1];
  const unknown = rateNumber === 0 && rateUnit === 0;
  if (!unknown && !(rateNumber > 0 && rateUnit > 0)) {
    throw fail('CLIP_HEADER', `F is ${show(fields.get('F'))}, not a rate`);
  }
  const pixel = /^(\d{1,9}):(\d{1,9})$/.exec(fields.get('A') ?? '0:0');
  if (!pixel) throw fail('CLIP_HEADER', `A is ${show(fields.get('A'))}, not the shape of a pixel`);
  const ratio = Number(pixel[1]) / Number(pixel[2]);
  const aspect = ratio >= 1 / MAX_ASPECT && ratio <= MAX_ASPECT ? ratio : 1; // 0:0 is unknown
  const [w, h] = squareSize(width, height, aspect);
  if (Math.max(w, h) > MAX_SIDE) {
    throw fail('CLIP_TOO_LARGE', `${w}x${h} in square pixels, at most ${MAX_SIDE} a side`);
  }
  const frameRate = unknown ? [defaultFps, 1] : [rateNumber, rateUnit];
  return { width, height, fullRange, aspect, rate: frameRate };
}

/**
 * The frames of a y4m stream, in square pixels. Frame n has the time n / rate.
 *
 * @param {AsyncIterable<Uint8Array>} chunks
 * @param {{fps?: number, maxBytes?: number}} [options]
 * @returns {AsyncGenerator<RawFrame, void, undefined>}
 */
export async function* parseY4m(chunks, { fps = DEFAULT_FPS, maxBytes = MAX_CLIP_BYTES } = {}) {
  const reader = new ByteReader(chunks);
  try {
    if (!(await reader.more())) throw new LivenessError('CLIP_EMPTY', 'no bytes', { offset: 0 });
    const { text, ended } = await reader.line(MAX_LINE);
    if (!text.startsWith(MAGIC)) {
      throw new LivenessError('CLIP_MAGIC', `does not start with "${MAGIC}"`, { offset: 0 });
    }
    if (!ended) throw badLine(text, 'header', 0);
    const { width, height, fullRange, aspect, rate } = parseHeader(text.slice(MAGIC.length), fps);
    const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
    const size = width * height + 2 * chroma;

    for (let index = 0; await reader.more(); index++) {
      const offset = reader.offset;
      const where = `frame ${index} at byte ${offset}`;
      const line = await reader.line(MAX_LINE);
      if (!line.ended) throw badLine(line.text, where, offset);
      if (line.text !== 'FRAME' && !line.text.startsWith('FRAME ')) {
        const text = `${where}: does not start with "FRAME"`;
        throw new LivenessError('CLIP_HEADER', text, { offset });
      }
      if ((index + 1) * size > maxBytes) {
        const text = `${where}: more than ${maxBytes} bytes`;
        throw new LivenessError('CLIP_TOO_LARGE', text, { offset });
      }
      const data = await reader.bytes(size);
      if (data.length < size) {
        const text = `${where}: the file ends after ${data.length} of ${size} bytes`;
        throw new LivenessError('CLIP_TRUNCATED', text, { offset });
      }
      const timestamp = (index * 1e6 * rate[1]) / rate[0];
      const picture = squarePixels(data, width, height, aspect);
      yield { ...picture, format: 'I420', timestamp, fullRange };
    }
  } finally {
    await reader.close();
  }
}

/** For a line without its end. @param {string} text @param {string} where @param {number} offset */
function badLine(text, where, offset) {
  return text.length > MAX_LINE
    ? new LivenessError('CLIP_HEADER', `${where}: a line of more than 1 KiB`, { offset })
    : new LivenessError('CLIP_TRUNCATED', `${where}: the file ends inside a line`, { offset });
}
