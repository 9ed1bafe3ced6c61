// SPDX-License-Identifier: MIT
// Feeds damaged y4m and PNG files to the readers: only typed errors may come out. FUZZ_SECONDS,
// FUZZ_SEED: see fuzzing.mjs.

import { decodePng, encodePng } from '../js/node/png.js';
import { parseY4m } from '../js/node/y4m.js';
import { damage, fuzz } from './fuzzing.mjs';
import { y4m } from './support.mjs';

const WORDS = [
  'YUV4MPEG2 ',
  'FRAME',
  'FRAME\n',
  ' W',
  ' H',
  ' F25:1',
  ' C420',
  ' C444',
  '0',
  '-1',
  '99999999999',
  '\n',
  ' ',
  'XCOLORRANGE=FULL',
  'IHDR',
  'IDAT',
  'IEND',
  'PLTE',
  '\xff\xff\xff\xff',
  '\0\0\0\0',
];

/** In pieces, as a file or pipe gives them. */
async function* pieces(bytes, below) {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + below(64);
    yield bytes.subarray(at, end);
    at = end;
  }
}

const limit = { maxBytes: 1e6 };
const Y4M = [y4m(), y4m({ header: 'W5 H3 F30000:1001 XCOLORRANGE=FULL', size: 27 })];
const PNG = encodePng(
  5,
  4,
  Uint8Array.from({ length: 60 }, (_, i) => i),
);
const targets = [
  {
    name: 'y4m',
    input: (below) => damage(Y4M[below(Y4M.length)], below, WORDS),
    async run(bytes, below) {
      let frames = 0;
      for await (const { data, width, height } of parseY4m(pieces(bytes, below), limit)) {
        if (data.length !== width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2))
          throw new Error('frame size');
        if (++frames > bytes.length) throw new Error('more frames than bytes');
      }
    },
  },
  {
    name: 'png',
    input: (below) => damage(PNG, below, WORDS),
    async run(bytes) {
      const { data, width, height } = decodePng(bytes);
      if (data.length !== width * height * 4) throw new Error('picture size');
    },
  },
];

await fuzz(import.meta.url, 'fuzz_y4m', async () => ({ targets }));
