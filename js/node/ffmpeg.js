// SPDX-License-Identifier: MIT
// @ts-check
// ffmpeg, a separate program: started without a shell, with a time limit, and killed when nobody
// wants its output any more. What stands in its place may have started another program, which no
// kill reaches: it finds its pipes closed.

import { spawn } from 'node:child_process';
import { badArgument, LivenessError, show } from '../engine/errors.js';
import { checkSignal, readMs, readNumber } from '../engine/options.js';
import { MAX_CLIP_BYTES } from './y4m.js';

const DECODE_TIMEOUT_MS = 30_000;
export const DECODE_DEFAULTS = {
  ffmpeg: 'ffmpeg',
  timeoutMs: DECODE_TIMEOUT_MS,
  maxBytes: MAX_CLIP_BYTES,
  signal: undefined,
};
const MAX_LINE = 4096;
// -xerror: a damaged picture is an error, not a grey patch. level: "[error] " before a line.
const ALWAYS = [
  ...['-hide_banner', '-nostats', '-loglevel', 'level+info', '-xerror'],
  ...['-max_pixels', String(2 ** 24)],
];
const NOT_INSTALLED =
  'it reads video, JPEG and WebP: install ffmpeg, or name the program (.y4m and PNG need none)';

/** @param {{ffmpeg: unknown, timeoutMs: unknown, maxBytes: unknown, signal: unknown}} options */
export function readDecodeOptions({ ffmpeg, timeoutMs, maxBytes, signal }) {
  if (typeof ffmpeg !== 'string' || ffmpeg === '' || ffmpeg.includes('\0')) {
    throw badArgument(`ffmpeg is ${show(ffmpeg)}, not the name or path of a program`);
  }
  return {
    ffmpeg,
    timeoutMs: readMs(timeoutMs, 'timeoutMs'),
    maxBytes: readNumber(maxBytes, 'maxBytes', 1, Infinity),
    signal: checkSignal(signal, 'before reading'),
  };
}

/** One line of a log, for one line of ours. @param {string} line */
const plain = (line) => line.replace(/^(\[[^\]]*\] )+/, '').replace(/[^\x20-\x7e]/g, '?');

/** @param {string} ffmpeg @param {any} error */
const unavailable = (ffmpeg, error) =>
  new LivenessError(
    'DECODE_UNAVAILABLE',
    `cannot start ${ffmpeg} (${error.code}): ${NOT_INSTALLED}`,
    { cause: error },
  );

/** Some of what stops a program is thrown here, the rest is told by an event.
 * @param {string} ffmpeg @param {string[]} args */
function start(ffmpeg, args) {
  try {
    return spawn(ffmpeg, args, { stdio: 'pipe', windowsHide: true });
  } catch (error) {
    throw unavailable(ffmpeg, error);
  }
}

/**
 * Runs ffmpeg.
 *
 * @param {string[]} args
 * @param {{
 *   ffmpeg?: string, timeoutMs?: number, signal?: AbortSignal, input?: Uint8Array,
 *   onLine?: (line: string) => void, onSilence?: () => void,
 * }} [options]  timeoutMs: for each wait, since the whole is as long as the clip and the machine is
 *   slow. onLine: of what it says on stderr. onSilence: no further line will come, whatever ended
 *   them
 * @returns {AsyncGenerator<Uint8Array, void, undefined>}  what it writes
 */
export async function* runFfmpeg(args, options = {}) {
  const { ffmpeg = 'ffmpeg', timeoutMs = DECODE_TIMEOUT_MS, signal, input } = options;
  checkSignal(signal, 'before decoding');
  const child = start(ffmpeg, [...ALWAYS, ...args]);
  /** @type {Promise<{error?: any, code?: number | null}>} */
  const ended = new Promise((done) => {
    child.once('error', (error) => done({ error }));
    child.once('close', (code) => done({ code }));
  });
  // What it complains of: the first error, for those behind it are general.
  let [complaint, last, rest] = ['', '', ''];
  /** @param {string} line */
  const read = (line) => {
    options.onLine?.(line);
    if (/\[(error|fatal|panic)\]/.test(line)) complaint ||= line;
    if (line.trim() !== '') last = line;
  };
  child.stderr.setEncoding('latin1').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = /** @type {string} */ (lines.pop()).slice(-MAX_LINE);
    lines.forEach(read);
  });
  child.stderr.once('close', () => options.onSilence?.());
  child.stdin.on('error', () => {}); // ffmpeg may end before it has read all
  child.stdin.end(input);
  const kill = () => {
    child.kill('SIGKILL');
    // They are open for as long as any program holds them, or has output that nobody reads, and
    // "close" waits for them.
    for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
  };
  signal?.addEventListener('abort', kill, { once: true });

  let late = false;
  /** @template T @param {Promise<T>} promise @returns {Promise<T>} */
  const limited = async (promise) => {
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
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
    if (error) throw unavailable(ffmpeg, error);
    if (late) throw new LivenessError('DECODE_TIMEOUT', `nothing of ffmpeg for ${timeoutMs} ms`);
    if (code !== 0) {
      read(rest);
      const text = plain(complaint || last) || `exit status ${code}`;
      throw new LivenessError('DECODE_FAILED', `ffmpeg: ${text}`);
    }
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
    await ended;
  }
}
