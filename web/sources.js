// SPDX-License-Identifier: MIT
// Recorded clips: from a file of whatever kind to frames, again from the start each time.

import { LivenessError } from '/livedepth/index.js';
import { isY4m, readY4m } from './y4m.js';

export const SAMPLE = '/clips/live.y4m.gz';
const MEDIABUNNY = '/vendor/mediabunny/mediabunny.min.mjs';

/** Loaded with the engine, so that no video makes a request later. */
export const loadDemuxer = () => import(MEDIABUNNY);

/**
 * @typedef {{
 *   count: number, whole: boolean, frames(): AsyncGenerator<any, void, undefined>,
 * }} Clip  frames: RawFrames or VideoFrames, which the taker closes; count: of those that were
 *   shown, which are all when the clip was seen as a whole
 */

/** @param {Blob} blob @param {string} name @returns {Promise<Clip>} */
export async function openClip(blob, name) {
  if (blob.size === 0) throw new LivenessError('CLIP_EMPTY', 'no bytes', { file: name });
  const read = (await isY4m(blob)) ? readY4m : readVideo;
  return {
    count: 0,
    whole: false,
    async *frames() {
      try {
        yield* read(blob);
      } catch (error) {
        throw error instanceof LivenessError
          ? error.inFile(name)
          : new LivenessError('DECODE_FAILED', String(error), { file: name, cause: error });
      }
    },
  };
}

/** @param {string} path */
export const nameOf = (path) => path.slice(path.lastIndexOf('/') + 1);

/** @param {string} path  on this server @returns {Promise<Blob>} */
export async function download(path) {
  const name = nameOf(path);
  let response;
  try {
    response = await fetch(new URL(path, location.href));
  } catch (error) {
    throw new LivenessError('ENV_FETCH', String(error), { file: name, cause: error });
  }
  if (response.ok) return response.blob();
  throw new LivenessError('ENV_FETCH', `status ${response.status}`, { file: name });
}

/**
 * What is asked for once, or again after a failure.
 * @template T @param {() => Promise<T>} get @returns {() => Promise<T>}
 */
export function once(get) {
  /** @type {Promise<T> | null} */ let kept = null;
  return () => {
    kept ??= get().catch((error) => {
      kept = null;
      throw error;
    });
    return kept;
  };
}

export const loadSample = once(() => download(SAMPLE));

/** mp4, webm and what else mediabunny reads and this browser decodes. @param {Blob} blob */
async function* readVideo(blob) {
  const { ALL_FORMATS, BlobSource, Input, VideoSampleSink } = await loadDemuxer();
  if (typeof VideoDecoder !== 'function') {
    throw new LivenessError('DECODE_UNAVAILABLE', 'no WebCodecs in this browser');
  }
  const input = new Input({ formats: ALL_FORMATS, source: new BlobSource(blob) });
  try {
    const track = await input.getPrimaryVideoTrack().catch((cause) => {
      throw new LivenessError('CLIP_FORMAT', 'neither y4m nor a video that is known', { cause });
    });
    if (!track) throw new LivenessError('CLIP_FORMAT', 'no video in it');
    if (!(await track.canDecode())) {
      throw new LivenessError('DECODE_UNAVAILABLE', `codec ${track.codec}`);
    }
    for await (const sample of new VideoSampleSink(track).samples()) {
      let frame;
      try {
        frame = sample.rotation === 0 ? sample.toVideoFrame() : upright(sample);
      } finally {
        sample.close();
      }
      yield frame;
    }
  } finally {
    input.dispose();
  }
}

/** A phone's clip is stored lying on its side. */
function upright(sample) {
  const { displayWidth: width, displayHeight: height } = sample;
  const canvas = new OffscreenCanvas(width, height);
  sample.draw(canvas.getContext('2d'), 0, 0, width, height);
  return new VideoFrame(canvas, { timestamp: Math.round(sample.timestamp * 1e6) });
}
