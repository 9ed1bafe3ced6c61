// SPDX-License-Identifier: MIT
// @ts-check
// Video files by ffmpeg: every picture of the video track as it was taken, with its own time and
// its own size. A constant rate would hide a camera that is too slow, and one size would stretch
// what a turned phone goes on with.

import { resolve } from 'node:path';
import { LivenessError } from '../engine/errors.js';
import { checkSignal, readNumber, readOptions } from '../engine/options.js';
import { DECODE_DEFAULTS, readDecodeOptions, runFfmpeg } from './ffmpeg.js';
import { asPath, openRegular, tooLarge } from './files.js';
import { ByteReader, MAX_FPS, MAX_SIDE, MIN_FPS } from './y4m.js';

// Containers that hold their own pictures: no play lists, no file patterns, no devices.
const CONTAINERS = 'mov,matroska,webm,avi,mpegts,mpeg,ogg,flv,asf,ivf,h264,hevc,mjpeg,gif';
const CONFINED = ['-protocol_whitelist', 'file,pipe', '-format_whitelist', CONTAINERS];
// Pixels become square by enlarging one side; a shape beyond 1:4 is a mistake of the file's. The
// module takes BT.601 in 16 .. 235. showinfo writes a line for each picture to stderr before the
// picture goes out; it and the clock of settb are in every ffmpeg.
const SHAPE = 'if(between(sar,1/4,4),sar,1)';
const FILTERS = [
  `scale='trunc(iw*max(${SHAPE},1)+.5)':'trunc(ih/min(${SHAPE},1)+.5)'` +
    ':out_color_matrix=bt601:out_range=tv',
  ...['setsar=1', 'settb=1/1000000', 'showinfo'],
];
const PICTURE = /^\[\w*showinfo\w* @.*\bn: *\d+ pts: *(-?\d+|NOPTS) .*\bs:(\d+)x(\d+)\b/;
// Newest first: -fps_mode is of 5.1, -autoscale of 4.4.
const DIALECTS = [
  ['-fps_mode', 'passthrough', '-noautoscale'],
  ['-vsync', 'passthrough', '-noautoscale'],
  ['-vsync', 'passthrough'],
];

const PART = 2 ** 16; // of output without a picture
const UNTOLD = 'ffmpeg tells nothing of its pictures';

/** @typedef {{time: number, width: number, height: number}} Picture  time: microseconds */

/** What ffmpeg's log tells of the pictures: a line before each, but by another pipe. */
class Pictures {
  /** @type {Picture[]} */ #told = [];
  #ended = false;
  #wake = () => {};

  /** @param {string} line */
  read(line) {
    const [found, time, width, height] = PICTURE.exec(line) ?? [];
    if (!found) return;
    this.#told.push({ time: Number(time), width: Number(width), height: Number(height) });
    this.#wake();
  }

  end() {
    this.#ended = true;
    this.#wake();
  }

  /** The next one, whose first byte is there already; null if the log has ended without it.
   * @param {number} timeoutMs */
  async next(timeoutMs) {
    if (this.#told.length === 0 && !this.#ended) {
      /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
      await new Promise((done) => {
        this.#wake = () => done(undefined);
        timer = setTimeout(done, timeoutMs);
      });
      clearTimeout(timer);
    }
    const picture = this.#told.shift();
    if (!picture && this.#ended) return null;
    if (!picture) throw new LivenessError('DECODE_TIMEOUT', UNTOLD);
    if (Number.isNaN(picture.time)) throw new LivenessError('DECODE_FAILED', 'a frame has no time');
    if (Math.max(picture.width, picture.height) > MAX_SIDE) {
      const text = `${picture.width}x${picture.height}, at most ${MAX_SIDE} a side`;
      throw new LivenessError('CLIP_TOO_LARGE', text);
    }
    return picture;
  }
}

/** Of an error, as of a version of ffmpeg or a file without a picture. @param {any} error */
function explain(error) {
  if (error?.code !== 'DECODE_FAILED') return error;
  const text = /matches no streams/.test(error.detail)
    ? 'no video track: sound alone, or a cover picture'
    : /not on whitelist/.test(error.detail)
      ? `no video of a kind that is read here (${CONTAINERS})`
      : null;
  return text ? new LivenessError('CLIP_FORMAT', text, { cause: error }) : error;
}

/**
 * The pictures by one way of calling ffmpeg.
 *
 * @param {string[]} args
 * @param {boolean} stretches  it makes every picture as large as the first
 * @param {{ffmpeg: string, timeoutMs: number, maxBytes: number, signal?: AbortSignal}} options
 * @returns {AsyncGenerator<import('./y4m.js').RawFrame, void, undefined>}
 */
async function* pictures(args, stretches, { maxBytes, ...options }) {
  const told = new Pictures();
  const run = runFfmpeg(args, {
    ...options,
    onLine: (line) => told.read(line),
    onSilence: () => told.end(),
  });
  const reader = new ByteReader(run);
  /** @type {Picture | undefined} */ let first;
  let last = -Infinity;
  try {
    while (await reader.more()) {
      const picture = await told.next(options.timeoutMs);
      checkSignal(options.signal, 'while decoding'); // its output may be here already
      if (!picture) {
        // Why, its end will tell: what failed, or that it takes too long.
        while (reader.offset <= maxBytes && (await reader.more())) await reader.bytes(PART);
        if (reader.offset > maxBytes) throw tooLarge('CLIP', maxBytes);
        throw new LivenessError('DECODE_FAILED', UNTOLD);
      }
      const { time, width, height } = picture;
      first ??= { time, width, height };
      if (stretches && (width !== first.width || height !== first.height)) {
        const text = `from ${first.width}x${first.height} to ${width}x${height} in the middle`;
        throw new LivenessError('DECODE_UNAVAILABLE', `${text}: this needs ffmpeg 4.4 or newer`);
      }
      const size = width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
      if (reader.offset + size > maxBytes) {
        throw tooLarge('CLIP', maxBytes);
      }
      const data = await reader.bytes(size);
      if (data.length < size) throw new LivenessError('CLIP_TRUNCATED', 'ends inside a picture');
      const timestamp = time - first.time;
      if (timestamp <= last) continue; // a clock that stands still or goes back
      last = timestamp;
      yield { data, width, height, format: 'I420', timestamp, fullRange: false };
    }
    if (!first) throw new LivenessError('CLIP_EMPTY', 'no picture');
  } finally {
    await reader.close();
  }
}

/** @type {import('./node.js').ReadVideo} */
export async function* readVideo(path, given) {
  const wish = readOptions(given, { ...DECODE_DEFAULTS, fps: undefined }, 'readVideo');
  const options = readDecodeOptions(wish);
  const fps = wish.fps === undefined ? undefined : readNumber(wish.fps, 'fps', MIN_FPS, MAX_FPS);
  const file = asPath(path, 'readVideo: the clip');
  await (await openRegular(file, 'CLIP', { follow: true })).close();
  const filters = fps === undefined ? FILTERS : [`fps=${fps}`, ...FILTERS];
  const input = ['-nostdin', ...CONFINED, '-i', `file:${resolve(file)}`];
  // V: not a cover picture, which may be stored before the video.
  const output = ['-map', '0:V:0', '-vf', filters.join(), '-pix_fmt', 'yuv420p'];
  const target = ['-f', 'rawvideo', 'pipe:1'];
  for (const [i, dialect] of DIALECTS.entries()) {
    const stretches = !dialect.includes('-noautoscale');
    try {
      yield* pictures([...input, ...output, ...dialect, ...target], stretches, options);
      return;
    } catch (error) {
      const old =
        i + 1 < DIALECTS.length &&
        error instanceof LivenessError &&
        /Unrecognized option|Option not found/.test(error.detail);
      if (old) continue;
      const told = explain(error);
      throw told instanceof LivenessError ? told.inFile(file) : told;
    }
  }
}
