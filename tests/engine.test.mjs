// SPDX-License-Identifier: MIT
// The module behind its JavaScript face: layout, options, frames, sessions. The model is
// untrained, so only what must hold for any weights is tested.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadLiveness, readY4m } from '../js/node/node.js';
import { MAX_CLIPS } from '../js/engine/options.js';
import { bundleOf, failure, LIVE, MODEL, modelWith, play } from './support.mjs';
import { engine, few, frames, plain, session } from './engine_rig.mjs';

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
  const { maxClips, maxSide, maxViews } = engine.layout;
  assert.deepEqual([maxClips, maxSide], [MAX_CLIPS, 4096]);
  for (const name of ['votes', 'scorer_ms']) assert.equal(fields[name][2], fields.scores[2]);
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

test('a threshold counts as it stands in the report, also between two floats', (t) => {
  const trained = engine.model(modelWith({ trained: 'yes' }));
  t.after(() => trained.close());
  const verdict = (threshold) => {
    const own = { network: trained, liveThreshold: threshold, spoofThreshold: threshold, clips: 2 };
    return play(session(t, own), few).results.at(-1);
  };
  const { score } = verdict(0);
  for (const threshold of [score, score + 2 ** -40, score - 2 ** -40]) {
    assert.equal(verdict(threshold).verdict, score >= threshold ? 'live' : 'spoof');
  }
  const { thresholds } = trained.describe();
  assert.deepEqual(Object.values(thresholds), Object.values(thresholds).map(Math.fround));
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
    photo: null,
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

test('too few frames and no face are results', (t) => {
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

test('two sessions in turn equal one after the other, bit for bit', (t) => {
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
