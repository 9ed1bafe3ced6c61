// SPDX-License-Identifier: MIT
// @ts-check
// A picture file as pixels: PNG by png.js; JPEG and WebP by ffmpeg, by way of PNG, which tells its
// size.

import { LivenessError } from '../engine/errors.js';
import { pictureRotation } from './exif.js';
import { runFfmpeg } from './ffmpeg.js';
import { readRegular } from './files.js';
import { decodePng, isPng } from './png.js';

const MAX_FILE_BYTES = 2 ** 26;
const TO_PNG = ['-frames:v', '1', '-pix_fmt', 'rgb24', '-c:v', 'png', '-f', 'image2pipe', 'pipe:1'];
export const PICTURE_NAME = /\.(png|jpe?g|webp)$/i;

/** The demuxer of ffmpeg. @param {Uint8Array} file */
function demuxer(file) {
  if (file[0] === 0xff && file[1] === 0xd8) return 'jpeg_pipe';
  if (String.fromCharCode(...file.subarray(8, 12)) === 'WEBP') return 'webp_pipe';
  throw new LivenessError('CLIP_PICTURE', 'neither PNG nor JPEG nor WebP');
}

/** @param {Uint8Array} file @param {object} options */
async function decode(file, options) {
  if (isPng(file)) return decodePng(file);
  const parts = [];
  // The file's own word on how to turn it is ours to read.
  const args = ['-noautorotate', '-f', demuxer(file), '-i', 'pipe:0', ...TO_PNG];
  for await (const part of runFfmpeg(args, { ...options, input: file })) parts.push(part);
  return decodePng(Buffer.concat(parts));
}

/**
 * @param {string} path
 * @param {{follow?: boolean, ffmpeg?: string, timeoutMs?: number, signal?: AbortSignal}} options
 *   follow: symbolic links
 */
export async function readPicture(path, { follow = false, ...options }) {
  const file = await readRegular(path, 'CLIP', { follow, maxBytes: MAX_FILE_BYTES });
  try {
    const pixels = await decode(file, options);
    return { ...pixels, format: /** @type {const} */ ('RGBA'), rotation: pictureRotation(file) };
  } catch (error) {
    throw error instanceof LivenessError ? error.inFile(path) : error;
  }
}
