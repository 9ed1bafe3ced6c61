// SPDX-License-Identifier: MIT
// Many clips on many workers: the results of one engine that works alone.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { readClip } from '../js/node/node.js';
import { createPool } from '../js/node/pool.js';
import {
  SHORT,
  alive,
  alone,
  bits,
  broken,
  expected,
  few,
  folder,
  open,
  openFaulty,
  settled,
  threads,
  tick,
  watched,
} from './pool_rig.mjs';
import {
  DETECTOR,
  eventually,
  failure,
  LIVE,
  LIVE_MP4,
  MODEL,
  NODE24,
  noFfmpeg,
  noNode24,
  path,
  run,
} from './support.mjs';

test('results are those of one engine alone, bit for bit, wherever clips come from', async (t) => {
  const pool = await open(t);
  const every = { depth: 'every', liveThreshold: 0.9, spoofThreshold: 0.1 };
  const results = await Promise.all([
    pool.analyze(LIVE),
    pool.analyze(pathToFileURL(SHORT)),
    pool.analyze(few),
    pool.analyze(readClip(SHORT)),
    pool.analyze(few, every),
    pool.analyze(
      few.map((frame) => Promise.resolve(frame)),
      every,
    ),
    pool.analyze(few, { depth: 'none', crop: 'none' }),
    pool.analyze(few, { clips: 2 }),
  ]);
  assert.equal(pool.pending, 0);
  const whole = await expected('whole', readClip(LIVE));
  const short = await expected('few', few);
  const part = await expected('every', few, every);
  const plain = await expected('plain', few, { depth: 'none', crop: 'none' });
  const more = await expected('more', few, { clips: 2 });
  for (const [i, each] of [whole, short, short, short, part, part, plain, more].entries())
    assert.deepEqual(bits(results[i]), each, `clip ${i}`);
  assert.deepEqual([more.verdict, more.reason], ['undecided', 'clip_short']);
  assert.ok(results[4].pairs.length === 4 && results[4].depth.data instanceof Float32Array);
  assert.ok(results[0].ms.total > 0);
});

test('a path is read in the worker: a video, its rate', { skip: noFfmpeg }, async (t) => {
  const pool = await open(t, { size: 1 });
  const result = await pool.analyze(LIVE_MP4, { fps: 20 });
  assert.deepEqual(bits(result), bits(await alone.analyze(readClip(LIVE_MP4, { fps: 20 }))));
  assert.equal((await failure(pool.analyze(few, { fps: 20 }))).code, 'BAD_ARGUMENT');
});

test('engines with threads: the same bits', async (t) => {
  const pool = await open(t, { size: 1, threads: 2 });
  const [a, b] = await Promise.all([pool.analyze(few), pool.analyze(few)]);
  const { score, depth } = await expected('few', few);
  for (const each of [a, b]) assert.deepEqual([each.score, each.depth], [score, depth]);
  assert.equal(a.engine.variant, 'simd-mt');
});

test('weights as bytes: the caller may change his own, a new worker has them', async (t) => {
  const bytes = new Uint8Array(readFileSync(MODEL));
  const pool = await open(t, { model: bytes, detector: readFileSync(DETECTOR) });
  bytes.fill(0);
  const first = await pool.analyze(few);
  assert.equal(first.reason, 'untrained_model');
  const running = settled([pool.analyze(few), pool.analyze(few)]);
  await Promise.all(threads.map((thread) => thread.terminate()));
  for (const { error } of await running) assert.equal(error.code, 'ENV_WORKER_DEAD');
  assert.deepEqual(bits(await pool.analyze(few)), bits(first));
});

test('the queue is bounded: one clip more is refused, and untouched', async (t) => {
  const pool = await open(t, { size: 1, queue: 2 });
  const three = [1, 2, 3].map(() => pool.analyze(few));
  assert.equal(pool.pending, 3);
  const { iterable, seen } = watched(few);
  const error = await failure(pool.analyze(iterable));
  assert.deepEqual([error.code, error.retryable, seen.asked], ['API_BUSY', true, 0]);
  const results = await Promise.all(three);
  assert.equal(pool.pending, 0);
  results.push(await pool.analyze(iterable));
  for (const result of results) assert.deepEqual(bits(result), await expected('few', few));
  const none = await open(t, { size: 1, queue: 0 });
  const only = none.analyze(few);
  assert.equal((await failure(none.analyze(few))).code, 'API_BUSY');
  await only;
});

