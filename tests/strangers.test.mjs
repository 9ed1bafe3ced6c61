// SPDX-License-Identifier: MIT
// What comes from a caller's own code may lie, change, close what it is given to, and throw:
// getters, typed arrays, iterators, listeners, feeds.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createPool, Engine, loadLiveness } from '../js/node/node.js';
import { engine, factory, good, network, session, weights } from './engine_rig.mjs';
import { failure, MODEL } from './support.mjs';

const NONE = { crop: 'none' };
let liveness;
before(async () => {
  liveness = await loadLiveness({ model: MODEL, detector: null });
});
after(() => liveness?.close());

/** Moving frames: enough for a clip. */
const frames = (count = 10) =>
  Array.from({ length: count }, (_, i) => ({
    ...good,
    data: new Uint8Array(64 * 64 * 4).map((_, j) => j * 31 + i * 97),
    timestamp: i * 1e5,
  }));
const detached = () => {
  const buffer = new ArrayBuffer(good.data.length);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
};
const PLANE = { offset: 0, stride: 256 };
/** Bytes with another length than they have. */
const lying = (bytes, length) => Object.defineProperty(bytes, 'length', { value: length });

test('bytes are what they are, whatever they say', async (t) => {
  const each = session(t, NONE);
  const before = engine.memoryBytes;
  each.push({ ...good, data: lying(new Uint8Array(2 ** 25), good.data.length), timestamp: 1 });
  assert.ok(engine.memoryBytes >= before + 2 ** 24, 'room for all that it has');
  const rows = [
    [lying(new Uint8Array(10), good.data.length), 'FRAME_BAD_BUFFER'],
    [detached(), 'FRAME_BAD_BUFFER'],
    [new Proxy(good.data, {}), 'FRAME_BAD_BUFFER'],
    [Object.create(Uint8Array.prototype), 'FRAME_BAD_BUFFER'],
    [new SharedArrayBuffer(good.data.length), 'FRAME_BAD_BUFFER'],
  ];
  for (const [data, code] of rows) {
    assert.equal((await failure(() => each.push({ ...good, data, timestamp: 2 }))).code, code);
  }
  const gone = detached();
  for (const load of [
    async () => engine.model(gone),
    () => loadLiveness({ model: gone }),
    () => createPool({ size: 1, model: gone }),
  ]) {
    assert.equal((await failure(load)).code, 'WEIGHTS_TRUNCATED');
  }
  engine.model(lying(new Uint8Array(weights), 5)).close();
  assert.equal((await failure(liveness.analyzePhoto(gone))).code, 'BAD_ARGUMENT');
  assert.equal(each.push({ ...good, timestamp: 1e5 }).frames, 2);
});

test('a frame whose getter closes the session is no frame of it', async () => {
  const own = await Engine.load(factory);
  const model = own.model(weights);
  const later = { ...good, timestamp: 2e6 };
  const rows = [
    (close) => Object.defineProperty({ ...later }, 'rotation', { get: close }),
    (close) => ({
      ...later,
      layout: { [Symbol.iterator]: () => close() ?? [PLANE][Symbol.iterator]() },
    }),
    (close) => ({ format: 'VIEWS', ...getter('face', close) }),
  ];
  for (const row of rows) {
    const each = own.session({ network: model, ...NONE });
    each.push(good);
    const frame = row(() => each.close());
    assert.match((await failure(() => each.push(frame))).code, /^(API_CLOSED|BAD_ARGUMENT)$/);
  }
  const each = own.session({ network: model, ...NONE });
  assert.equal(each.push(good).frames, 1, 'the module goes on');
  own.close();
});
function getter(name, work) {
  return Object.defineProperty({}, name, { enumerable: true, get: work });
}

