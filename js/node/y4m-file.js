// SPDX-License-Identifier: MIT
// @ts-check
// .y4m and .y4m.gz files in Node.

import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LivenessError } from '../engine/errors.js';
import { checkSignal, readNumber, readOptions } from '../engine/options.js';
import { asPath, fileError, openRegular } from './files.js';
import { DEFAULT_FPS, MAX_CLIP_BYTES, MAX_FPS, MIN_FPS, parseY4m } from './y4m.js';

/**
 * The frames of a .y4m or .y4m.gz file (told apart by their first bytes), with bounded memory.
 *
 * @type {import('./node.js').ReadY4m}
 */
export async function* readY4m(path, options) {
  const defaults = { fps: DEFAULT_FPS, maxBytes: MAX_CLIP_BYTES, signal: undefined };
  const wish = readOptions(options, defaults, 'readY4m');
  const fps = readNumber(wish.fps, 'fps', MIN_FPS, MAX_FPS);
  const maxBytes = readNumber(wish.maxBytes, 'maxBytes', 1, Infinity);
  const signal = checkSignal(wish.signal, 'before reading');
  const file = asPath(path, 'readY4m: the clip');
  const handle = await openRegular(file, 'CLIP', { follow: true });
  try {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(2), 0, 2, 0);
    const source = handle.createReadStream({ start: 0, autoClose: false });
    const packed = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    // pipeline() hands an error of the file on to the stream that is read here.
    const stream = packed ? pipeline(source, createGunzip(), () => {}) : source;
    try {
      for await (const frame of parseY4m(stream, { fps, maxBytes })) {
        checkSignal(signal, 'while reading');
        yield frame;
      }
    } finally {
      stream.destroy();
      source.destroy();
    }
  } catch (error) {
    throw clipError(file, error);
  } finally {
    await handle.close();
  }
}

/** @param {string} file @param {any} error */
function clipError(file, error) {
  if (error?.code === 'Z_BUF_ERROR') {
    const text = 'the gzip data ends too early';
    return new LivenessError('CLIP_TRUNCATED', text, { file, cause: error });
  }
  if (/^Z_|^ERR_.*BUFFER_TOO_LARGE/.test(error?.code)) {
    return new LivenessError('CLIP_FORMAT', 'damaged gzip data', { file, cause: error });
  }
  return fileError('CLIP', file, error);
}
