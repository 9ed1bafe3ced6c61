// SPDX-License-Identifier: MIT
// @ts-check
// Video files and JPEG by a separate program, ffmpeg: started without a shell, with a time limit,
// and killed when nobody wants its output any more.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { badArgument, LivenessError, show } from '../engine/errors.js';
import { checkSignal, readNumber, readOptions } from '../engine/options.js';
import { asPath, openRegular } from './files.js';
import { MAX_CLIP_BYTES, MAX_FPS, MIN_FPS, parseY4m } from './y4m.js';

const DECODE_TIMEOUT_MS = 30_000;
export const DECODE_DEFAULTS = {
  ffmpeg: 'ffmpeg',
  timeoutMs: DECODE_TIMEOUT_MS,
  maxBytes: MAX_CLIP_BYTES,
  signal: undefined,
};
const STDERR_BYTES = 4096;
// -xerror: a damaged picture is an error, not a grey patch.
const ALWAYS = ['-hide_banner', '-loglevel', 'error', '-xerror', '-max_pixels', String(2 ** 24)];
// Containers that hold their own pictures: no play lists, no file patterns, no devices.
const CONTAINERS = 'mov,matroska,webm,avi,mpegts,mpeg,ogg,flv,asf,ivf,h264,hevc,mjpeg,gif';

/**
 * Runs ffmpeg and yields what it writes.
 *
 * @param {string[]} args
 * @param {{
 *   ffmpeg?: string, timeoutMs?: number, signal?: AbortSignal, input?: Uint8Array,
 * }} [options]  timeoutMs: for waiting; time that the reader of the output needs does not count
 */
export async function* runFfmpeg(args, options = {}) {
  const { ffmpeg = 'ffmpeg', timeoutMs = DECODE_TIMEOUT_MS, signal, input } = options;
  checkSignal(signal, 'before decoding');
  const child = spawn(ffmpeg, [...ALWAYS, ...args], { stdio: 'pipe', windowsHide: true });
  /** @type {Promise<{error?: any, code?: number | null}>} */
  const ended = new Promise((done) => {
    child.once('error', (error) => done({ error }));
    child.once('close', (code) => done({ code }));
  });
  let log = '';
  child.stderr.setEncoding('latin1').on('data', (text) => {
    log = (log + text).slice(-STDERR_BYTES);
  });
  child.stdin.on('error', () => {}); // ffmpeg may end before it has read all
  child.stdin.end(input);
  const kill = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });

  let left = timeoutMs;
  let late = false;
  /** @template T @param {Promise<T>} promise @returns {Promise<T>} */
  const limited = async (promise) => {
    const start = performance.now();
    const timer = setTimeout(
      () => {
        late = kill();
      },
      Math.max(0, left),
    );
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      left -= performance.now() - start;
    }
  };

  try {
    const chunks = child.stdout[Symbol.asyncIterator]();
    for (;;) {
      // A program that did not start has no output but an error: told by `ended`.
      const next = await limited(chunks.next().catch(() => ({ done: true, value: undefined })));
      if (next.done) break;
      yield/** @type {Uint8Array} */ (next.value);
    }
    const { error, code } = await limited(ended);
    checkSignal(signal, 'while decoding');
    if (error) {
      const text = `cannot start ${ffmpeg} (${error.code}); is it installed?`;
      throw new LivenessError('DECODE_UNAVAILABLE', text, { cause: error });
    }
    if (late) throw new LivenessError('DECODE_TIMEOUT', `ffmpeg took more than ${timeoutMs} ms`);
    if (code !== 0) {
      throw new LivenessError('DECODE_FAILED', `ffmpeg: ${lastLine(log) || `exit status ${code}`}`);
    }
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
    child.stdout.destroy(); // unread output would hold back "close"
    await ended;
  }
}

/** @param {string} log */
const lastLine = (log) =>
  log
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/[^\x20-\x7e]/g, '?') ?? '';

/** @param {{ffmpeg: unknown, timeoutMs: unknown, maxBytes: unknown, signal: unknown}} options */
export function readDecodeOptions({ ffmpeg, timeoutMs, maxBytes, signal }) {
  if (typeof ffmpeg !== 'string' || ffmpeg === '') throw badArgument(`ffmpeg is ${show(ffmpeg)}`);
  return {
    ffmpeg,
    timeoutMs: readNumber(timeoutMs, 'timeoutMs', 1, 2 ** 31 - 1),
    maxBytes: readNumber(maxBytes, 'maxBytes', 1, Infinity),
    signal: checkSignal(signal, 'before reading'),
  };
}

/**
 * The frames of a video file, upright and at a constant rate: ffmpeg repeats or drops frames of a
 * clip whose rate varies.
 *
 * @type {import('./node.js').ReadVideo}
 */
export async function* readVideo(path, given) {
  const wish = readOptions(given, { ...DECODE_DEFAULTS, fps: undefined }, 'readVideo');
  const { ffmpeg, timeoutMs, maxBytes, signal } = readDecodeOptions(wish);
  const fps = wish.fps === undefined ? undefined : readNumber(wish.fps, 'fps', MIN_FPS, MAX_FPS);
  const file = asPath(path);
  await (await openRegular(file, 'CLIP')).close();
  const chunks = runFfmpeg(
    [
      '-nostdin',
      '-protocol_whitelist',
      'file,pipe',
      '-format_whitelist',
      CONTAINERS,
      '-i',
      `file:${resolve(file)}`,
      '-map',
      '0:v:0',
      // The module takes BT.601 in 16 .. 235. -fpsmax: recordings by browsers claim 1000 a second.
      '-vf',
      'scale=out_color_matrix=bt601:out_range=tv',
      '-pix_fmt',
      'yuv420p',
      ...(fps === undefined ? ['-fpsmax', '60'] : ['-r', String(fps)]),
      '-f',
      'yuv4mpegpipe',
      'pipe:1',
    ],
    { ffmpeg, timeoutMs, signal },
  );
  try {
    yield* parseY4m(chunks, { maxBytes });
  } catch (error) {
    throw error instanceof LivenessError ? error.inFile(file) : error;
  }
}
