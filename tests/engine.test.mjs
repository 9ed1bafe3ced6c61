// SPDX-License-Identifier: MIT
// The module behind its JavaScript face: layout, options, frames, sessions (reliability rows 24 ..
// 35, 46 and 87 .. 97). The model is untrained, so only what must hold for any weights is tested.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import factory from '../build/livedepth-simd.mjs';
import { DEFAULT_MODEL, Engine, features, loadLiveness, readY4m } from '../js/node/node.js';
import { MAX_CLIPS } from '../js/engine/options.js';
import { chooseVariant } from '../js/engine/variant.js';
import {
  bundleOf,
  DETECTOR,
  digest,
  failure,
  LIVE,
  liveFrames,
  MODEL,
  modelWith,
  path,
  play,
} from './support.mjs';

const weights = readFileSync(MODEL);
const detectorWeights = readFileSync(DETECTOR);
let engine;
let network;
let detector;
let frames;
let few; // enough for two clips
before(async () => {
  engine = await Engine.load(factory);
  network = engine.model(weights);
  detector = engine.model(detectorWeights);
  frames = await liveFrames();
  few = frames.slice(0, 16);
});
after(() => engine.close());

const session = (t, options) => {
  const made = engine.session({ network, detector, ...options });
  t.after(() => made.close());
  return made;
};
const plain = (t) => session(t, { detector: null, crop: 'none' });

test('layout: the fields of a result lie one behind the other and fill it', () => {
  const { size, fields } = engine.layout;
  let at = 0;
  for (const [kind, offset, count] of Object.values(fields)) {
    assert.ok(['i32', 'f32'].includes(kind));
    assert.equal(offset, at);
    at += 4 * count;
  }
  assert.equal(at, size);
  assert.deepEqual(fields.landmarks.slice(1), [fields.landmarks[1], 12]);
  assert.deepEqual(Object.keys(engine.layout.verdict), ['undecided', 'live', 'spoof']);
  const { maxClips, maxSide, maxScorers, maxViews } = engine.layout;
  assert.deepEqual([maxClips, maxSide], [MAX_CLIPS, 4096]);
  for (const name of ['scores', 'votes', 'scorer_ms']) assert.equal(fields[name][2], maxScorers);
  assert.equal(fields.views[2], 4 * maxViews);
});

