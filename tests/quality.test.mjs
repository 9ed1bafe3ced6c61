// SPDX-License-Identifier: MIT
// Checks, limits and hints as JavaScript gives them: each hint from its check alone, and from the
// live clip, changed so that it must come.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import factory from '../build/livedepth-simd.mjs';
import { Engine } from '../js/engine/engine.js';
import { frameQuality, readLimits, summarizeQuality } from '../js/engine/quality.js';
import { DETECTOR, failure, liveFrames, MODEL } from './support.mjs';

const NAMES = [
  'faceCount',
  'faceSize',
  'centering',
  'yaw',
  'pitch',
  'roll',
  'sharpness',
  'brightness',
  'contrast',
  'noise',
  'motion',
  'frameRate',
  'frozenFrames',
];
const [WIDTH, HEIGHT] = [400, 300];
let engine;
let models;
let frames; // those of the live clip that a session looks at, and the last one's neighbour
before(async () => {
  engine = await Engine.load(factory);
  models = {
    network: engine.model(readFileSync(MODEL)),
    detector: engine.model(readFileSync(DETECTOR)),
  };
  frames = (await liveFrames()).filter((_, i) => i % 3 === 0);
});
after(() => engine.close());

/** Pushes frames as a camera of their own gives them; the results that were looked at. */
function look(list, { interval = 1e5, ...options } = {}) {
  const session = engine.session({ ...models, ...options });
  const results = list.map((frame, i) => session.push({ ...frame, timestamp: i * interval }));
  session.close();
  return results.filter(({ state }) => state !== 'skipped');
}

/** The live frame in grey, with other luma: value(x, y, as it is). */
function changed(frame, value) {
  const data = Uint8Array.from(frame.data).fill(128, WIDTH * HEIGHT);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    data[i] = Math.min(Math.max(value(i % WIDTH, Math.floor(i / WIDTH), data[i]), 16), 235);
  }
  return { ...frame, data };
}
const at = ({ data }, x, y) =>
  data[Math.min(Math.max(y, 0), HEIGHT - 1) * WIDTH + Math.min(Math.max(x, 0), WIDTH - 1)];
const mirrored = (frame) => changed(frame, (x, y) => at(frame, WIDTH - 1 - x, y));
const moved = (frame, dx, dy = 0) => changed(frame, (x, y) => at(frame, x - dx, y - dy));
/** Turned clockwise about the face. @param {number} degrees */
const turned = (degrees) => (frame) => {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return changed(frame, (x, y) => {
    const [u, v] = [x - 205, y - 160];
    return at(frame, Math.round(205 + c * u + s * v), Math.round(160 - s * u + c * v));
  });
};
/** With noise of this deviation, of 219 steps of luma. @param {number} deviation */
const noisy = (deviation) => (frame) => {
  let seed = 1;
  const even = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  return changed(frame, (_x, _y, value) => {
    const normal = Math.sqrt(-2 * Math.log(even() + 1e-9)) * Math.cos(2 * Math.PI * even());
    return Math.round(value + deviation * normal);
  });
};
/** Nearer (> 1) or farther, about the face at (205, 160). */
const zoomed = (frame, scale) =>
  changed(frame, (x, y) =>
    at(frame, Math.round(205 + (x - 205) / scale), Math.round(160 + (y - 160) / scale)),
  );
/** A mean over five pixels, twice along each axis; all that several times. */
function blurred(frame, times) {
  if (times === 0) return frame;
  const mean = (from, dx, dy) =>
    changed(from, (x, y) => {
      let sum = 0;
      for (let i = -2; i <= 2; i++) sum += at(from, x + i * dx, y + i * dy);
      return Math.round(sum / 5);
    });
  return blurred(mean(mean(mean(mean(frame, 1, 0), 0, 1), 1, 0), 0, 1), times - 1);
}

/** The model's. */
const limits = () => models.network.describe().checks;

