// SPDX-License-Identifier: MIT
// The best frame of a check: which one it is, that no other is kept, and its picture.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keepingBest } from '../js/check/best.js';
import { LivenessError } from '../js/engine/errors.js';
import { loadLiveness } from '../js/node/node.js';
import { pictures } from '../js/node/picture.js';
import { decodePng } from '../js/node/png.js';
import { failure, LIVE, liveFrames, run, temporaryFolder } from './support.mjs';

const folder = temporaryFolder(after);
const liveness = await loadLiveness();
after(() => liveness.close());

const open = async (blob) => decodePng(new Uint8Array(await blob.arrayBuffer()));

/** A frame whose copies are counted. */
function counted(open) {
  const frame = { timestamp: 0, close: () => open.delete(frame) };
  open.add(frame);
  return frame;
}

/** Plays results; which frame is the best, and how many copies are left open. */
async function play(results) {
  const held = new Set();
  const made = [];
  const maker = {
    hold: (frame) => Object.assign(counted(held), { timestamp: frame.timestamp }),
    make: async (frame, crop) => made.push([frame.timestamp, crop]),
  };
  const push = async ({ timestamp }) => ({ ...results[timestamp], timestamp });
  const stream = keepingBest({ push, reset: async () => {}, close: async () => {} }, maker);
  for (const timestamp of results.keys()) await stream.push({ timestamp });
  const open = held.size;
  const best = await stream.best();
  await stream.close();
  assert.equal(held.size, 0);
  return { best, made, open };
}

const result = (checks, { pass = true, ...rest } = {}) => ({
  state: 'filling',
  clips: 0,
  frameReason: null,
  face: { box: { x: 100, y: 50, width: 80, height: 100 } },
  quality: {
    pass,
    checks: Object.fromEntries(Object.entries(checks).map(([name, value]) => [name, { value }])),
  },
  ...rest,
});

test('the best is without fault, sharp, straight, still, and taken', async () => {
  const good = { sharpness: 0.5, yaw: 0, pitch: 0, roll: 0, motion: 0 };
  const rows = [
    [result({ ...good, sharpness: 0.9 }, { pass: false }), result(good)],
    [result({ ...good, sharpness: 0.4 }), result(good)],
    [result({ ...good, yaw: 20 }), result(good)],
    [result({ ...good, pitch: -20 }), result(good)],
    [result({ ...good, roll: 20 }), result(good)],
    [result({ ...good, motion: 0.4 }), result(good)],
    [result({ ...good, sharpness: 0.9 }, { state: 'waiting' }), result(good)],
    [result({ ...good, sharpness: 0.9 }, { state: 'skipped', quality: null }), result(good)],
  ];
  for (const [worse, better] of rows) {
    for (const list of [
      [worse, better],
      [better, worse],
    ]) {
      const { best, open } = await play(list);
      assert.deepEqual([best.timestamp, open], [list.indexOf(better), 1]);
    }
  }
  assert.deepEqual((await play([result(good)])).made, [
    [0, null],
    [0, { x: 65, y: 25, width: 150, height: 150 }],
  ]);
  assert.equal((await play([result(good, { state: 'waiting' })])).best, null);
});

test('a frame from before a break of the run is not kept', async () => {
  const sharp = result({ sharpness: 0.9 }, { clips: 2 });
  const after = result({ sharpness: 0.3 }, { frameReason: 'face_moved' });
  assert.equal((await play([sharp, after])).best.timestamp, 1);
  const lost = result({}, { state: 'waiting', frameReason: 'no_face' });
  assert.deepEqual(await play([sharp, lost]), { best: null, made: [], open: 0 });
  // The run goes on: its clips count still.
  assert.equal((await play([sharp, { ...lost, clips: 2 }])).best.timestamp, 0);
});

test('a frame under way when another person begins, or at the end, is not kept', async () => {
  const held = new Set();
  const maker = { hold: () => counted(held), make: async () => null };
  const answers = [];
  const push = () => new Promise((resolve) => answers.push(resolve));
  const stream = keepingBest({ push, reset: async () => {}, close: async () => {} }, maker);
  const before = stream.push({});
  await stream.reset();
  answers.shift()({ ...result({ sharpness: 0.9 }), timestamp: 1 });
  await before;
  const after = stream.push({});
  answers.shift()({ ...result({ sharpness: 0.3 }), timestamp: 2 });
  await after;
  assert.equal((await stream.best()).timestamp, 2);
  const last = stream.push({});
  await stream.close();
  answers.shift()({ ...result({ sharpness: 0.9 }), timestamp: 3 });
  await last;
  assert.equal(held.size, 0);
});

