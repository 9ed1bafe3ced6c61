// SPDX-License-Identifier: MIT
// @ts-check
// What kind of picture a file is, by its first bytes, whatever its name says.

import { LivenessError } from '../engine/errors.js';

/** Larger photos are made smaller: as a good camera of a page gives them; enough for every view. */
export const PHOTO_SIDE = 2048;
/** So many bytes tell. */
export const HEAD_BYTES = 32;
const MOVES = 2; // of the flags of VP8X

/** @param {Uint8Array} bytes @param {number} at @param {string} text  Latin-1 */
export const says = (bytes, at, text) =>
  [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));

/** @param {Uint8Array} head  the first HEAD_BYTES, or all
 * @returns {'png' | 'jpeg' | 'webp'} */
export function pictureKind(head) {
  if (says(head, 0, '\xff\xd8')) return 'jpeg';
  if (says(head, 0, '\x89PNG\r\n\x1a\n')) return 'png';
  if (!says(head, 0, 'RIFF') || !says(head, 8, 'WEBP')) {
    throw new LivenessError('CLIP_PICTURE', 'neither PNG nor JPEG nor WebP');
  }
  if (says(head, 12, 'VP8X') && head[20] & MOVES) {
    throw new LivenessError('CLIP_PICTURE', 'a WebP that moves is no picture');
  }
  return 'webp';
}
