// SPDX-License-Identifier: MIT
// A capture session over a scripted engine: states, hints, what ends it and how.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Liveness } from '../js/check/liveness.js';
import { LivenessError } from '../js/engine/errors.js';
import { answer, engine, frame, hinted, info, PAIRS, scored, scripted } from './session_rig.mjs';
import { failure } from './support.mjs';

test('a verdict after the clips that were asked for, never before', async (t) => {
  const { session, events, log } = scripted(t, scored, { clips: 3, depth: 'every' });
  for (let i = 0; i < 3; i++) {
    const { accepted, progress } = await session.push(frame());
    assert.deepEqual([accepted, Math.round(progress * 3)], [true, i + 1]);
  }
  const result = await session.result;
  assert.deepEqual([result.verdict, result.score, result.reason], ['live', 0.9, null]);
  assert.deepEqual(result.scores, { one: 0.8, two: null });
  assert.deepEqual(result.votes, { one: 1.5, two: null });
  const stage = { median: 1, total: 3 };
  assert.deepEqual(
    { ...result.ms, total: 0 },
    {
      detect: stage,
      views: stage,
      scorers: { one: { median: 2, total: 6 }, two: { median: 0, total: 0 } },
      total: 0,
    },
  );
  assert.equal(session.state, 'done');
  assert.deepEqual(events, [
    ['state', 'capturing'],
    ['hint', 'ok'],
    ['progress', 1],
    ['progress', 2],
    ['progress', 3],
    ['state', 'done'],
    ['result', 'live'],
  ]);
  await setImmediate();
  assert.deepEqual(log, ['depth mean', 'depth 0', 'depth 1', 'depth 2', 'close']);
  assert.equal(result.pairs.length, PAIRS);
  const late = frame();
  assert.equal((await session.push(late)).accepted, false);
  assert.ok(late.closed);
});

test("how many clips is the model's to say, unless the caller does", async (t) => {
  const { session } = scripted(t, scored);
  for (let i = 0; i < 5; i++) assert.equal((await session.push(frame())).accepted, true);
  assert.notEqual(session.state, 'done');
  await session.push(frame());
  assert.equal((await session.result).frames.clips, 6);
  for (const clips of [0, 1.5, 1001, '2', null]) {
    assert.equal((await failure(() => scripted(t, scored, { clips }))).code, 'BAD_ARGUMENT');
  }
});

test('a break of the run takes the progress back', async (t) => {
  const { session, events } = scripted(
    t,
    [scored[0], scored[1], answer('waiting', 0, { reason: 'no_face' }), ...scored],
    { clips: 3 },
  );
  const told = [];
  for (let i = 0; i < 6; i++) told.push(Math.round((await session.push(frame())).progress * 3));
  assert.deepEqual(told, [1, 2, 0, 1, 2, 3]);
  assert.deepEqual(
    events.filter(([type]) => type === 'progress').map(([, clips]) => clips),
    told,
  );
  assert.equal((await session.result).verdict, 'live');
});

test('a recording: all clips count; what it was at its end is what it is', async () => {
  const analyze = (answers, options) =>
    new Liveness({ open: engine(answers), close: async () => {} }, info).analyze(
      answers.map(frame),
      { depth: 'none', ...options },
    );
  const gone = answer('waiting', 0, { reason: 'no_face' });
  const one = await analyze([scored[0]]);
  assert.deepEqual([one.verdict, one.score, one.frames.clips], ['live', 0.9, 1]);
  const left = await analyze([...scored, gone, answer('filling', 0)]);
  assert.deepEqual(
    [left.verdict, left.score, left.frames.clips, left.frames.read],
    ['undecided', null, 0, 8],
  ); // nothing outlives its face
  const few = await analyze([...scored.slice(0, 3), gone], { clips: 4 });
  assert.deepEqual([few.verdict, few.reason, few.score], ['undecided', 'no_face', null]);
  assert.deepEqual(
    [few.scores, few.votes],
    [
      { one: null, two: null },
      { one: null, two: null },
    ],
  );
});

test('time runs out: undecided, whatever the clips so far say', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  for (const [answers, reason] of [
    [[scored[0]], 'timeout'],
    [[answer('waiting', 0, { reason: 'no_face' })], 'no_face'],
    [[], 'clip_short'],
  ]) {
    const { session } = scripted(t, answers, { timeoutMs: 5000 });
    if (answers.length > 0) await session.push(frame());
    mock.timers.tick(5000);
    const result = await session.result;
    assert.deepEqual([result.verdict, result.reason], ['undecided', reason]);
  }
});

test('the first hint at once; another that lasts, when the last one was read', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const hints = ['ok', 'too_dark', 'ok', 'too_dark', 'too_dark', 'too_dark', 'blurry', 'blurry'];
  const { session, events } = scripted(
    t,
    [...hints, 'blurry'].map((hint) => answer('filling', 0, { quality: hinted(hint) })),
  );
  assert.equal(session.hint, 'no_face');
  const told = [];
  for (const at of [0, 100, 200, 300, 900, 1000, 1100, 1900, 2000]) {
    now = at;
    told.push((await session.push(frame())).hint);
  }
  assert.deepEqual(told, [...Array(5).fill('ok'), ...Array(3).fill('too_dark'), 'blurry']);
  assert.deepEqual(
    events.filter(([type]) => type === 'hint').map(([, hint]) => hint),
    ['ok', 'too_dark', 'blurry'],
  );
});