test("thirteen checks in the order of the field; their limits are the model's", () => {
  const { checks, fields } = engine.layout;
  assert.equal(fields.checks[2], NAMES.length);
  assert.deepEqual(
    checks.map((name) => name.replace(/_./g, (pair) => pair[1].toUpperCase())),
    NAMES,
  );
  assert.deepEqual(Object.keys(limits()), NAMES);
  assert.deepEqual(limits().faceCount, { min: 1, max: 1 });
  assert.deepEqual(Object.keys(limits().sharpness), ['min']);
  assert.deepEqual(Object.keys(limits().motion), ['max']);
  const header = readFileSync(new URL('../src/livedepth.h', import.meta.url), 'utf8');
  const named = [...header.matchAll(/^ {4}LIVEDEPTH_CHECK_([A-Z_]+)/gm)].map(([, name]) => name);
  assert.deepEqual(
    checks,
    named.map((name) => name.toLowerCase()),
  );
});

test("limits of the library become the file's own, both ways", () => {
  const names = ['face_count', 'face_size', 'motion'];
  const checks = { face_size: [0.2, 0.5], motion: [null, 1], face_count: [1, null] };
  const own = readLimits(names, checks);
  assert.deepEqual(Object.entries(own), [
    ['faceCount', { min: 1 }],
    ['faceSize', { min: 0.2, max: 0.5 }],
    ['motion', { max: 1 }],
  ]);
  const { checks: seen, hints } = frameQuality(own, [1, 0.6, NaN], null);
  assert.deepEqual(seen, {
    faceCount: { value: 1, min: 1, pass: true },
    faceSize: { value: 0.6, min: 0.2, max: 0.5, pass: false },
  });
  assert.deepEqual(hints, ['move_back']);
});

test('the live clip keeps every limit, but for its quickest move', () => {
  const quick = 7; // 0.54 box sides a second, of 0.5
  for (const [i, { quality }] of look(frames).entries()) {
    const hints = i === quick ? ['hold_still'] : [];
    assert.deepEqual(
      [quality.pass, quality.hint, quality.hints],
      [i !== quick, hints[0] ?? 'ok', hints],
      `frame ${i}`,
    );
    const missing = i === 0 ? ['motion', 'frameRate'] : [];
    assert.deepEqual(
      Object.keys(quality.checks),
      NAMES.filter((name) => !missing.includes(name)),
    );
    for (const [name, { pass }] of Object.entries(quality.checks)) {
      assert.equal(pass, i !== quick || name !== 'motion', `frame ${i}: ${name}`);
    }
  }
});

test('a skipped frame has no quality; without faces two checks are left', async () => {
  const session = engine.session(models);
  const [first, second] = await liveFrames();
  session.push(first);
  assert.equal(session.push(second).quality, null);
  session.close();
  for (const { quality } of look(frames.slice(0, 6).fill(frames[0]), { crop: 'none' }).slice(1)) {
    assert.deepEqual(Object.keys(quality.checks), ['frameRate', 'frozenFrames']);
  }
});

test('a mirror turns the head the other way', () => {
  const yaw = (list) => look(list).map(({ quality }) => quality.checks.yaw.value);
  const [plain, other] = [yaw(frames), yaw(frames.map(mirrored))];
  assert.ok(Math.min(...plain) < -6 && Math.max(...plain) > 6, 'the man turns his head');
  plain.forEach((value, i) => assert.ok(Math.abs(value + other[i]) < 5, `${value} ${other[i]}`));
});

/** Every check within its limit. */
const good = () => Object.values(limits()).map(({ min, max }) => min ?? max);

