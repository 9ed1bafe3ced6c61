// SPDX-License-Identifier: MIT
// YUV4MPEG2 in the browser: 8-bit 4:2:0, plain or gzipped, one frame in memory at a time.

import { LivenessError } from '/livedepth/index.js';

const MAGIC = 'YUV4MPEG2 ';
const MAX_LINE = 1024;
const MAX_SIDE = 4096;
const LAYOUTS = new Set(['420', '420jpeg', '420mpeg2', '420paldv']);
const DEFAULT_RATE = [30, 1];

/** Bytes of a stream, by count or by line. */
class ByteReader {
  #reader;
  #chunk = new Uint8Array(0);
  offset = 0;

  /** @param {ReadableStream<Uint8Array>} stream */
  constructor(stream) {
    this.#reader = stream.getReader();
  }

  async more() {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return false;
      this.#chunk = value;
    }
    return true;
  }

  async bytes(count) {
    const out = new Uint8Array(count);
    let filled = 0;
    while (filled < count && await this.more()) {
      const part = this.#take(count - filled);
      out.set(part, filled);
      filled += part.length;
    }
    return out.subarray(0, filled);
  }

  /** Without its line feed; null if the stream ends first. */
  async line() {
    let text = '';
    while (await this.more()) {
      const end = this.#chunk.indexOf(10);
      const part = this.#take(end < 0 ? this.#chunk.length : end);
      text += String.fromCharCode(...part.subarray(0, MAX_LINE));
      if (text.length > MAX_LINE) {
        throw new LivenessError('CLIP_HEADER', 'a line of more than 1 KiB');
      }
      if (end < 0) continue;
      this.#take(1);
      return text;
    }
    return null;
  }

  async close() {
    await this.#reader.cancel().catch(() => {});
  }

  #take(count) {
    const part = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(part.length);
    this.offset += part.length;
    return part;
  }
}

/** @param {string} line */
function parseHeader(line) {
  const tokens = line.slice(MAGIC.length).split(' ');
  const field = (key) => tokens.find((token) => token.startsWith(key))?.slice(1);
  const side = (key) => {
    const text = field(key) ?? '';
    if (!/^[1-9]\d{0,11}$/.test(text)) {
      throw new LivenessError('CLIP_HEADER', `header: ${key} is no size`);
    }
    if (Number(text) > MAX_SIDE) {
      throw new LivenessError('CLIP_TOO_LARGE', `header: ${key} is ${text}, at most ${MAX_SIDE}`);
    }
    return Number(text);
  };
  const layout = field('C') ?? '420';
  if (!LAYOUTS.has(layout)) throw new LivenessError('CLIP_FORMAT', `C${layout} is not 8-bit 4:2:0`);
  const rate = /^(\d{1,9}):(\d{1,9})$/.exec(field('F') ?? '0:0')?.slice(1).map(Number);
  if (!rate || (rate[0] === 0) !== (rate[1] === 0)) {
    throw new LivenessError('CLIP_HEADER', 'header: F is no rate');
  }
  return {
    width: side('W'),
    height: side('H'),
    fullRange: tokens.includes('XCOLORRANGE=FULL'),
    rate: rate[0] === 0 ? DEFAULT_RATE : rate,
  };
}

/** @param {Blob} blob */
async function isGzip(blob) {
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  return first === 0x1f && second === 0x8b;
}

/** Is this a y4m file, or a gzipped one? @param {Blob} blob */
export async function isY4m(blob) {
  return await isGzip(blob) || (await blob.slice(0, MAGIC.length).text()) === MAGIC;
}

/**
 * Its frames, as the library takes them; frame n has the time n / rate.
 *
 * @param {Blob} blob
 */
export async function* readY4m(blob) {
  const packed = await isGzip(blob);
  const stream = blob.stream();
  const reader = new ByteReader(
    packed ? stream.pipeThrough(new DecompressionStream('gzip')) : stream);
  try {
    const header = await reader.line();
    if (!header?.startsWith(MAGIC)) {
      throw new LivenessError('CLIP_MAGIC', `does not start with "${MAGIC}"`);
    }
    const { width, height, fullRange, rate } = parseHeader(header);
    const size = width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
    for (let index = 0; await reader.more(); index++) {
      const { offset } = reader;
      const where = `frame ${index} at byte ${offset}`;
      const line = await reader.line();
      if (line !== 'FRAME' && !line?.startsWith('FRAME ')) {
        throw new LivenessError('CLIP_HEADER', `${where}: does not start with "FRAME"`, { offset });
      }
      const data = await reader.bytes(size);
      if (data.length < size) {
        const text = `${where}: the file ends after ${data.length} of ${size} bytes`;
        throw new LivenessError('CLIP_TRUNCATED', text, { offset });
      }
      const timestamp = (index * 1e6 * rate[1]) / rate[0];
      yield { data, width, height, format: 'I420', timestamp, fullRange };
    }
  } catch (error) {
    if (error instanceof LivenessError || !packed) throw error;
    throw new LivenessError('CLIP_FORMAT', 'damaged gzip data', { cause: error });
  } finally {
    await reader.close();
  }
}
