// SPDX-License-Identifier: MIT
// Clips and workers of a pool that end before their time: by a signal, over a limit, with a fault,
// on close(); whatever happens to the neighbours.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createPool } from '../js/node/pool.js';
import {
  NO_LOAD,
  SHORT,
  alive,
  bits,
  broken,
  echo,
  endless,
  expected,
  few,
  folder,
  frames,
  open,
  openFaulty,
  settled,
  threads,
  watched,
} from './pool_rig.mjs';
import { eventually, failure, sleep } from './support.mjs';

/** Some minutes of grey, packed: nobody waits for its end. */
function longFile() {
  const frame = [Buffer.from('FRAME\n'), Buffer.alloc(400 * 300 * 1.5, 128)];
  const part = gzipSync(Buffer.concat(Array(100).fill(frame).flat()));
  const file = join(folder, 'long.y4m.gz');
  const header = gzipSync('YUV4MPEG2 W400 H300 F25:1\n');
  writeFileSync(file, Buffer.concat([header, ...Array(200).fill(part)]));
  return file;
}

/** What a worker is given to let go of a clip, as in pool.js. */
const GRACE_MS = 1000;
/** Stops the clock of the pool; returns what turns it on, by milliseconds. */
function stopClock(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  return (ms) => t.mock.timers.tick(ms);
}

test('a signal ends clips that wait and clips that run, at once', async (t) => {
  stopClock(t);
  const pool = await openFaulty(t, { size: 1 });
  const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  const reason = new Error('changed my mind');
  const early = AbortSignal.abort(reason);
  assert.equal((await failure(pool.analyze(few, { signal: early }))).code, 'API_ABORTED');
  for (const clip of [never, endless(), watched(endless(), { delay: 50 }).iterable, longFile()]) {
    const [running, waiting] = [new AbortController(), new AbortController()];
    const untouched = watched(few);
    const clips = [
      failure(pool.analyze(clip, { signal: running.signal })),
      failure(pool.analyze(untouched.iterable, { signal: waiting.signal })),
      pool.analyze(few),
    ];
    for (let i = 0; i < 3; i++) await echo(threads[0]);
    waiting.abort(reason);
    const second = await clips[1];
    running.abort(reason);
    const first = await clips[0];
    for (const error of [first, second])
      assert.deepEqual([error.code, error.cause, error.retryable], ['API_ABORTED', reason, true]);
    assert.deepEqual(untouched.seen, { asked: 0, returned: 0 });
    assert.deepEqual(bits(await clips[2]), await expected('few', few));
    assert.equal(pool.pending, 0);
  }
  assert.equal(threads.length, 1, 'the worker goes on');
});

test('a worker that does not let go is replaced', async (t) => {
  const turn = stopClock(t);
  const pool = await openFaulty(t, { size: 1 });
  const controller = new AbortController();
  const stuck = failure(pool.analyze(broken('loop'), { signal: controller.signal }));
  const next = pool.analyze(few);
  await eventually(() => threads[0].sent.includes('loop'));
  controller.abort();
  assert.equal((await stuck).code, 'API_ABORTED');
  turn(GRACE_MS);
  assert.deepEqual(bits(await next), await expected('few', few));
  assert.deepEqual([threads.length, alive().length], [2, 1]);
});

test('a clip over its time: ENV_TIMEOUT; its worker goes on, or is replaced', async (t) => {
  const turn = stopClock(t);
  const pool = await openFaulty(t, { size: 1, timeoutMs: 800 });
  const slow = watched(endless(), { delay: 200 });
  const over = failure(pool.analyze(slow.iterable));
  await eventually(() => slow.seen.asked > 1);
  turn(799);
  assert.equal(pool.pending, 1);
  turn(1);
  const error = await over;
  assert.deepEqual([error.code, error.retryable], ['ENV_TIMEOUT', true]);
  const stuck = failure(pool.analyze(broken('loop')));
  const after = pool.analyze(few.slice(0, 1));
  await eventually(() => threads[0].sent.includes('loop'));
  turn(800);
  assert.equal((await stuck).code, 'ENV_TIMEOUT');
  turn(GRACE_MS);
  assert.equal((await after).reason, 'clip_short');
  await eventually(() => slow.seen.returned === 1);
  assert.deepEqual([threads.length, alive().length], [2, 1]);
});

