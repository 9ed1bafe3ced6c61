// SPDX-License-Identifier: MIT
// The papers' score by face masks: --mask of the command, and what does not fit.
// training/tests/test_scores.py compares its numbers with training's.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MaskedLiveness, readMasks } from '../js/node/masks.js';
import { loadLiveness, readClip } from '../js/node/node.js';
import { decodePng, encodePng } from '../js/node/png.js';
import { failure, MODEL, run, temporaryFolder } from './support.mjs';

const clip = temporaryFolder(after);
const half = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i % 96 < 48 ? 255 : 0));
const mask = (i, rgb, width = 32, height = 32) =>
  writeFileSync(join(clip, 'mask', `${i}.png`), encodePng(width, height, rgb));
const liveness = await loadLiveness({ model: MODEL, detector: null });
after(() => liveness.close());

async function score() {
  const masked = new MaskedLiveness(liveness, await readMasks(clip));
  const result = await masked.analyze(readClip(clip, { fps: 10 }), { crop: 'none' });
  return { ...result, maskedScore: masked.maskedScore() };
}

mkdirSync(join(clip, 'mask'));
for (let i = 0; i < 6; i++) {
  const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, k) => (k * k * (i + 3)) % 251);
  writeFileSync(join(clip, `${i}.png`), encodePng(64, 64, noise));
  mask(
    i,
    half.map(() => 255),
  );
}

test('a mask of all gives the ordinary score, a mask of a half another one', async () => {
  const whole = await score();
  assert.equal(whole.frames.clips, 2);
  assert.ok(Math.abs(whole.maskedScore - whole.score) < 1e-6, `${whole.maskedScore}`);
  mask(0, half);
  const masked = await score();
  assert.equal(masked.score, whole.score);
  assert.ok(Math.abs(masked.maskedScore - whole.maskedScore) > 1e-6);

  const command = ['score', clip, '--mask', '--crop', 'none', '--fps', '10', '--model', MODEL];
  const { stdout } = await run([...command, '--json']);
  assert.equal(JSON.parse(stdout).maskedScore, masked.maskedScore);
  const shown = await run(command);
  assert.ok(shown.stdout.includes(`  masked   ${masked.maskedScore.toFixed(4)}\n`), shown.stdout);
});

test('the best frame and the depth maps of a clip with masks', async () => {
  const out = temporaryFolder(after);
  const command = ['score', clip, '--mask', '--crop', 'none', '--fps', '10', '--model', MODEL];
  const { status, stdout, stderr } = await run([
    ...[...command, '--json', '--best', out],
    ...['--depth', out, '--depth-pairs'],
  ]);
  assert.equal(status, 0, stderr);
  const { bestFiles, depthFiles } = JSON.parse(stdout);
  assert.deepEqual([bestFiles.length, depthFiles.length], [1, 5], stdout); // no face is looked for
  const { width, height } = decodePng(readFileSync(bestFiles[0]));
  assert.deepEqual([width, height], [64, 64]);
});

test('masks, which are held all at once, are limited', async () => {
  assert.equal((await readMasks(clip, 6 * 32 * 32 * 4)).length, 6);
  assert.equal((await failure(readMasks(clip, 5 * 32 * 32 * 4))).code, 'CLIP_TOO_LARGE');
});

test('masks that do not fit are an error', async () => {
  const wrong = async (code, detail) => {
    const error = await failure(score);
    assert.deepEqual([error.code, error.detail], [code, detail]);
  };
  mask(6, half);
  await wrong('CLIP_MASKS', '7 masks, and 6 frames');
  for (const i of [5, 6]) rmSync(join(clip, 'mask', `${i}.png`));
  await wrong('CLIP_MASKS', '5 masks, and more frames');
  for (const [width, height, text] of [
    [32, 16, 'mask 0: 32x16 is no square'],
    [24, 24, 'masks of 24 pixels, a depth map of 16'],
  ]) {
    for (let i = 0; i < 6; i++) mask(i, half.subarray(0, width * height * 3), width, height);
    await wrong('CLIP_MASKS', text);
  }
  rmSync(join(clip, 'mask'), { recursive: true });
  await wrong('CLIP_NOT_FOUND', 'no such file');
});
