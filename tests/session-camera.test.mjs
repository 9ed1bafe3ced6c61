// SPDX-License-Identifier: MIT
// A capture session that a camera feeds: what ends it, what pauses it, whose frames are refused.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { LivenessError } from '../js/engine/errors.js';
import { Feed, frame, scored, scripted } from './session_rig.mjs';
import { failure } from './support.mjs';

test("attach: feeds until the verdict, lets the camera's reader go", async (t) => {
  const { session } = scripted(t, scored, { clips: 4 });
  const feed = new Feed();
  const result = await session.attach(feed);
  assert.equal(result.verdict, 'live');
  await setImmediate();
  assert.ok(feed.ended);
  assert.equal((await failure(session.attach({}))).code, 'BAD_ARGUMENT');
});

test('attach: a camera that ends gives no verdict, one that is lost an error', async (t) => {
  const short = scripted(t, scored, { clips: 100 });
  const feed = new Feed();
  const attached = short.session.attach(feed);
  assert.equal((await failure(short.session.attach(new Feed()))).code, 'API_BUSY');
  feed.empty = true;
  const { verdict, reason } = await attached;
  assert.deepEqual([verdict, reason], ['undecided', 'clip_short']);
  const lost = scripted(t, scored, { clips: 100 });
  const broken = new Feed();
  broken.error = new LivenessError('CAMERA_LOST', 'unplugged');
  assert.equal((await failure(lost.session.attach(broken))).code, 'CAMERA_LOST');
});

test("attach: the camera's events pause, resume and restart", async (t) => {
  const { session, log } = scripted(t, [scored[0]], { clips: 100 });
  const feed = new Feed();
  const attached = session.attach(feed);
  await setImmediate();
  feed.tell('pause', 'camera_muted');
  assert.equal(session.state, 'paused');
  feed.tell('resume');
  assert.equal(session.state, 'waiting');
  feed.tell('restart');
  await setImmediate();
  assert.deepEqual(log, ['reset', 'reset']);
  await session.close();
  assert.equal((await failure(attached)).code, 'API_CLOSED');
  const hidden = scripted(t, [scored[0]]);
  const later = hidden.session.attach(Object.assign(new Feed(), { paused: 'page_hidden' }));
  assert.equal(hidden.session.state, 'paused');
  await hidden.session.close();
  await failure(later);
});

test('frames that are all refused end it with their error', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const bad = new LivenessError('FRAME_BAD_FORMAT', 'strange');
  const fed = scripted(t, [bad]);
  assert.equal((await failure(fed.session.attach(new Feed()))).code, 'FRAME_BAD_FORMAT');
  const pushed = scripted(t, [bad], { timeoutMs: 5000 });
  for (let i = 0; i < 50; i++) await failure(pushed.session.push(frame()));
  assert.equal(pushed.session.state, 'waiting'); // who pushes has heard of it
  mock.timers.tick(5000);
  assert.equal((await failure(pushed.session.result)).code, 'FRAME_BAD_FORMAT');
  // One here and there is a frame less.
  const mixed = scripted(
    t,
    [...Array(19).fill(bad), scored[0], ...Array(19).fill(bad), scored[1]],
    {
      clips: 2,
    },
  );
  assert.equal((await mixed.session.attach(new Feed())).verdict, 'live');
});
