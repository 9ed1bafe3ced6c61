// SPDX-License-Identifier: MIT
// YUV4MPEG2 in the browser, plain or gzipped, by the package's own parser.

import { LivenessError } from '/livedepth/index.js';
import { MAGIC, parseY4m } from '/livedepth/y4m.js';

/** @param {Blob} blob */
async function isGzip(blob) {
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  return first === 0x1f && second === 0x8b;
}

/** Is this a y4m file, or a gzipped one? @param {Blob} blob */
export async function isY4m(blob) {
  return (await isGzip(blob)) || (await blob.slice(0, MAGIC.length).text()) === MAGIC;
}

/** Safari's streams cannot be iterated. @param {ReadableStream<Uint8Array>} stream */
async function* chunks(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * Its frames, as the library takes them; frame n has the time n / rate.
 *
 * @param {Blob} blob
 */
export async function* readY4m(blob) {
  const packed = await isGzip(blob);
  const stream = blob.stream();
  try {
    yield* parseY4m(chunks(packed ? stream.pipeThrough(new DecompressionStream('gzip')) : stream));
  } catch (error) {
    if (error instanceof LivenessError || !packed) throw error;
    throw new LivenessError('CLIP_FORMAT', 'damaged gzip data', { cause: error });
  }
}
