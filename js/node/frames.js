// SPDX-License-Identifier: MIT
// @ts-check
// A folder of numbered pictures as a clip.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LivenessError } from '../engine/errors.js';
import { checkSignal, readNumber, readOptions } from '../engine/options.js';
import { DECODE_DEFAULTS, readDecodeOptions } from './ffmpeg.js';
import { asPath, fileError } from './files.js';
import { PICTURE_NAME, readPicture } from './picture-file.js';
import { DEFAULT_FPS, MAX_FPS, MIN_FPS } from './y4m.js';

/** The pictures of a folder by the last number of their names, which must rise by one.
 * @param {string} folder */
async function listPictures(folder) {
  let names;
  try {
    names = await readdir(folder);
  } catch (error) {
    throw fileError('CLIP', folder, error);
  }
  const pictures = [];
  for (const name of names) {
    if (name.startsWith('.') || !PICTURE_NAME.test(name)) continue;
    const number = /(\d{1,15})\D*$/.exec(name.replace(/\.[^.]*$/, ''))?.[1];
    const file = join(folder, name);
    if (number === undefined) {
      throw new LivenessError('CLIP_ORDER', 'no number in the name', { file });
    }
    pictures.push({ number: Number(number), file });
  }
  if (pictures.length === 0) {
    throw new LivenessError('CLIP_EMPTY', 'no PNG, JPEG or WebP in the folder', { file: folder });
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

/**
 * The frames of a folder of PNG, JPEG or WebP files (these by ffmpeg) at the rate `fps`, each of
 * its own size.
 *
 * @type {import('./node.js').ReadFrames}
 */
export async function* readFrames(path, given) {
  const wish = readOptions(given, { ...DECODE_DEFAULTS, fps: DEFAULT_FPS }, 'readFrames');
  const { maxBytes, ...decode } = readDecodeOptions(wish);
  const fps = readNumber(wish.fps, 'fps', MIN_FPS, MAX_FPS);
  const files = await listPictures(asPath(path, 'readFrames: the folder'));
  let bytes = 0;
  for (const [index, file] of files.entries()) {
    checkSignal(decode.signal, 'while reading'); // a PNG needs no decoder that would
    const picture = await readPicture(file, decode);
    bytes += picture.data.length;
    if (bytes > maxBytes) {
      throw new LivenessError('CLIP_TOO_LARGE', `more than ${maxBytes} bytes`, { file });
    }
    yield { ...picture, timestamp: (index * 1e6) / fps };
  }
}