test('each hint comes from its check alone, below or above', () => {
  const rows = [
    ['faceCount', 'no_face', 'multiple_faces'],
    ['faceSize', 'move_closer', 'move_back'],
    ['centering', null, 'center_face'],
    ['yaw', 'look_straight', 'look_straight'],
    ['pitch', 'look_straight', 'look_straight'],
    ['roll', 'hold_upright', 'hold_upright'],
    ['sharpness', 'blurry', null],
    ['brightness', 'too_dark', 'too_bright'],
    ['contrast', 'low_contrast', null],
    ['noise', null, 'noisy'],
    ['motion', null, 'hold_still'],
    ['frameRate', 'low_frame_rate', null],
    ['frozenFrames', null, 'frozen_frames'],
  ];
  assert.deepEqual(
    rows.map(([name]) => name),
    NAMES,
  );
  for (const [i, [name, ...hints]] of rows.entries()) {
    const { min = null, max = null } = Object.values(limits())[i];
    for (const [hint, bound, step] of [
      [hints[0], min, -1e-3],
      [hints[1], max, 1e-3],
    ]) {
      assert.equal(bound === null, hint === null, name);
      if (bound === null) continue;
      const values = good();
      values[i] = bound;
      const edge = frameQuality(limits(), values, null);
      assert.deepEqual([edge.pass, edge.hint, edge.hints], [true, 'ok', []], `limit of ${name}`);
      values[i] += step;
      const { pass, hint: first, hints: all, checks } = frameQuality(limits(), values, null);
      assert.deepEqual([pass, first, all], [false, hint, [hint]]);
      assert.deepEqual(checks[name], {
        value: values[i],
        ...(min === null ? {} : { min }),
        ...(max === null ? {} : { max }),
        pass: false,
      });
      assert.equal(Object.values(checks).filter((check) => !check.pass).length, 1);
    }
  }
});

test('one hint at a time: why the frame was not used, then the order', () => {
  const low = Object.values(limits()).map(({ min, max }) =>
    min === undefined ? max + 1 : min - 1,
  );
  const order = [
    'no_face',
    'too_dark',
    'low_contrast',
    'move_closer',
    'center_face',
    'hold_upright',
    'look_straight',
    'hold_still',
    'noisy',
    'blurry',
    'low_frame_rate',
    'frozen_frames',
  ];
  assert.deepEqual(frameQuality(limits(), low, null).hints, order);
  assert.deepEqual(frameQuality(limits(), low, 'frozen_frames').hints, [
    'frozen_frames',
    ...order.slice(0, -1),
  ]);
  assert.equal(frameQuality(limits(), low, 'face_small').hint, 'move_closer');
  assert.deepEqual(frameQuality(limits(), good(), 'face_small').hints, ['low_resolution']);
  for (const reason of ['frame_gap', 'face_moved', 'format_changed']) {
    // nothing to be told
    assert.equal(frameQuality(limits(), good(), reason).hint, 'ok');
  }
  const nothing = frameQuality(limits(), good().fill(NaN), null);
  assert.deepEqual([nothing.pass, nothing.checks], [true, {}]);
});

