// SPDX-License-Identifier: MIT
// Frames into the engine: what is refused, buffers, gaps.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../js/node/node.js';
import { digest, failure, play } from './support.mjs';
import { engine, factory, few, frames, good, plain, session, weights } from './engine_rig.mjs';

const detached = () => {
  const data = new Uint8Array(64 * 48 * 4);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  return data;
};
const BAD_FRAMES = [
  ['no frame', undefined, 'BAD_ARGUMENT'],
  ['null', null, 'BAD_ARGUMENT'],
  ['text', 'frame', 'BAD_ARGUMENT'],
  [
    'a getter that throws',
    () => ({
      get data() {
        throw new Error('no');
      },
    }),
    'BAD_ARGUMENT',
  ],
  ['0 wide', { width: 0 }, 'FRAME_BAD_SIZE'],
  ['-1 high', { height: -1 }, 'FRAME_BAD_SIZE'],
  ['half a pixel', { width: 64.5 }, 'FRAME_BAD_SIZE'],
  ['NaN wide', { width: NaN }, 'FRAME_BAD_SIZE'],
  ['text wide', { width: '64' }, 'FRAME_BAD_SIZE'],
  ['no height', { height: undefined }, 'FRAME_BAD_SIZE'],
  ['-2^40 wide', { width: -(2 ** 40) }, 'FRAME_BAD_SIZE'],
  ['4097 wide', { width: 4097 }, 'FRAME_TOO_LARGE'],
  ['2^32 + 64 wide', { width: 2 ** 32 + 64 }, 'FRAME_TOO_LARGE'],
  ['short data', { data: new Uint8Array(64 * 48 * 4 - 1) }, 'FRAME_BAD_BUFFER'],
  ['detached data', { data: detached() }, 'FRAME_BAD_BUFFER'],
  ['an array', { data: [1, 2, 3] }, 'FRAME_BAD_BUFFER'],
  ['no data', { data: undefined }, 'FRAME_BAD_BUFFER'],
  ['floats', { data: new Float32Array(64 * 48 * 4) }, 'FRAME_BAD_BUFFER'],
  ['I422', { format: 'I422' }, 'FRAME_BAD_FORMAT'],
  ['no format', { format: undefined }, 'FRAME_BAD_FORMAT'],
  ['a name of Object', { format: 'constructor' }, 'FRAME_BAD_FORMAT'],
  ['a short stride', { layout: [{ offset: 0, stride: 255 }] }, 'FRAME_BAD_STRIDE'],
  [
    'two planes',
    {
      layout: [
        { offset: 0, stride: 256 },
        { offset: 0, stride: 256 },
      ],
    },
    'FRAME_BAD_STRIDE',
  ],
  ['no plane', { layout: [] }, 'FRAME_BAD_STRIDE'],
  ['a negative offset', { layout: [{ offset: -4, stride: 256 }] }, 'FRAME_BAD_STRIDE'],
  ['an offset of 2^32', { layout: [{ offset: 2 ** 32, stride: 256 }] }, 'FRAME_BAD_STRIDE'],
  ['an offset behind the data', { layout: [{ offset: 4e9, stride: 256 }] }, 'FRAME_BAD_BUFFER'],
  ['planes that are no list', { layout: 7 }, 'FRAME_BAD_STRIDE'],
  ['a plane that is null', { layout: [null] }, 'BAD_ARGUMENT'],
  ['45 degrees', { rotation: 45 }, 'FRAME_BAD_ROTATION'],
  ['NaN degrees', { rotation: NaN }, 'FRAME_BAD_ROTATION'],
  ['2^32 degrees', { rotation: 2 ** 32 }, 'FRAME_BAD_ROTATION'],
  ['full range as a number', { fullRange: 1 }, 'BAD_ARGUMENT'],
  ['NaN time', { timestamp: NaN }, 'FRAME_BAD_TIMESTAMP'],
  ['no time', { timestamp: undefined }, 'FRAME_BAD_TIMESTAMP'],
  ['time in a BigInt', { timestamp: 10n }, 'FRAME_BAD_TIMESTAMP'],
  ['endless time', { timestamp: Infinity }, 'FRAME_BAD_TIMESTAMP'],
  ['a time that no clock has', { timestamp: 1e300 }, 'FRAME_BAD_TIMESTAMP'],
  ['time in parts of what a number holds', { timestamp: 2 ** 53 }, 'FRAME_BAD_TIMESTAMP'],
  ['time before 0', { timestamp: -1 }, 'FRAME_BAD_TIMESTAMP'],
  ['the time of the frame before', { timestamp: 0 }, 'FRAME_BAD_TIMESTAMP'],
];
test('bad frames are refused by name and change nothing', async (t) => {
  const clean = play(session(t), few);
  const each = session(t);
  const results = [each.push(few[0])];
  for (const [name, parts, code] of BAD_FRAMES) {
    let frame = parts && typeof parts === 'object' ? { ...good, ...parts } : parts;
    if (typeof parts === 'function') frame = parts();
    const error = await failure(() => each.push(frame));
    assert.equal(error.code, code, name);
    assert.match(error.stage, /^(frame|api)$/);
    assert.equal(error.retryable, false);
  }
  results.push(...few.slice(1).map((frame) => each.push(frame)));
  const maps = ['mean', 0, 1, 2, 3].map((pair) => each.depth(pair));
  assert.equal(digest(results, maps), clean.digest);
});

