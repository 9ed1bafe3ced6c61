// SPDX-License-Identifier: MIT
// The package in a real browser: the same answers as in Node, bit for bit.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { DEFAULT_MODEL, loadLiveness, readY4m } from '../../js/node/node.js';
import { collect, path } from '../support.mjs';
import { launch, openPage } from './support.mjs';

const CLIPS = { live: 'tests/clips/live.y4m.gz', spoof: 'tests/clips/replay.y4m.gz' };
const sha1 = (bytes) => createHash('sha1').update(bytes).digest('hex');

let node;
before(async () => {
  node = await loadLiveness();
});
after(() => node.close());

let shared; // a browser without a camera, for what needs none
const hooks = [];
before(async () => {
  shared = await launch({ after: (hook) => hooks.push(hook) });
});
after(() => Promise.all(hooks.map((hook) => hook())));

/** The y4m file that Chromium takes for a camera, and the frames by their hash. */
async function camera(clip) {
  const file = join(tmpdir(), `livedepth-${clip}-${process.pid}.y4m`);
  writeFileSync(file, gunzipSync(readFileSync(path(CLIPS[clip]))));
  const frames = await collect(readY4m(path(CLIPS[clip])));
  return { file, byHash: new Map(frames.map((frame) => [sha1(frame.data), frame])) };
}

/** What a page does: camera, session, verdict; with a hash of each frame that went in. */
async function capture(options) {
  const { loadLiveness } = await import('/livedepth/index.js');
  const { openCamera } = await import('/livedepth/camera.js');
  const liveness = await loadLiveness(options);
  const opened = await openCamera();
  const session = liveness.start({ depth: 'every' });
  const seen = [];
  const hash = async (frame) => {
    const bytes = new Uint8Array(frame.allocationSize());
    await frame.copyTo(bytes);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  for await (const frame of opened.frames()) {
    const { timestamp } = frame;
    const digest = await hash(frame);
    const { accepted } = await session.push(frame);
    if (accepted) seen.push({ digest, timestamp });
    if (session.state === 'done') break;
  }
  const result = await session.result;
  await opened.close();
  await liveness.close();
  const maps = [result.depth, ...result.pairs].map(({ data }) => [...data]);
  const light = opened.track.readyState;
  return { ...result, depth: null, pairs: null, maps, seen, light };
}

// The replay is made, not recorded; the depth network alone calls it what it is.
for (const [clip, verdict, model] of [
  ['live', 'live', DEFAULT_MODEL],
  ['spoof', 'spoof', 'fas-sgtd-128-w8'],
]) {
  for (const [threads, isolated] of [
    [1, false],
    [2, true],
  ]) {
    test(`${clip} clip as a camera, ${threads} thread(s): Node's bits`, async (t) => {
      const { file, byHash } = await camera(clip);
      const browser = await launch(t, { camera: file });
      const { page, errors } = await openPage(t, browser, { isolated });
      const result = await page.evaluate(capture, { variant: 'simd', threads, model });
      const frames = result.seen.map(({ digest, timestamp }) => ({
        ...byHash.get(digest),
        timestamp,
      }));
      assert.ok(frames.length >= 10);
      assert.ok(
        frames.every(({ data }) => data),
        'a frame is not one of the file',
      );
      const node = await loadLiveness({ model });
      t.after(() => node.close());
      const own = await node.analyze(frames, { depth: 'every' });
      assert.deepEqual(
        [result.verdict, result.score, result.scores, result.votes],
        [own.verdict, own.score, own.scores, own.votes],
      );
      assert.equal(result.verdict, verdict);
      assert.deepEqual(
        result.maps,
        [own.depth, ...own.pairs].map(({ data }) => [...data]),
      );
      assert.deepEqual(result.frames, own.frames);
      assert.deepEqual(result.quality, JSON.parse(JSON.stringify(own.quality)));
      assert.deepEqual(
        [result.engine.variant, result.engine.threads],
        [threads > 1 ? 'simd-mt' : 'simd', threads],
      );
      assert.equal(result.engine.model.sha256, own.engine.model.sha256);
      assert.equal(result.light, 'ended');
      assert.deepEqual(errors, []);
    });
  }
}

test('a recorded clip: analyze() equals Node, relaxed is close, any kind of frame', async (t) => {
  const { page, errors } = await openPage(t, shared);
  const frames = await collect(readY4m(path(CLIPS.live)));
  const own = await node.analyze(frames);
  const given = frames.map(({ data, ...rest }) => ({
    ...rest,
    data: Buffer.from(data).toString('base64'),
  }));
  const results = await page.evaluate(async (given) => {
    const { loadLiveness } = await import('/livedepth/index.js');
    const frames = given.map((frame) => ({
      ...frame,
      data: Uint8Array.from(atob(frame.data), (c) => c.charCodeAt(0)),
    }));
    const video = () =>
      frames.map(
        ({ data, width, height, timestamp }) =>
          new VideoFrame(data, {
            format: 'I420',
            codedWidth: width,
            codedHeight: height,
            timestamp,
            colorSpace: { matrix: 'smpte170m', fullRange: false },
          }),
      );
    const answers = {};
    for (const variant of ['simd', 'relaxed']) {
      const liveness = await loadLiveness({ variant, threads: 1 });
      const opened = video();
      answers[variant] = [await liveness.analyze(frames), await liveness.analyze(opened)];
      answers.leaked = opened.filter((frame) => frame.codedWidth > 0).length;
      answers.intact = frames.every((frame) => frame.data.length === 180000);
      await liveness.close();
    }
    return JSON.parse(JSON.stringify(answers));
  }, given);
  for (const each of results.simd) {
    assert.equal(each.score, own.score);
    assert.deepEqual(Object.values(each.depth.data), [...own.depth.data]);
  }
  for (const each of results.relaxed) assert.ok(Math.abs(each.score - own.score) < 1e-3);
  assert.deepEqual([results.leaked, results.intact], [0, true]);
  assert.deepEqual(errors, []);
});