test('each hint comes from pictures that call for it', () => {
  const half = (frame) => {
    // 160 x 120: the face is as large in it, of 44 pixels
    const data = new Uint8Array(160 * 120 * 1.5).fill(128);
    for (let i = 0; i < 160 * 120; i++) {
      data[i] = at(frame, Math.floor((i % 160) * 2.5), Math.floor(Math.floor(i / 160) * 2.5));
    }
    return { ...frame, data, width: 160, height: 120 };
  };
  const two = (frame) => changed(frame, (x, y) => at(frame, 105 + (x % 200), y));
  const light =
    (gain, offset = 0) =>
    (frame) =>
      changed(frame, (_x, _y, value) => 16 + (value - 16) * gain + offset);
  const rows = [
    ['ok', null, (frame) => frame],
    ['ok', null, light(0.6)],
    ['ok', null, light(1.8)],
    ['no_face', 'no_face', light(0, 100)],
    ['multiple_faces', 'multiple_faces', two],
    ['too_dark', null, light(0.3)],
    ['too_dark', 'too_dark', light(0.12)],
    ['too_dark', 'too_dark', light(0)],
    ['too_bright', null, light(1, 112)],
    ['too_bright', 'too_bright', light(1.5, 112)],
    ['too_bright', 'too_bright', light(0, 235)],
    ['low_contrast', null, light(0.35, 60)],
    ['low_contrast', 'low_contrast', light(0.12, 100)],
    ['move_closer', 'face_small', (frame) => zoomed(frame, 0.5)],
    ['move_back', null, (frame) => zoomed(frame, 2.4)],
    ['center_face', null, (frame) => moved(frame, 75)],
    ['ok', null, turned(-20)],
    ['hold_upright', null, turned(32)],
    ['hold_upright', null, turned(45)],
    ['hold_upright', 'roll', turned(75)],
    ['hold_upright', 'roll', turned(-90)],
    ['hold_upright', 'roll', turned(180)],
    ['hold_still', null, (frame, i) => moved(frame, 8 * (i % 2))],
    ['noisy', null, noisy(9)],
    ['noisy', 'noisy', noisy(16)],
    ['blurry', null, (frame) => blurred(frame, 2)],
    ['blurry', 'blurry', (frame) => blurred(frame, 6)],
    ['low_resolution', 'face_small', half],
  ];
  for (const [hint, frameReason, change] of rows) {
    const results = look(frames.slice(0, 3).map(change));
    const { quality, frameReason: reason, face, clips } = results.at(-1);
    const what = `${hint} ${frameReason}: ${JSON.stringify(quality)} ${face?.box.width}`;
    assert.deepEqual([quality.hint, reason], [hint, frameReason], what);
    assert.equal(clips, 0);
  }
  const frozen = look(Array(4).fill(frames[0]));
  assert.deepEqual(
    frozen.map(({ quality }) => quality.hint),
    ['ok', 'ok', 'frozen_frames', 'frozen_frames'],
  );
  assert.equal(frozen[3].reason, 'frozen_frames');
  const slow = look(frames.slice(0, 3), { interval: 150_000 });
  assert.deepEqual([slow[2].quality.hint, slow[2].frameReason], ['low_frame_rate', null]);
  const slower = look(frames.slice(0, 6), { interval: 220_000 });
  assert.deepEqual([slower[5].reason, slower[5].clips], ['low_frame_rate', 0]);
});

test('a summary of what is no list of qualities is refused', async () => {
  const fine = { pass: true, hint: 'ok', hints: [], checks: {} };
  for (const [list, named] of [
    [undefined, 'the list is undefined'],
    [null, 'the list is null'],
    [{}, 'the list is a object'],
    [fine, 'the list is a object'],
    [[5], 'entry 0 is 5'],
    [[null, fine, undefined], 'entry 2 is undefined'],
    [[fine, {}], 'entry 1 is a object'],
    [[{ ...fine, checks: null }], 'entry 0 is a object'],
    [[{ ...fine, hints: 'ok' }], 'entry 0 is a object'],
  ]) {
    const { code, detail } = await failure(() => summarizeQuality(list));
    assert.deepEqual([code, detail.includes(named)], ['BAD_ARGUMENT', true], detail);
  }
});

test('a clip: the median of each check, the hints of most frames', () => {
  const quality = (changes, reason = null) => {
    const values = good();
    for (const [name, value] of Object.entries(changes)) values[NAMES.indexOf(name)] = value;
    return frameQuality(limits(), values, reason);
  };
  assert.equal(summarizeQuality([]), null);
  assert.equal(summarizeQuality([null, null]), null);
  const three = [0.4, 0.01, 0.5].map((brightness) => quality({ brightness, motion: NaN }));
  const whole = summarizeQuality([null, ...three, null]);
  assert.deepEqual([whole.pass, whole.hint, whole.checks.brightness.value], [true, 'ok', 0.4]);
  assert.equal('motion' in whole.checks, false);
  assert.deepEqual(
    Object.keys(whole.checks),
    NAMES.filter((name) => name !== 'motion'),
  );
  const dark = summarizeQuality([0.4, 0.01, 0.02].map((brightness) => quality({ brightness })));
  assert.deepEqual([dark.pass, dark.hints], [false, ['too_dark']]);
  assert.equal(dark.checks.brightness.pass, false);
  const black = quality({ faceCount: 0, brightness: 0 }, 'too_dark');
  assert.deepEqual(summarizeQuality([black, black]).hints, ['too_dark', 'no_face']);
  const live = summarizeQuality(look(frames).map((result) => result.quality));
  assert.deepEqual([live.pass, live.hint, Object.keys(live.checks).length], [true, 'ok', 13]);
});