test('a refused frame takes no memory', async (t) => {
  const each = plain(t);
  each.push(good);
  const { memoryBytes } = engine;
  const data = new Uint8Array(2 ** 26);
  await failure(() => each.push({ ...good, data, width: 5000, timestamp: 2e6 }));
  await failure(() => each.push({ ...good, data: new Uint8Array(2 ** 26 + 1), timestamp: 2e6 }));
  assert.equal(engine.memoryBytes, memoryBytes);
});

test('buffer(): a frame filled in place gives the same bits as one that is copied', (t) => {
  const copied = play(session(t), few);
  const each = session(t);
  const results = few.map((frame) => {
    const view = each.buffer(frame.data.length + 100); // longer than needed is fine
    view.set(frame.data);
    return each.push({ ...frame, data: view });
  });
  const maps = ['mean', 0, 1, 2, 3].map((pair) => each.depth(pair));
  assert.equal(digest(results, maps), copied.digest);
  // What is pushed is the memory itself: a part of it, and a change of it before the push.
  const other = plain(t);
  const view = other.buffer(1000 + good.data.length);
  const part = view.subarray(1000);
  const frozen = [7, 7, 7, 9].map((value, i) => {
    part.fill(value);
    const { quality } = other.push({ ...good, data: part, timestamp: i * 1e5 });
    return quality.checks.frozenFrames.value;
  });
  assert.deepEqual(frozen, [0, 1, 2, 0]);
  assert.equal(other.buffer(4).byteOffset, view.byteOffset); // room enough already
});

test('buffer(): memory that is no longer the buffer is refused, a bad frame as ever', async () => {
  const own = await Engine.load(factory);
  const model = own.model(weights);
  const [a, b, c] = [0, 1, 2].map(() => own.session({ network: model, crop: 'none' }));
  const push = (each, data, parts) => failure(() => each.push({ ...good, data, ...parts }));
  const view = a.buffer(good.data.length);
  assert.equal((await push(a, view, { width: 65 })).code, 'FRAME_BAD_BUFFER');
  assert.equal((await push(a, view, { width: 0 })).code, 'FRAME_BAD_SIZE');
  assert.equal((await push(b, view)).code, 'FRAME_BAD_BUFFER'); // another session's
  const around = new Uint8Array(view.buffer, view.byteOffset - 8, good.data.length);
  assert.equal((await push(a, around)).code, 'FRAME_BAD_BUFFER');
  const behind = new Uint8Array(view.buffer, view.byteOffset + 8, good.data.length);
  assert.equal((await push(a, behind)).code, 'FRAME_BAD_BUFFER');
  assert.equal(a.push({ ...good, data: view, timestamp: 1 }).frames, 1);
  const size = own.memoryBytes;
  a.buffer(2 ** 25); // the memory grows: the view is of no length now
  assert.ok(own.memoryBytes > size && view.length === 0);
  assert.equal((await push(a, view)).code, 'FRAME_BAD_BUFFER');
  const small = b.buffer(good.data.length);
  c.buffer(good.data.length); // in its way
  assert.notEqual(b.buffer(2 * good.data.length).byteOffset, small.byteOffset);
  assert.equal((await push(b, small)).code, 'FRAME_BAD_BUFFER');
  for (const bytes of [0, -1, 1.5, NaN, '8', 2 ** 26 + 1, undefined]) {
    assert.equal((await failure(() => a.buffer(bytes))).code, 'BAD_ARGUMENT', String(bytes));
  }
  a.close();
  assert.equal((await failure(() => a.buffer(8))).code, 'API_CLOSED');
  own.close();
});

test('a gap and another format start the clip again; a face crop may have any size', (t) => {
  const each = plain(t);
  for (const frame of frames.slice(0, 4)) each.push(frame);
  const late = each.push({ ...frames[4], timestamp: 5e6 });
  assert.deepEqual([late.frameReason, late.clipFrames], ['frame_gap', 1]);
  const other = each.push({ ...good, timestamp: 5.1e6 });
  assert.deepEqual([other.frameReason, other.clipFrames], [null, 2]);

  for (const [change, ...expected] of [
    [{ fullRange: true }, 'format_changed', 1],
    [{ format: 'NV12' }, 'format_changed', 1],
    [{ rotation: 180 }, 'roll', 0], // begins anew with a face upside down
  ]) {
    const whole = session(t);
    for (const frame of frames.slice(0, 4)) whole.push(frame);
    const after = whole.push({ ...frames[6], ...change });
    assert.deepEqual([after.frameReason, after.clipFrames], expected);
  }
});

test('a result is a copy: changing it changes nothing', (t) => {
  const [a, b] = [session(t), session(t)];
  for (const frame of few) {
    const result = a.push(frame);
    Object.assign(result, { score: 1, verdict: 'live', clips: 99 });
    for (const view of Object.values(result.views)) view.x = 1e9;
    result.scores[Object.keys(result.scores)[0]] = 1;
    a.depth()?.data.fill(7);
    b.push(frame);
  }
  assert.deepEqual(a.depth(), b.depth());
});
