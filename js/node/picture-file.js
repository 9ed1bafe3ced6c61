// SPDX-License-Identifier: MIT
// @ts-check
// A picture file as pixels: PNG by png.js; JPEG and WebP by ffmpeg, by way of PNG, which tells its
// size.

import { PHOTO_SIDE, pictureKind } from '../check/photo-file.js';
import { bytesOf } from '../engine/bytes.js';
import { LivenessError, textOf } from '../engine/errors.js';
import { pictureRotation } from './exif.js';
import { runFfmpeg } from './ffmpeg.js';
import { asPath, readRegular, tooLarge } from './files.js';
import { decodePng } from './png.js';

const MAX_FILE_BYTES = 2 ** 26;
const TO_PNG = ['-frames:v', '1', '-pix_fmt', 'rgb24', '-c:v', 'png', '-f', 'image2pipe', 'pipe:1'];
const LARGE = ['-max_pixels', String(2 ** 27)]; // before it is made smaller
export const PICTURE_NAME = /\.(png|jpe?g|webp)$/i;

/**
 * @typedef {{ffmpeg?: string, timeoutMs?: number, signal?: AbortSignal, side?: number}}
 *   DecodeOptions  side: the longer side of what ffmpeg reads is made so small
 */

/** @param {number} side */
const within = (side) => {
  const share = `min(1,${side}/max(iw,ih))`;
  return `scale='trunc(iw*${share}+.5)':'trunc(ih*${share}+.5)':flags=area`;
};

/** @param {Uint8Array} file @param {DecodeOptions} options */
async function decode(file, { side, ...options }) {
  const kind = pictureKind(file);
  if (kind === 'png') return decodePng(file);
  const parts = [];
  // The file's own word on how to turn it is ours to read.
  const input = ['-noautorotate', '-f', `${kind}_pipe`, '-i', 'pipe:0'];
  const args = side ? [...LARGE, ...input, '-vf', within(side)] : input;
  const run = runFfmpeg([...args, ...TO_PNG], { ...options, input: file });
  let size = 0;
  for await (const part of run) {
    parts.push(part);
    size += part.length;
    if (size > MAX_FILE_BYTES) throw tooLarge('CLIP', MAX_FILE_BYTES);
  }
  return decodePng(Buffer.concat(parts));
}

/** @param {Uint8Array} file @param {DecodeOptions} options */
async function upright(file, options) {
  const pixels = await decode(file, options);
  return { ...pixels, format: /** @type {const} */ ('RGBA'), rotation: pictureRotation(file) };
}

/**
 * @param {string} path
 * @param {DecodeOptions & {follow?: boolean}} options  follow: symbolic links
 */
export async function readPicture(path, { follow = false, ...options }) {
  const file = await readRegular(path, 'CLIP', { follow, maxBytes: MAX_FILE_BYTES });
  try {
    return await upright(file, options);
  } catch (error) {
    throw error instanceof LivenessError ? error.inFile(path) : error;
  }
}

/** It may stand for a file, which may be large, or have changed since. @param {Blob} blob */
async function readBlob(blob) {
  try {
    if (blob.size <= MAX_FILE_BYTES) return await blob.arrayBuffer();
  } catch (error) {
    throw new LivenessError('CLIP_UNREADABLE', textOf(error), { cause: error });
  }
  throw tooLarge('CLIP', MAX_FILE_BYTES);
}

/** A photo as a frame: a file's path, its bytes, or a frame as it is.
 * @type {import('../check/best.js').PictureMaker['read']} */
export async function readPhoto(photo, signal) {
  const options = { signal, side: PHOTO_SIDE };
  if (typeof photo === 'string' || photo instanceof URL) {
    const path = asPath(photo, 'analyzePhoto: the photo');
    return { ...(await readPicture(path, { ...options, follow: true })), timestamp: 0 };
  }
  const given = photo instanceof Blob ? await readBlob(photo) : photo;
  const bytes = bytesOf(given, 'Uint8Array', 'ArrayBuffer');
  if (!bytes) return /** @type {import('../check/liveness.js').FrameSource} */ (given);
  return { ...(await upright(bytes.slice(), options)), timestamp: 0 };
}