test('half of the time without a usable frame: it ends, and says why', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const faults = ['no_face', 'multiple_faces', 'too_dark'];
  const bad = faults.map((reason) => answer('waiting', 0, { reason, frameReason: reason }));
  const { session } = scripted(t, [bad[0], answer('filling', 0), bad[1], bad[0], bad[2]], {
    timeoutMs: 8000,
  });
  for (const at of [0, 3900, 4000, 7899, 7900]) {
    assert.equal(session.state === 'done', false);
    now = at;
    await session.push(frame());
  }
  const { verdict, reason } = await session.result;
  assert.deepEqual([verdict, reason], ['undecided', 'too_dark']);
  // After a pause the time is another one.
  const other = scripted(t, bad.slice(0, 1), { timeoutMs: 8000 }).session;
  await other.push(frame());
  other.pause('page_hidden');
  now += 60_000;
  other.resume();
  await other.push(frame());
  assert.equal(other.state, 'waiting');
});

test('pause: frames are refused, scores forgotten; a muted camera ends it after 5 s', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const { session, log } = scripted(t, scored, { clips: 6 });
  await session.push(frame());
  session.pause('page_hidden');
  assert.equal(session.state, 'paused');
  const refused = frame();
  assert.deepEqual(await session.push(refused), { accepted: false, hint: 'ok', progress: 0 });
  assert.ok(refused.closed);
  mock.timers.tick(6000);
  assert.equal(session.state, 'paused', 'a hidden page may come back');
  session.resume();
  assert.equal(session.state, 'waiting');
  assert.ok((await session.push(frame())).accepted);
  session.pause('camera_muted');
  mock.timers.tick(5000);
  const result = await session.result;
  assert.deepEqual(
    [result.verdict, result.reason, result.frames.clips],
    ['undecided', 'camera_muted', 0],
  );
  assert.deepEqual(log.filter((each) => each === 'reset').length, 2);
  assert.equal((await failure(() => session.pause('lunch'))).code, 'BAD_ARGUMENT');
});

test('a page that stays hidden: undecided page_hidden at the timeout', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const { session } = scripted(t, scored, { timeoutMs: 9000 });
  session.pause('page_hidden');
  mock.timers.tick(9000);
  assert.equal((await session.result).reason, 'page_hidden');
});

test('reset: what was at work does not count', async (t) => {
  const { session } = scripted(t, scored, { clips: 1 });
  const pushed = session.push(frame());
  await session.reset();
  assert.equal((await pushed).accepted, false);
  assert.equal(session.state, 'waiting');
});

test("an error of a frame is the caller's; any other ends the session", async (t) => {
  const bad = new LivenessError('FRAME_BAD_TIMESTAMP', 'old');
  const dead = new LivenessError('ENV_WORKER_DEAD', 'gone');
  const { session, events } = scripted(t, [bad, scored[0], dead]);
  assert.equal((await failure(session.push(frame()))).code, 'FRAME_BAD_TIMESTAMP');
  assert.ok((await session.push(frame())).accepted);
  assert.equal((await failure(session.push(frame()))).code, 'ENV_WORKER_DEAD');
  assert.equal((await failure(session.result)).code, 'ENV_WORKER_DEAD');
  assert.deepEqual(events.at(-1), ['error', 'ENV_WORKER_DEAD']);
});

test("signals and close() end it with their codes; the engine's session is closed", async (t) => {
  const stop = new AbortController();
  const { session, log } = scripted(t, scored, { signal: stop.signal });
  stop.abort();
  assert.equal((await failure(session.result)).code, 'API_ABORTED');
  await setImmediate();
  assert.deepEqual(log, ['close']);
  const other = scripted(t, scored);
  await other.session.close();
  assert.equal((await failure(other.session.result)).code, 'API_CLOSED');
  assert.equal((await failure(other.session.push(frame()))).code, 'API_CLOSED');
  assert.equal(other.session.state, 'closed');
});

test('an engine that is closed ends its sessions at once', async (t) => {
  let closed = 0;
  const liveness = new Liveness(
    {
      open: async () => ({
        push: async () => scored[0](1),
        depth: async () => null,
        close: async () => {},
      }),
      close: async () => {
        closed++;
      },
    },
    info,
  );
  const [idle, pushed] = [liveness.start(), liveness.start({ clips: 1 })];
  t.after(() => idle.close());
  await pushed.push(frame());
  assert.equal((await pushed.result).verdict, 'live');
  await liveness.close();
  assert.deepEqual([idle.state, pushed.state, closed], ['closed', 'done', 1]);
  assert.equal((await failure(idle.result)).code, 'API_CLOSED');
});