test('a worker that dies loses only its clip, and is replaced', async (t) => {
  const pool = await openFaulty(t);
  // A worker at the limit of its heap ends alone in Node 20; Node 24 has been seen to end whole.
  const alone = parseInt(process.versions.node, 10) <= 20;
  for (const [i, [name, code]] of Object.entries({
    exit: 'ENV_WORKER_DEAD',
    throw: 'ENV_WORKER_DEAD',
    ...(alone && { oom: 'ENV_WORKER_DEAD' }),
    trap: 'ENV_CRASHED',
  }).entries()) {
    const { iterable, seen } = watched([...broken(name), ...few]);
    const [bad, ...good] = await settled([
      pool.analyze(iterable),
      pool.analyze(few),
      pool.analyze(few),
      pool.analyze(SHORT),
    ]);
    assert.equal(bad.error.code, code, name);
    assert.equal(bad.error.retryable, code === 'ENV_WORKER_DEAD');
    assert.deepEqual(seen, { asked: 2, returned: 1 }, name);
    for (const each of good) assert.deepEqual(bits(each.result), await expected('few', few));
    assert.equal(threads.length, 3 + i, name);
    if (name === 'exit') assert.match(bad.error.message, /exit status 7/);
    if (name === 'throw') assert.match(bad.error.message, /RangeError: a fault/);
    if (name === 'oom') assert.equal(bad.error.cause.code, 'ERR_WORKER_OUT_OF_MEMORY');
  }
});

test('30 clips while workers are killed: none is lost, none mixed up', async (t) => {
  const pool = await open(t);
  const kinds = [
    [0, 5],
    [3, 7],
    [6, 11],
    [9, 12],
    [2, 4],
  ];
  const options = { crop: 'none', depth: 'every' };
  const clips = Array.from({ length: 30 }, (_, i) => kinds[i % kinds.length]);
  let kills = 0;
  const outcomes = await settled(
    clips.map(async ([from, to], i) => {
      const list = frames
        .slice(from, to)
        .map((frame, at) => ({ ...frame, timestamp: 1 + at * 1e5 }));
      await expected(`${from}`, list, options);
      const frame = Math.min(3, list.length - 1);
      return pool.analyze(
        list.map((each, at) => {
          if (i % 6 !== 5 || at !== frame) return each;
          return sleep(0).then(() => {
            // in the middle of this clip, whichever worker has it
            kills++;
            alive()[kills % 2]?.terminate();
            return each;
          });
        }),
        options,
      );
    }),
  );
  let lost = 0;
  for (const [i, { result, error }] of outcomes.entries()) {
    if (result) assert.deepEqual(bits(result), await expected(`${clips[i][0]}`), `clip ${i}`);
    else assert.deepEqual([error.code, error.retryable], ['ENV_WORKER_DEAD', true], `clip ${i}`);
    lost += error ? 1 : 0;
  }
  assert.equal(kills, 5);
  assert.ok(lost <= kills, `${lost} lost, ${kills} killed`);
  assert.equal(pool.pending, 0);
  assert.deepEqual(bits(await pool.analyze(few)), await expected('few', few));
});

test('workers that cannot load again: a bounded number of tries, then an error', async (t) => {
  const pool = await openFaulty(t);
  writeFileSync(NO_LOAD, '');
  t.after(() => rmSync(NO_LOAD, { force: true }));
  const outcomes = await settled([
    pool.analyze(broken('exit')),
    pool.analyze(broken('exit')),
    pool.analyze(few),
  ]);
  for (const { error } of outcomes) assert.equal(error.code, 'ENV_WORKER_DEAD');
  assert.match(outcomes[2].error.message, /exit status 3/);
  assert.ok(threads.length <= 6, `${threads.length} threads`);
  assert.equal((await failure(pool.analyze(few))).code, 'ENV_WORKER_DEAD');
  assert.ok(threads.length <= 8, `${threads.length} threads`);
  rmSync(NO_LOAD);
  assert.deepEqual(bits(await pool.analyze(few)), await expected('few', few));
  await Promise.all([pool.analyze(few), pool.analyze(few)]);
  assert.equal(alive().length, 2);
});

test('workers that die idle are replaced, but not for ever', async (t) => {
  const pool = await open(t);
  for (let i = 0; i < 6; i++) {
    const dying = alive();
    for (const thread of dying) thread.terminate();
    await eventually(() => !dying.some((thread) => alive().includes(thread)));
  }
  assert.ok(threads.length <= 6, `${threads.length} threads`);
  const results = await Promise.all([pool.analyze(few), pool.analyze(few)]);
  for (const result of results) assert.deepEqual(bits(result), await expected('few', few));
});

test('close() settles everything and ends the threads; twice is fine', async (t) => {
  const pool = await openFaulty(t);
  const running = watched(endless(), { delay: 50 });
  const [stuck, waiting] = [watched(broken('loop')), watched(few)];
  const clips = [
    pool.analyze(running.iterable),
    pool.analyze(stuck.iterable),
    pool.analyze(waiting.iterable),
  ].map((each) => failure(each));
  await eventually(() => running.seen.asked > 1 && stuck.seen.asked === 2);
  const closing = pool.close();
  for (const each of clips) assert.equal((await each).code, 'API_CLOSED');
  assert.equal(pool.pending, 0);
  await Promise.all([closing, pool.close()]);
  await pool.close();
  assert.equal(alive().length, 0);
  assert.equal((await failure(pool.analyze(few))).code, 'API_CLOSED');
  await eventually(() => running.seen.returned === 1);
  assert.equal(waiting.seen.asked, 0);
  const disposed = await createPool({ size: 1 });
  await disposed[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
  assert.equal((await failure(disposed.analyze(few))).code, 'API_CLOSED');
});
