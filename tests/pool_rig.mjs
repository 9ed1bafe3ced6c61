// SPDX-License-Identifier: MIT
// What the tests of the pool share: workers with faults, the threads that a pool starts, what one
// engine alone says to a clip.

import { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { after } from 'node:test';
import { pathToFileURL } from 'node:url';
import workerThreads, { Worker } from 'node:worker_threads';
import { loadLiveness } from '../js/node/node.js';
import { createPool } from '../js/node/pool.js';
import { liveFrames, sleep, temporaryFolder } from './support.mjs';

export const folder = temporaryFolder(after);
// A worker with faults: the format of a frame that it is sent says which. It answers pings, which
// the pool does not know.
export const NO_LOAD = join(folder, 'no-load');
writeFileSync(
  join(folder, 'faulty.mjs'),
  `
  import { existsSync } from 'node:fs';
  import { parentPort } from 'node:worker_threads';
  import { Engine } from ${JSON.stringify(new URL('../js/engine/engine.js', import.meta.url))};
  if (existsSync(${JSON.stringify(NO_LOAD)})) process.exit(3);
  let trapped = false;
  const load = Engine.load;
  Engine.load = (factory, options) => load(async (given) => {
    const module = await factory(given);
    return Object.assign(Object.create(module), {
      _livedepthw_session_push(...args) {
        if (trapped) throw new WebAssembly.RuntimeError('unreachable');
        return module._livedepthw_session_push(...args);
      },
    });
  }, options);
  const faults = {
    exit: () => process.exit(7),
    throw() { throw new RangeError('a fault'); },
    loop() { for (;;); },
    oom() { for (const all = [];;) all.push(new Array(1000).fill(0.5)); },
    trap(frame) { trapped = true; frame.format = 'I420'; },
  };
  parentPort.on('message', ({ type, frame }) => {
    if (type === 'ping') parentPort.postMessage({ type: 'pong' });
    faults[frame?.format]?.(frame);
  });
  await import(${JSON.stringify(new URL('../js/node/pool-worker.js', import.meta.url))});
`,
);
const FAULTY = pathToFileURL(join(folder, 'faulty.mjs'));

// Every thread that a pool starts, in order. With `faulty`, they are like that.
export const threads = [];
let faulty = false;
workerThreads.Worker = class extends Worker {
  constructor(url, options) {
    const isPool = url.href?.endsWith('/pool-worker.js');
    const resourceLimits = { maxOldGenerationSizeMb: 64 };
    super(isPool && faulty ? FAULTY : url, { ...options, ...(faulty && { resourceLimits }) });
    if (isPool) threads.push(this);
  }

  /** Formats of the frames that it was sent. */
  sent = [];

  postMessage(message, transfer) {
    if (message.frame) this.sent.push(message.frame.format);
    super.postMessage(message, transfer);
  }
};
syncBuiltinESMExports();
/** Resolves when the worker has got all that it was sent before, and listens again. */
export async function echo(thread) {
  const pong = new Promise((resolve) => {
    thread.on('message', function hear({ type }) {
      if (type !== 'pong') return;
      thread.off('message', hear);
      resolve();
    });
  });
  thread.postMessage({ type: 'ping' });
  await pong;
}
export const alive = () => threads.filter(({ threadId }) => threadId !== -1);

export const frames = await liveFrames();
export const few = frames.slice(0, 13); // enough for one clip of the network
export const SHORT = join(folder, 'short.y4m'); // the same frames
writeFileSync(
  SHORT,
  Buffer.concat([
    Buffer.from('YUV4MPEG2 W400 H300 F25:1\n'),
    ...few.flatMap(({ data }) => [Buffer.from('FRAME\n'), data]),
  ]),
);
export const alone = await loadLiveness();
after(() => alone.close());
const serial = new Map(); // by name: what one engine says

export async function open(t, options) {
  threads.length = 0;
  // Only a test of the limit asks how long a clip takes.
  const pool = await createPool({ size: 2, timeoutMs: 2 ** 31 - 1, ...options });
  t.after(() => pool.close());
  return pool;
}

export async function openFaulty(t, options) {
  faulty = true;
  t.after(() => {
    faulty = false;
  });
  return open(t, options);
}
const fault = (format) => ({ ...few[1], format });
/** Some good frames, then the fault. */
export const broken = (format) => [few[0], fault(format)];

/** All of a result but the times. */
export function bits({ ms, ...result }) {
  return result;
}

/** What the engine alone says to it, asked once. */
export function expected(name, clip, options) {
  if (!serial.has(name)) serial.set(name, alone.analyze(clip, options).then(bits));
  return serial.get(name);
}

export const settled = (promises) =>
  Promise.all(
    promises.map((each) =>
      each.then(
        (result) => ({ result }),
        (error) => ({ error }),
      ),
    ),
  );
export const tick = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Frames that say what was asked of them. */
export function watched(list, { delay = 0 } = {}) {
  const seen = { asked: 0, returned: 0 };
  const iterable = {
    async *[Symbol.asyncIterator]() {
      try {
        for (const frame of list) {
          seen.asked++;
          if (delay) await sleep(delay);
          yield typeof frame === 'function' ? frame() : frame;
        }
      } finally {
        seen.returned++;
      }
    },
  };
  return { iterable, seen };
}

export function* endless() {
  for (let i = 0; ; i++) yield { ...few[0], timestamp: i * 1e5 };
}
