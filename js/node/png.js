// SPDX-License-Identifier: MIT
// @ts-check
// PNG by node's zlib. Reads what cameras and ffmpeg write (8 bits a channel, not interlaced),
// writes RGB.

import { deflateSync, inflateSync } from 'node:zlib';
import { LivenessError } from '../engine/errors.js';
import { MAX_SIDE } from './y4m.js';

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
const NOTHING = new Uint8Array(0);
/** Millions of empty ones fit in a file, and each takes time and memory; the largest pictures have
 * some ten thousand. */
const MAX_CHUNKS = 2 ** 17;
/** Channels of a colour type: grey, RGB, palette, grey + alpha, RGBA.
 * @type {Record<number, number>} */
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** @param {string} text @param {number} [offset] */
const bad = (text, offset) => new LivenessError('CLIP_PICTURE', `PNG: ${text}`, { offset });

/** The chunks up to IEND, each with its checksum compared. @param {Uint8Array} file */
function* chunksOf(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = SIGNATURE.length, count = 0; ; count++) {
    if (count === MAX_CHUNKS) throw bad(`more than ${MAX_CHUNKS} chunks`, at);
    if (file.length - at < 12) throw bad('the file ends too early', at);
    const length = view.getUint32(at);
    if (length > file.length - at - 12) throw bad('the file ends inside a chunk', at);
    const body = at + 8;
    if (crc32(file.subarray(at + 4, body + length)) !== view.getUint32(body + length)) {
      throw bad('a checksum does not match', at);
    }
    const type = String.fromCharCode(...file.subarray(at + 4, body));
    if (type === 'IEND') return;
    yield { type, data: file.subarray(body, body + length), at };
    at = body + length + 4;
  }
}

/**
 * Undoes the filter of each row; a, b, c as in the specification, section 9.
 *
 * @param {Uint8Array} rows  [height][1 + stride]
 * @param {number} height
 * @param {number} stride  bytes of a row
 * @param {number} step  bytes of a pixel
 */
function unfilter(rows, height, stride, step) {
  const out = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const from = y * (stride + 1);
    const to = y * stride;
    const filter = rows[from];
    if (filter > 4) throw bad(`row ${y} has filter ${filter}`);
    for (let i = 0; i < stride; i++) {
      const a = i >= step ? out[to + i - step] : 0;
      const b = y > 0 ? out[to + i - stride] : 0;
      const c = i >= step && y > 0 ? out[to + i - stride - step] : 0;
      out[to + i] = rows[from + 1 + i] + predict(filter, a, b, c);
    }
  }
  return out;
}

/** @param {number} filter @param {number} a @param {number} b @param {number} c */
function predict(filter, a, b, c) {
  if (filter < 2) return filter === 0 ? 0 : a;
  if (filter < 4) return filter === 2 ? b : (a + b) >> 1;
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

/** @param {Uint8Array} file */
const isPng = (file) => SIGNATURE.every((byte, i) => file[i] === byte);

/**
 * @param {Uint8Array} file
 * @returns {{width: number, height: number, data: Uint8Array}} RGBA
 */
export function decodePng(file) {
  if (!isPng(file)) throw bad('no PNG signature', 0);
  const chunks = [...chunksOf(file)];
  const [header] = chunks;
  if (header?.type !== 'IHDR' || header.data.length !== 13) throw bad('no header', 8);
  const view = new DataView(header.data.buffer, header.data.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = header.data.subarray(8);
  if (width === 0 || height === 0) throw bad(`size ${width}x${height}`);
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw new LivenessError('CLIP_TOO_LARGE', `${width}x${height}, at most ${MAX_SIDE} a side`);
  }
  const channels = CHANNELS[colour];
  if (depth !== 8 || !channels || compression || filter || interlace) {
    const kind = `${depth} bits, colour type ${colour}, interlace ${interlace}`;
    throw bad(`${kind}: only 8 bits a channel, not interlaced`);
  }
  const palette = chunks.find(({ type }) => type === 'PLTE')?.data;
  if (colour === 3 && !palette) throw bad('no palette');

  const stride = width * channels;
  const packed = chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data);
  let rows;
  try {
    rows = inflateSync(Buffer.concat(packed), { maxOutputLength: height * (stride + 1) });
  } catch (error) {
    throw new LivenessError('CLIP_PICTURE', 'PNG: damaged pixel data', { cause: error });
  }
  if (rows.length !== height * (stride + 1)) throw bad('the pixel data end too early');
  const samples = unfilter(rows, height, stride, channels);

  const data = new Uint8Array(width * height * 4).fill(255);
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  for (let from = 0, to = 0; to < data.length; from += channels, to += 4) {
    if (palette && colour === 3) {
      const entry = samples[from] * 3;
      if (entry + 3 > palette.length) throw bad(`colour ${samples[from]} is not in the palette`);
      data.set(palette.subarray(entry, entry + 3), to);
    } else {
      data[to] = samples[from];
      data[to + 1] = samples[from + green];
      data[to + 2] = samples[from + blue];
    }
  }
  return { width, height, data }; // alpha is left out: a camera has none
}

/** @param {string} type @param {Uint8Array} data */
function chunk(type, data) {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

/** @param {number} width @param {number} height @param {Uint8Array} rgb */
export function encodePng(width, height, rgb) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) {
    rows.set(rgb.subarray(y * 3 * width, (y + 1) * 3 * width), y * (1 + 3 * width) + 1);
  }
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', NOTHING)];
  return Buffer.concat([SIGNATURE, ...chunks]);
}
