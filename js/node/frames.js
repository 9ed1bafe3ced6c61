// SPDX-License-Identifier: MIT
// @ts-check
// A folder of numbered pictures as a clip.

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LivenessError } from '../engine/errors.js';
import { readNumber, readOptions } from '../engine/options.js';
import { asPath, fileError, readRegular } from './files.js';
import { decodePng, isPng } from './png.js';
import { DECODE_DEFAULTS, readDecodeOptions, runFfmpeg } from './video.js';
import { DEFAULT_FPS, MAX_FPS, MIN_FPS } from './y4m.js';

const MAX_FILE_BYTES = 2 ** 26;

/** The pictures of a folder by the last number of their names, which must rise by one.
 * @param {string} folder */
async function listPictures(folder) {
  let names;
  try {
    if ((await lstat(folder)).isSymbolicLink()) {
      throw new LivenessError('CLIP_NOT_FILE', 'a symbolic link');
    }
    names = await readdir(folder);
  } catch (error) {
    throw fileError('CLIP', folder, error);
  }
  const pictures = [];
  for (const name of names) {
    if (name.startsWith('.') || !/\.(png|jpe?g)$/i.test(name)) continue;
    const number = /(\d{1,15})\D*$/.exec(name.replace(/\.[^.]*$/, ''))?.[1];
    const file = join(folder, name);
    if (number === undefined) {
      throw new LivenessError('CLIP_ORDER', 'no number in the name', { file });
    }
    pictures.push({ number: Number(number), file });
  }
  if (pictures.length === 0) {
    throw new LivenessError('CLIP_EMPTY', 'no PNG or JPEG in the folder', { file: folder });
  }
  pictures.sort((a, b) => a.number - b.number);
  for (let i = 1; i < pictures.length; i++) {
    const { number, file } = pictures[i];
    const wanted = pictures[i - 1].number + 1;
    if (number === wanted) continue;
    const fault = number < wanted ? `number ${number} twice` : `number ${wanted} is missing`;
    throw new LivenessError('CLIP_ORDER', fault, { file });
  }
  return pictures.map(({ file }) => file);
}

const TO_PNG = ['-frames:v', '1', '-pix_fmt', 'rgb24', '-c:v', 'png', '-f', 'image2pipe', 'pipe:1'];

/** RGBA. JPEG goes by way of PNG, which tells its size.
 * @param {Uint8Array} file @param {object} options */
async function decodePicture(file, options) {
  if (isPng(file)) return decodePng(file);
  if (file[0] !== 0xff || file[1] !== 0xd8) {
    throw new LivenessError('CLIP_PICTURE', 'neither PNG nor JPEG');
  }
  const parts = [];
  const args = ['-f', 'jpeg_pipe', '-i', 'pipe:0', ...TO_PNG];
  for await (const part of runFfmpeg(args, { ...options, input: file })) parts.push(part);
  return decodePng(Buffer.concat(parts));
}

/**
 * The frames of a folder of PNG or JPEG files (these by ffmpeg) at the rate `fps`.
 *
 * @type {import('./node.js').ReadFrames}
 */
export async function* readFrames(path, given) {
  const wish = readOptions(given, { ...DECODE_DEFAULTS, fps: DEFAULT_FPS }, 'readFrames');
  const { maxBytes, ...decode } = readDecodeOptions(wish);
  const fps = readNumber(wish.fps, 'fps', MIN_FPS, MAX_FPS);
  const files = await listPictures(asPath(path));
  let size;
  for (const [index, file] of files.entries()) {
    const bytes = await readRegular(file, 'CLIP', { maxBytes: MAX_FILE_BYTES });
    try {
      const picture = await decodePicture(bytes, decode);
      size ??= picture;
      if (picture.width !== size.width || picture.height !== size.height) {
        const sizes = `${picture.width}x${picture.height} after ${size.width}x${size.height}`;
        throw new LivenessError('CLIP_MIXED_SIZES', sizes);
      }
      if ((index + 1) * picture.data.length > maxBytes) {
        throw new LivenessError('CLIP_TOO_LARGE', `more than ${maxBytes} bytes`);
      }
      yield { ...picture, format: 'RGBA', timestamp: (index * 1e6) / fps };
    } catch (error) {
      throw error instanceof LivenessError ? error.inFile(file) : error;
    }
  }
}