test('what becomes a picture is closed by nobody else; what cannot be held is closed', async () => {
  const held = new Set();
  let drawn = () => {};
  const make = () =>
    new Promise((resolve) => {
      drawn = resolve;
    });
  const push = async ({ timestamp }) => ({ ...result({ sharpness: timestamp }), timestamp });
  const engine = { push, reset: async () => {}, close: async () => {} };
  const stream = keepingBest(engine, { hold: () => counted(held), make });
  await stream.push({ timestamp: 0.1 });
  const best = stream.best();
  await stream.push({ timestamp: 0.9 });
  assert.equal(held.size, 2);
  drawn();
  await Promise.resolve();
  drawn();
  assert.equal((await best).timestamp, 0.1);
  assert.equal(held.size, 1);
  await stream.close();

  const hold = () => {
    throw new LivenessError('FRAME_BAD_FRAME', 'it is closed');
  };
  const frame = counted(held);
  assert.equal(
    (await failure(keepingBest(engine, { hold, make }).push(frame))).code,
    'FRAME_BAD_FRAME',
  );
  assert.equal(held.size, 0);
});

test('analyze and start: off by default, else a picture of a frame and of its face', async () => {
  const frames = (await liveFrames()).slice(0, 16);
  assert.equal((await liveness.analyze(frames)).best, null);
  const { best } = await liveness.analyze(frames, { best: true });
  const frame = frames.find(({ timestamp }) => timestamp === best.timestamp);
  const whole = await open(best.picture);
  assert.deepEqual([best.picture.type, whole.width, whole.height], ['image/png', 400, 300]);
  assert.deepEqual(whole, await open(await pictures.make(frame, null)));
  const face = await open(best.face);
  assert.ok(face.width > 120 && face.width < 250, `${face.width}x${face.height}`);
  assert.ok(best.quality.pass);

  const session = liveness.start({ best: true, clips: 1 });
  for (const each of frames) await session.push(each);
  assert.deepEqual(await open((await session.result).best.picture), whole);
  for (const best of [1, null, 'yes']) {
    assert.equal((await failure(liveness.analyze(frames, { best }))).code, 'BAD_ARGUMENT');
  }
});

test('pictures are upright and in colour, whatever the format', async () => {
  const [width, height] = [3, 2];
  const y = [82, 82, 145, 82, 82, 145]; // red, red, green: BT.601, 16 .. 235
  const [cb, cr] = [
    [90, 54],
    [240, 34],
  ];
  const rgba = y.flatMap((luma) => (luma === 82 ? [255, 0, 0, 255] : [0, 255, 0, 255]));
  const bgra = rgba.map((_, i) => rgba[i - (i % 4) + [2, 1, 0, 3][i % 4]]);
  const frames = [
    { format: 'RGBA', data: rgba },
    { format: 'BGRA', data: bgra },
    { format: 'I420', data: [...y, ...cb, ...cr] },
    { format: 'NV12', data: [...y, cb[0], cr[0], cb[1], cr[1]] },
    {
      format: 'I420',
      data: [0, ...y.slice(0, 3), 0, ...y.slice(3), 0, ...cr, ...cb],
      layout: [
        { offset: 1, stride: 4 },
        { offset: 11, stride: 2 },
        { offset: 9, stride: 2 },
      ],
    },
  ];
  for (const { data, ...rest } of frames) {
    for (const [rotation, size, greens] of [
      [0, [3, 2], [2, 5]],
      [90, [2, 3], [4, 5]],
      [180, [3, 2], [0, 3]],
      [270, [2, 3], [0, 1]],
    ]) {
      const frame = { ...rest, data: Uint8Array.from(data), width, height, rotation };
      const picture = await open(await pictures.make(pictures.hold(frame), null));
      assert.deepEqual([picture.width, picture.height], size);
      for (let i = 0; i < 6; i++) {
        const [red, green] = picture.data.subarray(4 * i);
        const isGreen = greens.includes(i);
        assert.ok(isGreen === green > 200 && isGreen === red < 50, `${rest.format} ${rotation}`);
      }
    }
  }
  const frame = { format: 'RGBA', data: Uint8Array.from(rgba), width, height };
  const cut = await open(await pictures.make(frame, { x: 1.6, y: -5, width: 9, height: 6 }));
  assert.deepEqual([cut.width, cut.height, cut.data[1]], [1, 1, 255]);
});

test('the command: --best DIR', async () => {
  const into = join(folder, 'new', 'best');
  const { status, stdout } = await run(['score', LIVE, '--best', into, '--json']);
  const { bestFiles } = JSON.parse(stdout);
  assert.deepEqual(
    [status, ...bestFiles],
    [0, join(into, 'live.y4m.gz-best.png'), join(into, 'live.y4m.gz-face.png')],
  );
  assert.deepEqual(readdirSync(into).length, 2);
  assert.equal(decodePng(readFileSync(bestFiles[0])).width, 400);
});
