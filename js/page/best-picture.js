// SPDX-License-Identifier: MIT
// @ts-check
// Frames of a page as JPEG files, by a canvas; and picture files as frames.

import { HEAD_BYTES, PHOTO_SIDE, pictureKind } from '../check/photo-file.js';
import { bytesOf } from '../engine/bytes.js';
import { LivenessError, textOf } from '../engine/errors.js';
import { copyFrame } from '../engine/raw-frame.js';
import { movable } from './frame-copy.js';

/** @typedef {import('../engine/engine.js').RawFrame} RawFrame */

const QUALITY = 0.92;

/** @param {'OffscreenCanvas' | 'VideoFrame'} name @param {string} what */
function need(name, what) {
  if (globalThis[name]) return;
  const text = `a picture of ${what} needs ${name}, which is not here`;
  throw new LivenessError('ENV_UNSUPPORTED', text);
}

/** @param {number} width @param {number} height */
function canvasOf(width, height) {
  need('OffscreenCanvas', 'a person');
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new LivenessError('ENV_OOM', 'no canvas for a picture');
  return { canvas, context };
}

/** Of raw frames only RGBA without gaps is drawn without one. @param {any} frame */
const needsVideoFrame = (frame) =>
  frame?.layout !== undefined || ['BGRA', 'I420', 'NV12'].includes(frame?.format);

/** What drawImage takes; closed by the caller. @param {any} frame */
function drawable(frame) {
  if (!frame.data) return frame;
  const { data, width, height, format, layout, timestamp = 0, fullRange } = frame;
  if (!needsVideoFrame(frame)) {
    const { canvas, context } = canvasOf(width, height);
    const pixels = new Uint8ClampedArray(data.buffer, data.byteOffset, 4 * width * height);
    context.putImageData(new ImageData(pixels, width, height), 0, 0);
    return canvas;
  }
  const matrix = /** @type {const} */ ('smpte170m');
  const colorSpace = { matrix, fullRange: Boolean(fullRange) };
  const size = { codedWidth: width, codedHeight: height };
  return new VideoFrame(data, { ...size, format, layout, timestamp, colorSpace });
}

/** The picture as it is shown. @param {any} frame  VideoFrame or ImageBitmap */
function drawn(frame) {
  const { displayWidth = frame.width, displayHeight = frame.height } = frame;
  const { canvas, context } = canvasOf(displayWidth, displayHeight);
  context.drawImage(frame, 0, 0);
  return canvas.transferToImageBitmap();
}

/** The frame's bytes in a frame of their own. @param {VideoFrame} frame */
async function copied(frame) {
  const { visibleRect, displayWidth: w, displayHeight: h, timestamp, colorSpace } = frame;
  const { width, height } = /** @type {DOMRectReadOnly} */ (visibleRect);
  const { rotation = 0, flip = false } = /** @type {any} */ (frame);
  const [displayWidth, displayHeight] = rotation % 180 ? [h, w] : [w, h];
  const data = new Uint8Array(frame.allocationSize());
  const layout = await frame.copyTo(data);
  return new VideoFrame(data, {
    format: /** @type {VideoPixelFormat} */ (frame.format),
    ...{ codedWidth: width, codedHeight: height, layout, timestamp, colorSpace },
    ...{ displayWidth, displayHeight, rotation, flip },
  });
}

/** None of the camera's: it has few, and stalls while two of them are open (newest-frame.js).
 * @param {VideoFrame} frame  a clone, closed here */
async function ownCopy(frame) {
  try {
    return await copied(frame); // a tenth of a millisecond, where drawing takes ten
  } catch {
    return drawn(frame); // what is in it nobody tells: pictures of a GPU, perhaps
  } finally {
    frame.close();
  }
}

/** @type {import('../check/best.js').PictureMaker} */
export const pictures = {
  /** @param {any} frame */
  hold(frame) {
    // What the picture will need is asked for now rather than at the end of a check.
    need('OffscreenCanvas', 'a person');
    const kind = movable(frame);
    if (kind) return kind === globalThis.VideoFrame ? ownCopy(frame.clone()) : drawn(frame);
    const copy = /** @type {any} */ (copyFrame(frame));
    if (needsVideoFrame(copy)) need('VideoFrame', `${copy.format}`);
    return copy;
  },

  async make(frame, crop) {
    const { data, rotation = 0 } = /** @type {RawFrame} */ (frame);
    const source = drawable(frame);
    const [w, h] = [source.displayWidth ?? source.width, source.displayHeight ?? source.height];
    // A VideoFrame is drawn upright by the browser; the turn of a raw frame is ours.
    const turn = data ? rotation : 0;
    const [width, height] = turn % 180 ? [h, w] : [w, h];
    const all = { x: 0, y: 0, width, height };
    const box = crop ?? all;
    const left = Math.max(Math.round(box.x), 0);
    const top = Math.max(Math.round(box.y), 0);
    const right = Math.min(Math.round(box.x + box.width), width);
    const bottom = Math.min(Math.round(box.y + box.height), height);
    const { canvas, context } = canvasOf(right - left, bottom - top);
    context.translate(width / 2 - left, height / 2 - top);
    context.rotate((turn * Math.PI) / 180);
    context.drawImage(source, -w / 2, -h / 2, w, h);
    if (source !== frame) source.close?.();
    return canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
  },

  /** @param {any} photo */
  async read(photo) {
    const bytes = bytesOf(photo, 'Uint8Array', 'ArrayBuffer');
    const file = bytes ? new Blob([bytes.slice()]) : photo;
    if (!(file instanceof Blob)) return photo;
    const head = await file
      .slice(0, HEAD_BYTES)
      .arrayBuffer()
      .catch((error) => {
        throw new LivenessError('CLIP_UNREADABLE', textOf(error), { cause: error });
      });
    pictureKind(new Uint8Array(head));
    let bitmap;
    try {
      bitmap = await createImageBitmap(file); // upright
    } catch (error) {
      throw new LivenessError('CLIP_PICTURE', `it cannot be decoded: ${error}`, { cause: error });
    }
    const share = PHOTO_SIDE / Math.max(bitmap.width, bitmap.height);
    if (share >= 1) return bitmap;
    const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.round(side * share));
    const { canvas, context } = canvasOf(width, height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    return canvas.transferToImageBitmap();
  },
};