test('layout: names and order are those of livedepth.h', () => {
  const header = readFileSync(new URL('../src/livedepth.h', import.meta.url), 'utf8');
  const body = /struct livedepth_result \{(.*?)\n\};/s.exec(header)[1].replace(/\/\*.*?\*\//gs, '');
  const names = body
    .split(';')
    .flatMap((line) => line.replace(/^\s*(int32_t|float)\s/, '').split(','))
    .map((name) => name.replace(/\[.*/, '').trim())
    .filter(Boolean);
  assert.deepEqual(Object.keys(engine.layout.fields), names);
});

test('a live clip: face found, clips scored, untrained', async (t) => {
  const { results, maps } = play(session(t), frames);
  const last = results.at(-1);
  assert.equal(last.verdict, 'undecided');
  assert.equal(last.reason, 'untrained_model');
  assert.ok(last.score > 0 && last.score < 1);
  const scored = results.filter(({ state }) => state === 'scored');
  assert.equal(scored.length, last.clips);
  assert.ok(last.clips >= 3, `${last.clips} clips`);
  assert.deepEqual(scored.at(-1).depth, maps[0]);
  assert.ok(results.every(({ state, depth }) => (state === 'scored') === (depth !== null)));
  const { face } = scored[0];
  assert.ok(face.confidence > 0.5);
  // Where the man of tests/clips has his face, by eye.
  const [x, y] = [face.box.x + face.box.width / 2, face.box.y + face.box.height / 2];
  assert.ok(x > 150 && x < 260 && y > 100 && y < 220, `face at ${x}, ${y}`);
  assert.equal(face.landmarks.length, 6);
  for (const map of maps)
    assert.ok(map.data.length === map.width * map.height && map.data.every(Number.isFinite));
  const mean = maps[0].data.map(
    (_, i) => (maps[1].data[i] + maps[2].data[i] + maps[3].data[i] + maps[4].data[i]) / 4,
  );
  mean.forEach((value, i) => assert.ok(Math.abs(value - maps[0].data[i]) < 1e-6));
});

test('verdicts follow the thresholds; only a model that says so is trained', (t) => {
  const trained = engine.model(modelWith({ trained: 'yes' }));
  const rows = [
    [0, 0, 'live', null],
    [1, 1, 'spoof', null],
    [1, 0, 'undecided', 'low_confidence'],
  ];
  for (const [liveThreshold, spoofThreshold, verdict, reason] of rows) {
    const each = session(t, { network: trained, liveThreshold, spoofThreshold, clips: 2 });
    const last = play(each, few).results.at(-1);
    assert.deepEqual([last.verdict, last.reason], [verdict, reason]);
    each.close();
  }
  const last = play(session(t, { liveThreshold: 0, spoofThreshold: 0, clips: 2 }), few).results.at(
    -1,
  );
  assert.deepEqual([last.verdict, last.reason], ['undecided', 'untrained_model']);
  trained.close();
});

test("no verdict before its clips: the model's, or the caller's", (t) => {
  const trained = engine.model(modelWith({ trained: 'yes', clips: '4' }));
  t.after(() => trained.close());
  for (const [clips, needed] of [
    [undefined, 4],
    [5, 5],
    [1, 1],
  ]) {
    const sure = { network: trained, liveThreshold: 0, spoofThreshold: 0, clips };
    for (const result of play(session(t, sure), frames).results) {
      assert.equal(result.clipsNeeded, needed);
      assert.equal(result.verdict, result.clips < needed ? 'undecided' : 'live');
      assert.equal(result.reason, result.clips < needed ? 'clip_short' : null);
    }
  }
});

const VIEWS = {
  tight: { scale: 1.5, size: 128, follows: 'run', filter: 'triangle' },
  loose: { scale: 2, size: 128, follows: 'face', filter: 'bilinear' },
};
const SCORERS = {
  left: { view: 'loose', use: 'needed', weight: 0.25 },
  right: { view: 'tight', use: 'optional', weight: 2 },
};
const logit = (score) => Math.log(score / (1 - score));
const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-5, `${a} and ${b}`);

test('a file of several scorers: all names are its own', (t) => {
  const model = engine.model(bundleOf(VIEWS, SCORERS, { 'quality.face_size.max': '0.6' }));
  t.after(() => model.close());
  const { checks, thresholds, ...about } = model.describe();
  assert.deepEqual(about, {
    id: 'made',
    trained: false,
    frames: 5,
    frameIntervalMs: 100,
    clips: 3,
    provenance: 'a test',
    license: 'none',
    views: [
      { name: 'tight', ...VIEWS.tight },
      { name: 'loose', ...VIEWS.loose },
    ],
    scorers: [
      { name: 'left', network: 'fas-sgtd', view: 'loose', weight: 0.25, needed: true },
      { name: 'right', network: 'fas-sgtd', view: 'tight', weight: 2, needed: false },
    ],
  });
  for (const [value, wanted] of [
    [thresholds.live, 0.7],
    [thresholds.spoof, 0.3],
    [checks.faceSize.max, 0.6],
  ])
    close(value, wanted);

  const { results } = play(session(t, { network: model }), frames);
  const last = results.at(-1);
  assert.deepEqual([last.reason, last.clipsNeeded], ['untrained_model', 3]);
  assert.deepEqual(Object.keys(last.scores), ['left', 'right']);
  for (const { name, weight } of about.scorers) {
    close(last.votes[name], weight * logit(last.scores[name]));
  }
  close(logit(last.score), 0.5 + last.votes.left + last.votes.right);
  assert.notEqual(last.scores.left, last.scores.right);
  const [early] = results.filter(({ state }) => state === 'filling');
  assert.deepEqual(
    [early.score, early.scores, early.votes],
    [null, { left: null, right: null }, { left: null, right: null }],
  );

  // The squares that were cut: one keeps its place, the other follows; none in a frame left out.
  const taken = results.filter(({ state }) => ['filling', 'scored'].includes(state));
  for (const {
    views: { tight, loose },
    face: { box },
  } of taken) {
    assert.deepEqual(tight, early.views.tight);
    close(tight.width, tight.height);
    assert.ok(loose.width > tight.width && loose.width <= 300);
    assert.ok(box.x + box.width / 2 > loose.x && box.x + box.width / 2 < loose.x + loose.width);
  }
  assert.ok(new Set(taken.map(({ views }) => views.loose.x)).size > 5);
  const [skipped] = results.filter(({ state }) => state === 'skipped');
  assert.deepEqual(Object.keys(skipped.views), []);
  for (const { ms } of taken) {
    assert.deepEqual(Object.keys(ms.scorers), ['left', 'right']);
    assert.ok(ms.scorers.left > 0 && ms.scorers.right > 0);
  }
});

test('too few frames and no face are results (rows 39 .. 42, 46)', (t) => {
  const short = play(session(t), frames.slice(0, 3));
  const last = short.results.at(-1);
  assert.deepEqual([last.verdict, last.reason, last.score], ['undecided', 'clip_short', null]);
  assert.equal(short.maps[0], null);
  const rows = [
    [0, 'too_dark'],
    [16, 'too_dark'],
    [128, 'no_face'],
    [255, 'too_bright'],
  ];
  for (const [level, why] of rows) {
    const data = new Uint8Array((400 * 300 * 3) / 2).fill(128).fill(level, 0, 400 * 300);
    const blank = few.map((frame) => ({ ...frame, data }));
    const { reason, verdict, face } = play(session(t), blank).results.at(-1);
    assert.deepEqual([verdict, reason, face], ['undecided', why, null]);
  }
});

test('one by one equals analyze(), bit for bit', async (t) => {
  const liveness = await loadLiveness({ model: MODEL });
  t.after(() => liveness.close());
  const whole = await liveness.analyze(readY4m(LIVE), { depth: 'every' });
  const { results, maps } = play(session(t), frames);
  const last = results.at(-1);
  assert.deepEqual(
    [whole.score, whole.verdict, whole.reason],
    [last.score, last.verdict, last.reason],
  );
  assert.deepEqual([whole.depth, ...whole.pairs], maps);
  assert.deepEqual(whole.frames, {
    read: 30,
    used: last.frames,
    run: last.runFrames,
    clips: last.clips,
    dropped: 0,
  });
  // Overlapping calls have sessions of their own.
  const [a, b] = await Promise.all([liveness.analyze(frames), liveness.analyze(readY4m(LIVE))]);
  for (const each of [a, b]) assert.deepEqual([each.score, each.depth], [whole.score, whole.depth]);
});

test('masks: all ones give the clip score, others another one, wrong ones an error', async (t) => {
  const stream = plain(t);
  const masks = new Float32Array(4 * 16 * 16).fill(1);
  const early = await failure(() => stream.maskedScore(masks));
  assert.equal(early.code, 'BAD_ARGUMENT');
  const { clipScore } = play(stream, few).results.at(-1);
  assert.ok(Math.abs(stream.maskedScore(masks) - clipScore) < 1e-6);
  assert.ok(Math.abs(stream.maskedScore(masks.map((_, i) => i & 1)) - clipScore) > 1e-5);
  const wrong = [masks.subarray(1), [...masks], masks.map(() => NaN), masks.map(() => 2), null];
  for (const each of wrong) {
    assert.equal((await failure(() => stream.maskedScore(each))).code, 'BAD_ARGUMENT');
  }
});

test('two sessions in turn equal one after the other, bit for bit (row 91)', (t) => {
  const later = few.map((frame, i) => ({ ...frame, data: frames[14 + i].data }));
  const serial = [play(session(t), few), play(session(t), later)];
  assert.notEqual(serial[0].digest, serial[1].digest);
  const [a, b] = [session(t), session(t)];
  const scores = few.map((frame, i) => [a.push(frame).score, b.push(later[i]).score]);
  assert.deepEqual(
    scores.at(-1),
    serial.map(({ results }) => results.at(-1).score),
  );
  assert.deepEqual(
    [a.depth(), b.depth()],
    serial.map(({ maps }) => maps[0]),
  );
});

test('reset() gives the same bits as a new session', (t) => {
  const each = session(t);
  const first = play(each, few);
  each.reset();
  assert.equal(each.depth(), null);
  assert.equal(play(each, few).digest, first.digest);
});

test('a face crop without the detector: I420, NV12 and padded planes are the same picture', (t) => {
  const packed = play(plain(t), few);
  const padded = few.map((frame) => {
    const data = new Uint8Array(1000 + 512 * 300 + 2 * 256 * 150);
    const planes = [
      [0, 400, 300, 1000, 512],
      [120_000, 200, 150, 1000 + 512 * 300, 256],
      [150_000, 200, 150, 1000 + 512 * 300 + 256 * 150, 256],
    ];
    for (const [from, width, height, to, stride] of planes) {
      for (let y = 0; y < height; y++)
        data.set(frame.data.subarray(from + y * width, from + (y + 1) * width), to + y * stride);
    }
    return { ...frame, data, layout: planes.map(([, , , offset, stride]) => ({ offset, stride })) };
  });
  assert.equal(play(plain(t), padded).digest, packed.digest);
  const nv12 = few.map((frame) => {
    const data = new Uint8ClampedArray(frame.data);
    for (let i = 0; i < 30_000; i++) {
      data[120_000 + 2 * i] = frame.data[120_000 + i];
      data[120_001 + 2 * i] = frame.data[150_000 + i];
    }
    return { ...frame, data, format: 'NV12' };
  });
  // Two channels at once are summed in another order: a byte of a view may differ by one.
  const scores = ({ results }) => results.map(({ score }) => score).filter((each) => each !== null);
  scores(packed).forEach((score, i) => {
    const other = scores(play(plain(t), nv12))[i];
    assert.ok(Math.abs(score - other) < 1e-4, `${score} and ${other}`);
  });
  const longer = few.map((frame) => ({
    ...frame,
    data: new Uint8Array([...frame.data, 1, 2, 3]).buffer,
  }));
  assert.equal(play(plain(t), longer).digest, packed.digest);
});

const good = {
  data: new Uint8Array(64 * 48 * 4),
  width: 64,
  height: 48,
  format: 'RGBA',
  timestamp: 1e6,
};
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
  ['time before 0', { timestamp: -1 }, 'FRAME_BAD_TIMESTAMP'],
  ['the time of the frame before', { timestamp: 0 }, 'FRAME_BAD_TIMESTAMP'],
];
test('bad frames are refused by name (rows 24 .. 34) and change nothing', async (t) => {
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

test('a gap and another size start the clip again (rows 35, 36)', (t) => {
  const each = plain(t);
  for (const frame of frames.slice(0, 4)) each.push(frame);
  const late = each.push({ ...frames[4], timestamp: 5e6 });
  assert.deepEqual([late.frameReason, late.clipFrames], ['frame_gap', 1]);
  const other = each.push({ ...good, timestamp: 5.1e6 });
  assert.deepEqual([other.frameReason, other.clipFrames], ['format_changed', 1]);
});

test('a result is a copy: changing it changes nothing (row 97)', (t) => {
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

test('wrong options are refused (rows 94, 95)', async () => {
  const rows = [
    { network: null },
    { network: {} },
    { network: detector },
    { detector: {} },
    { detector: null },
    { detector: network },
    { crop: 'head' },
    { crop: 1 },
    { liveThreshold: NaN },
    { liveThreshold: 1.01 },
    { liveThreshold: -0.1 },
    { liveThreshold: '0.5' },
    { spoofThreshold: Infinity },
    { liveThreshold: 0.2, spoofThreshold: 0.4 },
    { threshold: 0.5 },
    { clips: 0 },
    { clips: 1001 },
    { clips: 1.5 },
    { clips: '6' },
    { toString: 1 },
  ].map((row) => ({ network, detector, ...row }));
  rows.push(null, 7, [], 'x', {
    network,
    get crop() {
      throw new Error('no');
    },
  });
  for (const [i, options] of rows.entries()) {
    assert.equal((await failure(() => engine.session(options))).code, 'BAD_ARGUMENT', `row ${i}`);
  }
});

test('wrong options of loadLiveness and analyze', async (t) => {
  const rows = [
    null,
    { threads: 0 },
    { threads: 65 },
    { threads: 1.5 },
    { threads: '2' },
    { variant: 'fast' },
    { variant: null },
    { model: 7 },
    { model: new URL('http://localhost/m') },
    { model: null },
    { detector: 7 },
    { baseUrl: 'build' },
    { modelPath: 'x' },
  ];
  for (const options of rows) {
    assert.equal(
      (await failure(loadLiveness(options))).code,
      'BAD_ARGUMENT',
      JSON.stringify(options),
    );
  }
  const nowhere = new URL('file:///nowhere/');
  assert.equal((await failure(loadLiveness({ baseUrl: nowhere }))).code, 'ENV_MODULE_MISSING');
  assert.equal((await failure(loadLiveness({ model: 'nothing' }))).code, 'MODEL_NOT_FOUND');
  assert.equal((await failure(loadLiveness({ model: '/dev/null' }))).code, 'MODEL_NOT_FILE');
  assert.equal((await failure(loadLiveness({ model: DETECTOR }))).code, 'WEIGHTS_BAD_METADATA');

  const liveness = await loadLiveness({ detector: null });
  t.after(() => liveness.close());
  for (const [source, options] of [
    [7],
    [null],
    [[], { depth: 'all' }],
    [[], { signal: {} }],
    [[], { threads: 2 }],
    [[]],
  ]) {
    const { code } = await failure(liveness.analyze(source, options));
    assert.equal(code, 'BAD_ARGUMENT');
  }
  assert.equal((await failure(liveness.analyze([], { crop: 'none' }))).code, 'CLIP_EMPTY');
  const aborted = { crop: 'none', signal: AbortSignal.abort() };
  assert.equal((await failure(liveness.analyze(frames, aborted))).code, 'API_ABORTED');
  const controller = new AbortController();
  const onFrame = third(() => controller.abort());
  const during = { crop: 'none', signal: controller.signal, onFrame };
  assert.equal((await failure(liveness.analyze(endless(), during))).code, 'API_ABORTED');
});
function* endless() {
  for (let i = 0; ; i++) yield { ...good, timestamp: i * 1e5 };
}
/** For onFrame. */
function third(work) {
  let count = 0;
  return () => {
    if (++count === 3) work();
  };
}

test('a polluted Object.prototype sets no option', async (t) => {
  Object.prototype.liveThreshold = 'polluted';
  Object.prototype.crop = 'polluted';
  try {
    session(t, {});
    assert.equal(chooseVariant('simd', 1).variant, 'simd');
  } finally {
    delete Object.prototype.liveThreshold;
    delete Object.prototype.crop;
  }
});

test('bad weight files are refused by name', async () => {
  const rows = [
    [new Uint8Array(0), 'WEIGHTS_TRUNCATED'],
    [weights.subarray(0, 1000), 'WEIGHTS_TRUNCATED'],
    [weights.subarray(0, -1), 'WEIGHTS_TRUNCATED'],
    [Buffer.from('<!DOCTYPE html><title>404</title>'), /^WEIGHTS_/],
    [Buffer.concat([weights, Buffer.alloc(1)]), 'WEIGHTS_BAD_OFFSETS'],
    [modelWith({ format_version: '3' }), 'WEIGHTS_VERSION'],
    [modelWith({ format_version: '2' }), 'WEIGHTS_BAD_METADATA'],
    [modelWith({ frames: '1' }), 'WEIGHTS_BAD_METADATA'],
    [modelWith({ width: '0.5' }), /^WEIGHTS_/],
  ];
  for (const [bytes, code] of rows) {
    const error = await failure(() => engine.model(bytes));
    if (code instanceof RegExp) assert.match(error.code, code);
    else assert.equal(error.code, code);
    assert.equal(error.stage, 'model');
  }
  assert.equal((await failure(() => engine.model('model'))).code, 'BAD_ARGUMENT');
});

test('closing: twice is fine, after it every call says so (rows 87, 89)', async () => {
  const own = await Engine.load(factory);
  const model = own.model(weights);
  const each = own.session({ network: model, crop: 'none' });
  model.close();
  model.close();
  assert.ok(each.push(good).frames === 1, 'a session keeps its closed model');
  assert.equal((await failure(() => model.info('frames'))).code, 'API_CLOSED');
  assert.equal(
    (await failure(() => own.session({ network: model, crop: 'none' }))).code,
    'API_CLOSED',
  );
  each.close();
  each.close();
  for (const call of [() => each.push(good), () => each.depth(), () => each.reset()]) {
    assert.equal((await failure(call)).code, 'API_CLOSED');
  }
  own.close();
  own.close();
  assert.equal((await failure(() => own.model(weights))).code, 'API_CLOSED');
});

test('an analysis under way ends when its engine is closed', async () => {
  const liveness = await loadLiveness({ detector: null });
  const onFrame = third(() => liveness.close());
  const { code } = await failure(liveness.analyze(endless(), { crop: 'none', onFrame }));
  assert.equal(code, 'API_CLOSED');
});

/* The module with some exports replaced. */
const faulty = (faults) => async (options) =>
  Object.assign(Object.create(await factory(options)), faults);

test('a trap ends the engine: every later call says so, closing still works', async () => {
  const own = await Engine.load(
    faulty({
      _livedepthw_session_push() {
        throw new WebAssembly.RuntimeError('unreachable');
      },
    }),
  );
  const model = own.model(weights);
  const each = own.session({ network: model, crop: 'none' });
  for (const call of [
    () => each.push(good),
    () => each.push(good),
    () => own.model(weights),
    () => each.reset(),
  ]) {
    const error = await failure(call);
    assert.deepEqual([error.code, error.stage], ['ENV_CRASHED', 'load']);
  }
  each.close();
  own.close();
});

test('memory that is refused is an error, and nothing is lost', async () => {
  let refuse = false;
  const own = await Engine.load(async (options) => {
    const module = await factory(options);
    const malloc = module._malloc;
    return Object.assign(Object.create(module), { _malloc: (size) => (refuse ? 0 : malloc(size)) });
  });
  const model = own.model(weights);
  const each = own.session({ network: model, crop: 'none' });
  refuse = true;
  for (const call of [
    () => each.push(good),
    () => own.model(weights),
    () => own.session({ network: model, crop: 'none' }),
  ]) {
    assert.equal((await failure(call)).code, 'NO_MEMORY');
  }
  refuse = false;
  assert.equal(each.push(good).frames, 1);
  own.close();
});

test('a broken module is an error', async () => {
  for (const options of [{ wasmBinary: new Uint8Array(100) }, { wasmBinary: weights }]) {
    assert.equal((await failure(Engine.load(factory, options))).code, 'ENV_MODULE_BAD');
  }
  assert.equal((await failure(Engine.load({}))).code, 'BAD_ARGUMENT');
});

test('memory: a session of the 128x128 model at width 1/4 takes at most 64 MiB', async () => {
  const own = await Engine.load(factory);
  const each = own.session({ network: own.model(weights), detector: own.model(detectorWeights) });
  for (const frame of frames) each.push(frame);
  const { memoryBytes } = own;
  assert.ok(memoryBytes <= 2 ** 26, `${(memoryBytes / 2 ** 20).toFixed(1)} MiB`);
  console.log(`# wasm memory ${(memoryBytes / 2 ** 20).toFixed(1)} MiB`);
  own.close();
});

test('memory: a session of the model that is taken by default takes at most 40 MiB', async (t) => {
  const liveness = await loadLiveness();
  t.after(() => liveness.close());
  const each = liveness.session();
  const [width, height] = [1280, 720];
  each.push({ ...good, data: new Uint8Array(width * height * 4), width, height, timestamp: 0 });
  for (const frame of frames) each.push({ ...frame, timestamp: frame.timestamp + 1e6 });
  const mebibytes = liveness.memoryBytes / 2 ** 20;
  assert.ok(mebibytes <= 40, `${mebibytes.toFixed(1)} MiB`);
  console.log(`# wasm memory ${mebibytes.toFixed(1)} MiB`);
});

test('memory: opening, scoring and closing again and again needs no more', async () => {
  const own = await Engine.load(factory);
  const round = () => {
    const [model, face] = [own.model(weights), own.model(detectorWeights)];
    const each = own.session({ network: model, detector: face });
    each.push(frames[0]);
    for (const closing of [each, model, face]) closing.close();
  };
  for (let i = 0; i < 3; i++) round();
  const { memoryBytes } = own;
  for (let i = 0; i < 20; i++) round();
  assert.equal(own.memoryBytes, memoryBytes);
  own.close();
});

test('info: what a result says about its engine', async (t) => {
  const liveness = await loadLiveness({ detector: null });
  t.after(() => liveness.close());
  const { version, variant, threads, wasm, model, detector: none } = liveness.info;
  assert.deepEqual([version, variant, threads, none], [engine.version, 'simd', 1, null]);
  assert.match(wasm.sha256, /^[0-9a-f]{64}$/);
  assert.match(model.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual([model.id, model.trained, model.frames], [DEFAULT_MODEL, true, 5]);
  for (const { view } of model.scorers) assert.ok(model.views.some(({ name }) => name === view));
  const { sha256, ...about } = model;
  const own = engine.model(readFileSync(path(`models/${model.id}.safetensors`)));
  t.after(() => own.close());
  assert.deepEqual(about, own.describe());
});

test('a file that is no liveness model has nothing to describe', async () => {
  const error = await failure(() => detector.describe());
  assert.equal(error.code, 'WEIGHTS_BAD_METADATA');
  assert.match(error.detail, /^a blazeface-short, /);
});

test('variants: the build for a wish, or an error', async () => {
  assert.deepEqual(features().simd, true);
  assert.deepEqual(chooseVariant('simd', 1), { variant: 'simd', threads: 1 });
  assert.deepEqual(chooseVariant('simd', 2), { variant: 'simd-mt', threads: 2 });
  assert.deepEqual(chooseVariant('simd-mt', 1), { variant: 'simd-mt', threads: 1 });
  if (!features().relaxed) {
    assert.equal((await failure(() => chooseVariant('relaxed', 1))).code, 'ENV_UNSUPPORTED');
  }
  assert.equal((await failure(() => chooseVariant('simd', NaN))).code, 'BAD_ARGUMENT');
});
