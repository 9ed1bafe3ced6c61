// SPDX-License-Identifier: MIT
// Feeds damaged y4m and PNG files to the readers for FUZZ_SECONDS: only typed errors may come out,
// and every input must be done within HANG_MS. FUZZ_SEED repeats a run.

import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { LivenessError } from '../js/engine/errors.js';
import { decodePng, encodePng } from '../js/node/png.js';
import { parseY4m } from '../js/node/y4m.js';
import { y4m } from './support.mjs';

const HANG_MS = 5000;
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

/** xorshift32. */
function random(seed) {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function mutate(seed, below) {
  let bytes = Buffer.from(seed);
  for (let edits = 1 + below(4); edits > 0; edits--) {
    const at = below(bytes.length + 1);
    const end = Math.min(bytes.length, at + below(20));
    const word = Buffer.from(WORDS[below(WORDS.length)], 'latin1');
    const kinds = [
      () => {
        if (bytes.length) bytes[at % bytes.length] = below(256);
      },
      () => {
        if (bytes.length) bytes[at % bytes.length] ^= 1 << below(8);
      },
      () => {
        bytes = bytes.subarray(0, at);
      },
      () => {
        bytes = Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at)]);
      },
      () => {
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
      },
      () => {
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
      },
    ];
    kinds[below(kinds.length)]();
  }
  return bytes;
}

/** In pieces, as a file or pipe gives them. */
async function* pieces(bytes, below) {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + below(64);
    yield bytes.subarray(at, end);
    at = end;
  }
}

const limit = { maxBytes: 1e6 };
const TARGETS = [
  {
    name: 'y4m',
    seeds: [y4m(), y4m({ header: 'W5 H3 F30000:1001 XCOLORRANGE=FULL', size: 27 })],
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
    seeds: [
      encodePng(
        5,
        4,
        Uint8Array.from({ length: 60 }, (_, i) => i),
      ),
    ],
    async run(bytes) {
      const { data, width, height } = decodePng(bytes);
      if (data.length !== width * height * 4) throw new Error('picture size');
    },
  },
];

/** The loop, in a thread of its own so that the main thread sees when it stops. */
async function fuzz({ seconds, seed, beats }) {
  const beat = new Int32Array(beats);
  const below = random(seed);
  const end = performance.now() + seconds * 1000;
  const codes = new Map();
  let count = 0;
  for (; performance.now() < end; count++) {
    const target = TARGETS[below(TARGETS.length)];
    const bytes = mutate(target.seeds[below(target.seeds.length)], below);
    Atomics.add(beat, 0, 1);
    let code = 'read';
    try {
      await target.run(bytes, below);
    } catch (error) {
      if (!(error instanceof LivenessError)) {
        console.error(`${target.name}, seed ${seed}: ${bytes.toString('hex')}`);
        throw error;
      }
      code = error.code;
    }
    codes.set(`${target.name} ${code}`, (codes.get(`${target.name} ${code}`) ?? 0) + 1);
  }
  for (const [code, times] of [...codes].sort())
    console.log(`  ${String(times).padStart(9)} ${code}`);
  console.log(`fuzz_y4m: ${count} inputs, seed ${seed}: only typed errors`);
}

if (isMainThread) {
  const seconds = Number(process.env.FUZZ_SECONDS ?? 10);
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  const beats = new SharedArrayBuffer(4);
  const worker = new Worker(new URL(import.meta.url), { workerData: { seconds, seed, beats } });
  let seen = -1;
  const watch = setInterval(() => {
    const now = Atomics.load(new Int32Array(beats), 0);
    if (now > 0 && now === seen) {
      // 0: the thread is still starting
      console.error(`fuzz_y4m: input ${now} of seed ${seed} takes more than ${HANG_MS} ms`);
      process.exit(1);
    }
    seen = now;
  }, HANG_MS);
  worker.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  worker.on('exit', () => clearInterval(watch));
} else {
  await fuzz(workerData);
}