test('a frame is asked for when the one before was pushed', async (t) => {
  const pool = await openFaulty(t, { size: 1 });
  let [asks, most] = [0, 0];
  threads[0].prependListener('message', ({ type }) => {
    asks += type === 'next' ? 1 : 0;
  });
  const { iterable, seen } = watched(
    few.map((frame) => () => {
      most = Math.max(most, seen.asked - asks);
      return frame;
    }),
  );
  await pool.analyze(iterable);
  assert.deepEqual([seen.asked, asks, most], [13, 14, 0]);
  const stuck = watched([...broken('loop'), ...few]);
  const controller = new AbortController();
  const error = failure(pool.analyze(stuck.iterable, { signal: controller.signal }));
  await eventually(() => threads[0].sent.includes('loop'));
  await tick(); // whoever asked ahead would have asked by now
  controller.abort();
  await error;
  assert.deepEqual(stuck.seen, { asked: 2, returned: 1 });
});

test('one signal for all clips of a batch is no leak', async (t) => {
  const pool = await open(t);
  const warned = [];
  const warn = (warning) => warned.push(String(warning));
  process.on('warning', warn);
  t.after(() => process.off('warning', warn));
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 20 }, () => pool.analyze([], { signal }).catch(() => {})));
  await tick();
  assert.deepEqual(warned, []);
});

test("frames stay the caller's, in any kind of memory", async (t) => {
  const pool = await open(t);
  const before = few.map(({ data }) => data.slice());
  const big = new Uint8Array(2 ** 20);
  const kinds = [
    (data) => data,
    (data) => new Uint8ClampedArray(data),
    (data) => new Uint8Array(data).buffer,
    (data) => Buffer.from(data),
    (data) => {
      big.set(data, 5);
      return big.slice().subarray(5, 5 + data.length);
    },
    (data) => {
      const view = new Uint8Array(new SharedArrayBuffer(data.length));
      view.set(data);
      return view;
    },
  ];
  const results = await Promise.all(
    kinds.map((kind) => pool.analyze(few.map((frame) => ({ ...frame, data: kind(frame.data) })))),
  );
  for (const result of results) assert.deepEqual(bits(result), await expected('few', few));
  few.forEach(({ data }, i) => assert.deepEqual(data, before[i]));
  class Frame {
    // fields that are getters of a class
    #frame;
    constructor(frame) {
      this.#frame = frame;
    }
    get data() {
      return this.#frame.data;
    }
    get width() {
      return this.#frame.width;
    }
    get height() {
      return this.#frame.height;
    }
    get format() {
      return this.#frame.format;
    }
    get timestamp() {
      return this.#frame.timestamp;
    }
  }
  const result = await pool.analyze(few.map((frame) => new Frame(frame)));
  assert.deepEqual(bits(result), await expected('few', few));
});

test('errors cross the threads whole: those of the engine alone', async (t) => {
  const pool = await open(t);
  const cut = join(folder, 'cut.y4m');
  writeFileSync(cut, 'YUV4MPEG2 W64 H48 F25:1\nFRAME\nx');
  const size = { width: 64, height: 48 };
  const good = { data: new Uint8Array(64 * 48 * 4), ...size, format: 'RGBA', timestamp: 1 };
  const detached = new Uint8Array(good.data);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const clips = [
    '/nowhere',
    folder,
    path('README.md'),
    cut,
    new URL('http://localhost/x'),
    '',
    [],
    [null],
    [7],
    ['frame'],
    [() => {}],
    [Symbol('frame')],
    [{}],
    ...[
      { width: 0 },
      { width: 4097 },
      { height: NaN },
      { data: new Uint8Array(7) },
      { data: [1] },
      { data: new Float32Array(64 * 48 * 4) },
      { data: detached },
      { data: new Uint8Array(2 ** 26 + 5) },
      { format: 'I422' },
      { format: {} },
      { rotation: 45 },
      { layout: 7 },
      { layout: [null] },
      { layout: [{ offset: 0, stride: 1 }] },
      { timestamp: -1 },
      { fullRange: 1 },
      {
        get width() {
          throw new Error('no');
        },
      },
    ]
      .map(Object.getOwnPropertyDescriptors)
      .map((parts) => [Object.defineProperties({ ...good }, parts)]),
  ];
  for (const [i, clip] of clips.entries()) {
    const isPath = typeof clip === 'string' || clip instanceof URL;
    const one = await failure(() => alone.analyze(isPath ? readClip(clip) : clip));
    const other = await failure(pool.analyze(clip));
    const { code, stage, retryable, file, offset, detail } = other;
    assert.deepEqual(
      [code, stage, retryable, file, offset],
      [one.code, one.stage, one.retryable, one.file, one.offset],
      `clip ${i}`,
    );
    // What cannot be sent, or is cut to be sent, has a text of its own.
    const told = detail.replace(/^analyze: the clip/, 'readClip: the clip');
    if (!/sent|bytes: no frame/.test(detail)) assert.equal(told, one.detail);
  }
  assert.equal((await failure(pool.analyze(cut))).offset, 24);
  for (const [clip, options] of [
    [[{ ...good, data: () => {} }]],
    [7],
    [null],
    [undefined],
    [few, null],
    [few, { depth: 'all' }],
    [few, { crop: () => {} }],
    [few, { onFrame() {} }],
    [few, { signal: {} }],
    [few, { liveThreshold: 2 }],
    [LIVE, { fps: 0 }],
  ])
    assert.equal((await failure(pool.analyze(clip, options))).code, 'BAD_ARGUMENT');
  assert.deepEqual(bits(await pool.analyze(few)), await expected('few', few));
  assert.equal(threads.length, 2, 'no worker was lost');
});

