// SPDX-License-Identifier: MIT
// @ts-check
// The three ways to take frames of a running camera: each starts, and returns what stops it.

import { LivenessError } from '../engine/errors.js';
import { checkReadBack } from '../engine/read-back.js';

/**
 * @typedef {VideoFrame | import('../engine/engine.js').RawFrame} Frame
 * @typedef {{
 *   see(time: number, timed: boolean, shape: string): boolean,
 *   readonly wanted: boolean,
 *   put(frame: Frame): void,
 *   skip(): void,
 * }} Sink  see: is a picture of this time new? timed: its time is the sensor's; wanted: somebody
 *   waits for a frame
 */

/** Chromium: the track's own frames. @param {MediaStreamTrack} track @param {Sink} sink */
export function readTrack(track, sink) {
  const { MediaStreamTrackProcessor } = /** @type {any} */ (globalThis);
  /** @type {ReadableStreamDefaultReader<VideoFrame>} */
  const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable.getReader();
  let open = true;
  const pump = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (open && sink.see(value.timestamp, true, shapeOf(value))) sink.put(value);
      else value.close();
    }
  };
  pump().catch(() => {}); // the track's state tells what happened
  return () => {
    open = false;
    reader.cancel().catch(() => {});
  };
}

/** Calls look(time) for every new picture that the element shows.
 * @param {HTMLVideoElement} video @param {Sink} sink @param {(time: number) => void} look */
function watch(video, sink, look) {
  /** @param {number} ms @param {boolean} timed */
  const see = (ms, timed) => {
    const { videoWidth, videoHeight } = video;
    const time = Math.round(ms * 1000);
    if (videoWidth > 0 && sink.see(time, timed, `${videoWidth}x${videoHeight}`)) look(time);
  };
  let handle = 0;
  if ('requestVideoFrameCallback' in video) {
    /** @type {VideoFrameRequestCallback} */
    const step = (now, { captureTime }) => {
      handle = video.requestVideoFrameCallback(step);
      see(captureTime ?? now, captureTime !== undefined);
    };
    handle = video.requestVideoFrameCallback(step);
    return () => video.cancelVideoFrameCallback(handle);
  }
  /** @type {HTMLVideoElement} */
  const element = video;
  let shown = -1;
  /** @type {FrameRequestCallback} */
  const step = (now) => {
    handle = requestAnimationFrame(step);
    // currentTime goes on between the pictures of a stream, so that one may come twice; but Firefox
    // counts no picture of a stream (MDN's browser-compat-data, issue 21484).
    const { totalVideoFrames } = element.getVideoPlaybackQuality();
    const picture = totalVideoFrames || element.currentTime;
    if (picture === shown || element.readyState < element.HAVE_CURRENT_DATA) return;
    shown = picture;
    see(now, false);
  };
  handle = requestAnimationFrame(step);
  return () => cancelAnimationFrame(handle);
}

/** @param {HTMLVideoElement} video @param {Sink} sink */
export function readVideo(video, sink) {
  return watch(video, sink, (timestamp) => {
    let frame;
    try {
      frame = new VideoFrame(video, { timestamp });
    } catch {
      return; // the element has just lost its stream
    }
    sink.put(frame);
  });
}

/** What frames can be read from; ENV_CANVAS_BLOCKED where the browser hides them. */
export function makeContext() {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new LivenessError('ENV_UNSUPPORTED', 'no 2d canvas');
  checkReadBack(context);
  return context;
}

/** Reading a canvas back is slow: only for a reader who waits.
 * @param {HTMLVideoElement} video @param {Sink} sink */
export function readCanvas(video, sink) {
  const context = makeContext();
  const { canvas } = context;
  return watch(video, sink, (timestamp) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!sink.wanted) {
      sink.skip();
      return;
    }
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    sink.put({ data, width, height, format: 'RGBA', timestamp });
  });
}

/** A playing element that nobody sees; without a place in the page Safari shows it no frames. */
export function hiddenVideo() {
  const video = document.createElement('video');
  video.setAttribute('aria-hidden', 'true');
  Object.assign(video.style, {
    position: 'fixed',
    left: '0',
    bottom: '0',
    width: '1px',
    height: '1px',
    opacity: '0',
    pointerEvents: 'none',
  });
  (document.body ?? document.documentElement).append(video);
  return video;
}

/** A change of this is another camera, or a phone that was turned. @param {VideoFrame} frame */
function shapeOf(frame) {
  const { displayWidth, displayHeight, rotation = 0, flip = false } = /** @type {any} */ (frame);
  return [displayWidth, displayHeight, rotation, flip].join();
}