test('what throws while it is read is BAD_ARGUMENT', async (t) => {
  const each = session(t, NONE);
  const boom = () => {
    throw Object.create(null); // no text can be made of it
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const throwing = Object.defineProperty({ ...good }, 'format', { get: boom });
  for (const call of [
    () => each.push(proxy),
    () => each.push(throwing),
    () => network.info(Symbol('key')),
    () => network.info({ toString: boom }),
    () => liveness.analyze([], { ...NONE, signal: Object.create(AbortSignal.prototype) }),
    () => liveness.start({ signal: Object.create(AbortSignal.prototype) }),
    () => liveness.start(NONE).on('frame', 5),
  ]) {
    assert.equal((await failure(call)).code, 'BAD_ARGUMENT', `${call}`);
  }
  assert.equal((await failure(Engine.load(boom))).code, 'ENV_MODULE_BAD');
  assert.equal((await failure(liveness.start({ verified: boom }).result)).code, 'ENV_FETCH');
});

test('a session that cannot be made holds no model', async () => {
  const own = await Engine.load(factory);
  const gone = own.model(weights);
  gone.close();
  const sizes = [];
  for (let i = 0; i < 40; i++) {
    const model = own.model(weights);
    const options = { network: model, detector: gone };
    assert.equal((await failure(() => own.session(options))).code, 'API_CLOSED');
    model.close();
    sizes.push(own.memoryBytes);
  }
  assert.equal(sizes.at(-1), sizes[2]);
  own.close();
});

const ITERABLES = [
  { [Symbol.iterator]: 5 },
  { [Symbol.iterator]: () => 5 },
  { [Symbol.iterator]: () => ({}) },
  { [Symbol.asyncIterator]: () => undefined },
  { [Symbol.asyncIterator]: () => ({ next: async () => undefined }) },
  { [Symbol.asyncIterator]: () => ({ next: () => 5 }) },
];

test('what is no iterator of frames is BAD_ARGUMENT', async (t) => {
  const pool = await createPool({ size: 1, model: MODEL, detector: null });
  t.after(() => pool.close());
  for (const each of ITERABLES) {
    assert.equal((await failure(liveness.analyze(each, NONE))).code, 'BAD_ARGUMENT');
    assert.equal((await failure(pool.analyze(each, NONE))).code, 'BAD_ARGUMENT');
    const capture = liveness.start(NONE);
    assert.equal((await failure(capture.attach({ frames: () => each }))).code, 'BAD_ARGUMENT');
    await capture.close();
    await capture.result.catch(() => {});
  }
  assert.equal((await pool.analyze(frames(), NONE)).frames.read, 10);
});

test('what comes when nobody waits any more harms nobody', async () => {
  const late = [];
  const hear = (error) => late.push(error);
  process.on('unhandledRejection', hear);
  const throwing = () => {
    throw new Error('late');
  };
  const steps = [undefined, 5, { value: { close: 5 } }, { value: { close: throwing } }];
  for (const step of [...steps, getter('value', throwing)]) {
    const ending = new AbortController();
    let give;
    const next = () =>
      new Promise((resolve) => {
        give = resolve;
        ending.abort();
      });
    const source = { [Symbol.asyncIterator]: () => ({ next, return: throwing }) };
    const { code } = await failure(liveness.analyze(source, { ...NONE, signal: ending.signal }));
    assert.equal(code, 'API_ABORTED');
    give(step);
    await setImmediate();
  }
  process.off('unhandledRejection', hear);
  assert.deepEqual(late, []);
});

test('who is told of a frame changes nothing but what was told', async () => {
  const spoil = (result) => {
    result.quality.checks = null;
    for (const name of Object.keys(result.scores)) result.scores[name] = 1;
    Object.assign(result, { verdict: 'live', reason: null, score: 1, clips: 99 });
  };
  const { verdict, scores, score } = await liveness.analyze(frames(), NONE);
  const spoilt = await liveness.analyze(frames(), { ...NONE, onFrame: spoil });
  assert.deepEqual(
    { verdict: spoilt.verdict, scores: spoilt.scores, score: spoilt.score },
    { verdict, scores, score },
  );
  const capture = liveness.start({ ...NONE, clips: 2 });
  capture.on('frame', spoil);
  for (const frame of frames()) await capture.push(frame);
  const result = await capture.result;
  assert.deepEqual([result.verdict, result.frames.clips], ['undecided', 2]);
});

test('a listener that begins anew at the last clip has begun anew', async () => {
  for (const type of ['frame', 'progress']) {
    const capture = liveness.start({ ...NONE, clips: 1 });
    let resets = 0;
    capture.on(type, ({ clips }) => {
      if (clips === 1 && resets++ === 0) capture.reset();
    });
    for (const frame of frames(14)) await capture.push(frame);
    const { frames: counts } = await capture.result;
    assert.deepEqual([resets, counts.clips], [2, 1], type);
  }
});

/** A camera whose properties are these. */
const feed = (own) =>
  Object.defineProperties({ frames: () => frames() }, Object.getOwnPropertyDescriptors(own));

test('a feed that throws at any place ends its session, and nothing else', async () => {
  const boom = () => {
    throw new Error('boom');
  };
  for (const own of [
    getter('signals', boom),
    getter('dropped', boom),
    getter('paused', boom),
    { addEventListener: boom },
  ]) {
    const capture = liveness.start({ ...NONE, clips: 1 });
    const attached = capture.attach(feed(own));
    await assert.rejects(attached, { message: 'boom' });
    await assert.rejects(capture.result, { message: 'boom' });
  }
  const events = new EventTarget();
  async function* pausing() {
    events.dispatchEvent(Object.assign(new Event('pause'), { detail: 'no reason' }));
    yield* frames();
  }
  const heard = feed({
    frames: pausing,
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
  });
  const paused = liveness.start({ ...NONE, clips: 1 });
  assert.equal((await failure(paused.attach(heard))).code, 'BAD_ARGUMENT');
  const source = frames()[Symbol.iterator]();
  const ended = feed({
    frames: () => ({
      [Symbol.asyncIterator]: () => ({ next: async () => source.next(), return: boom }),
    }),
  });
  const { frames: counts } = await liveness.start({ ...NONE, clips: 1 }).attach(ended);
  assert.equal(counts.clips, 1);
});
