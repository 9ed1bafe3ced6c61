// SPDX-License-Identifier: MIT
// @ts-check
// How a picture file says that it lies on its side: EXIF orientation in JPEG, PNG and WebP. Read
// here, for some versions of ffmpeg obey it and others do not.

import { says } from '../check/photo-file.js';

const ORIENTATION = 0x112;
const SHORT = 3;
/** Of values 1 .. 8, the clockwise turn; 2, 4, 5 and 7 are mirrored as well, which changes nothing
 * for a face. @type {(0 | 90 | 180 | 270)[]} */
const TURNS = [0, 0, 180, 180, 90, 90, 270, 270];

/** The value in TIFF data, 1 where there is none. @param {Uint8Array} tiff */
function orientationOf(tiff) {
  if (tiff.length < 8) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = tiff[0] === 0x49; // "II", else "MM"
  const folder = view.getUint32(4, little);
  if (folder + 2 > tiff.length) return 1;
  const entries = view.getUint16(folder, little);
  for (let i = 0; i < entries; i++) {
    const at = folder + 2 + 12 * i;
    if (at + 12 > tiff.length) return 1;
    const isIt = view.getUint16(at, little) === ORIENTATION;
    if (isIt && view.getUint16(at + 2, little) === SHORT) return view.getUint16(at + 8, little);
  }
  return 1;
}

/** JPEG: segments up to the picture itself. @param {Uint8Array} file */
function inJpeg(file) {
  for (let at = 2; at + 10 <= file.length && file[at] === 0xff; ) {
    const length = (file[at + 2] << 8) | file[at + 3];
    if (file[at + 1] === 0xe1 && says(file, at + 4, 'Exif\0\0')) {
      return file.subarray(at + 10, at + 2 + length);
    }
    if (file[at + 1] === 0xda || length < 2) return null;
    at += 2 + length;
  }
  return null;
}

/** Chunks of PNG (length, name) and WebP (name, length, even). @param {Uint8Array} file
 * @param {{from: number, name: string, png: boolean}} kind */
function inChunks(file, { from, name, png }) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = from; at + 8 <= file.length; ) {
    const length = view.getUint32(png ? at : at + 4, !png);
    if (says(file, png ? at + 4 : at, name)) return file.subarray(at + 8, at + 8 + length);
    at += 8 + length + (png ? 4 : length % 2);
  }
  return null;
}

/**
 * @param {Uint8Array} file  JPEG, PNG or WebP; damaged ones are upright
 * @returns {0 | 90 | 180 | 270} the clockwise turn that makes the picture upright
 */
export function pictureRotation(file) {
  let tiff = null;
  if (file[0] === 0xff && file[1] === 0xd8) tiff = inJpeg(file);
  else if (says(file, 1, 'PNG')) tiff = inChunks(file, { from: 8, name: 'eXIf', png: true });
  else if (says(file, 8, 'WEBP')) tiff = inChunks(file, { from: 12, name: 'EXIF', png: false });
  if (!tiff) return 0;
  const orientation = orientationOf(says(tiff, 0, 'Exif\0\0') ? tiff.subarray(6) : tiff);
  return TURNS[orientation - 1] ?? 0;
}