test('frames that throw fail their clip with their own error, and are let go', async (t) => {
  const pool = await open(t);
  const own = new TypeError('the camera is gone');
  const thrower = watched([
    few[0],
    few[1],
    () => {
      throw own;
    },
  ]);
  const bad = watched([few[0], { ...few[1], width: 0 }, few[2]]);
  let returns = 0;
  const byHand = {
    // an iterator written by hand
    [Symbol.iterator]: () => ({
      next() {
        throw own;
      },
      return() {
        returns++;
        throw new Error('too late');
      },
    }),
  };
  const unopened = {
    get [Symbol.asyncIterator]() {
      throw own;
    },
  };
  const [good, a, b, c, d] = await settled([
    pool.analyze(few),
    pool.analyze(thrower.iterable),
    pool.analyze(bad.iterable),
    pool.analyze(byHand),
    pool.analyze(unopened).catch((error) => {
      throw error;
    }),
  ]);
  assert.deepEqual(bits(good.result), await expected('few', few));
  assert.ok(a.error === own && c.error === own && d.error === own);
  assert.equal(b.error.code, 'FRAME_BAD_SIZE');
  assert.deepEqual([thrower.seen.returned, bad.seen.returned, returns], [1, 1, 1]);
  assert.equal(threads.length, 2);
});

test('a pool that cannot load rejects, and leaves no thread', async () => {
  threads.length = 0;
  for (const [options, code] of [
    [{ model: 'nothing' }, 'MODEL_NOT_FOUND'],
    [{ model: DETECTOR }, 'WEIGHTS_BAD_METADATA'],
    [{ model: new Uint8Array(100) }, /^WEIGHTS_/],
    [{ baseUrl: new URL('file:///nowhere/') }, 'ENV_MODULE_MISSING'],
    [{ model: () => {} }, 'BAD_ARGUMENT'],
    [{ model: 7 }, 'BAD_ARGUMENT'],
    [{ model: { url: 'x' } }, 'BAD_ARGUMENT'],
    [{ model: { shared: new SharedArrayBuffer(9) } }, 'BAD_ARGUMENT'],
    [{ detector: Symbol('x') }, 'BAD_ARGUMENT'],
    [{ model: new URL('file://host/x') }, 'BAD_ARGUMENT'],
    [{ baseUrl: Object.create(URL.prototype) }, 'BAD_ARGUMENT'],
    [{ variant: 'fast' }, 'BAD_ARGUMENT'],
    [{ threads: 0 }, 'BAD_ARGUMENT'],
    [null, 'BAD_ARGUMENT'],
    [{ workers: 2 }, 'BAD_ARGUMENT'],
    ...[0, -1, 1.5, NaN, 1025, '2', null].map((size) => [{ size }, 'BAD_ARGUMENT']),
    ...[-1, 0.5, Infinity].map((queue) => [{ queue }, 'BAD_ARGUMENT']),
    ...[0, NaN, 2 ** 31].map((timeoutMs) => [{ timeoutMs }, 'BAD_ARGUMENT']),
  ]) {
    const error = await failure(createPool(options && { size: 2, ...options }));
    if (code instanceof RegExp) assert.match(error.code, code);
    else assert.equal(error.code, code, Object.keys(options ?? {}).join());
    assert.equal(alive().length, 0);
  }
});

test('a pool without clips keeps no process alive; one with clips does', async () => {
  const script = join(folder, 'program.mjs');
  writeFileSync(
    script,
    `
    import { createPool } from ${JSON.stringify(new URL('../js/node/pool.js', import.meta.url))};
    const pool = await createPool({ size: 2 });
    const show = (clip) => pool.analyze(clip).then(({ score }) => console.log(score));
    show(${JSON.stringify(SHORT)}).then(() => { if (process.argv[2] === 'close') pool.close(); });
  `,
  );
  const { score } = await expected('few', few);
  const runs = [await run([], { script }), await run(['close'], { script })];
  if (!noNode24) runs.push(await run([], { node: NODE24, script }));
  for (const each of runs) assert.deepEqual(each, { status: 0, stdout: `${score}\n`, stderr: '' });
});

test('memory: clip after clip needs no more', async (t) => {
  const pool = await open(t);
  const round = () => Promise.all([1, 2].map(() => pool.analyze(few.slice(0, 4))));
  for (let i = 0; i < 4; i++) await round();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 12; i++) await round();
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  console.log(`# grown by ${grown.toFixed(1)} MiB over 24 clips`);
  assert.ok(grown < 100, `${grown} MiB`);
});
