// SPDX-License-Identifier: MIT
// One photo in a page, as a person chooses it from her files.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadLiveness } from '../../js/node/node.js';
import { exif, jpegWith, LIVE_MP4, photoOf, temporaryFolder } from '../support.mjs';
import { launch, openPage } from './support.mjs';

const folder = temporaryFolder(after);
const hooks = [];
let page;
let node;
before(async () => {
  node = await loadLiveness();
  const t = { after: (hook) => hooks.push(hook) };
  ({ page } = await openPage(t, await launch(t), { html: '<input id="file" type="file">' }));
  await page.evaluate(async () => {
    const { loadLiveness } = await import('/livedepth/index.js');
    globalThis.liveness = await loadLiveness({ variant: 'simd' });
  });
});
after(async () => {
  node.close();
  await Promise.all(hooks.map((hook) => hook()));
});

/** What the page says of a file. */
async function choose(file, options) {
  await page.setInputFiles('#file', file);
  return page.evaluate(async (given) => {
    const [chosen] = document.querySelector('#file').files;
    try {
      const { verdict, reason, score, basis, thresholds } = await liveness.analyzePhoto(
        chosen,
        given,
      );
      return { verdict, reason, score, basis, thresholds };
    } catch ({ code, detail }) {
      return { code, detail };
    }
  }, options);
}

test('JPEG, PNG and WebP; of a PNG the bits of Node', async () => {
  const png = photoOf(folder, 'a.png');
  const { score, thresholds } = await node.analyzePhoto(png);
  const expected = { verdict: 'live', reason: null, score, basis: 'photo', thresholds };
  assert.deepEqual(await choose(png), expected);
  for (const name of ['a.jpg', 'a.webp']) {
    const { verdict, basis } = await choose(photoOf(folder, name));
    assert.deepEqual([verdict, basis], ['live', 'photo'], name);
  }
});

test('a file that was changed since it was chosen', async () => {
  const jpeg = photoOf(folder, 'changed.jpg');
  await page.setInputFiles('#file', jpeg);
  writeFileSync(jpeg, 'another');
  const code = await page.evaluate(() =>
    liveness.analyzePhoto(document.querySelector('#file').files[0]).catch((error) => error.code),
  );
  assert.equal(code, 'CLIP_UNREADABLE');
});

test('the best picture where there is no VideoFrame: of RGBA, upright', async () => {
  const found = await page.evaluate(async () => {
    const { VideoFrame } = globalThis;
    delete globalThis.VideoFrame;
    const options = { crop: 'none', best: true };
    const [width, height] = [64, 48];
    /** Red, blue below, a little of it new in each. */
    const frame = (i) => {
      const data = new Uint8Array(width * height * 4).map((_, at) =>
        at % 4 === 3 ? 255 : at % 4 === (at < data0 ? 0 : 2) ? 200 + ((at * i) % 40) : 0,
      );
      return { data, width, height, format: 'RGBA', rotation: 90, timestamp: i * 1e5 };
    };
    const data0 = (width * height * 4) / 2;
    try {
      const { best } = await liveness.analyze([1, 2, 3, 4, 5, 6].map(frame), options);
      const bitmap = await createImageBitmap(best.picture);
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      context.drawImage(bitmap, 0, 0);
      const at = (x, y) => [...context.getImageData(x, y, 1, 1).data].map((v) => v > 128);
      const luma = { ...frame(1), format: 'NV12' };
      const refused = await liveness.analyze([luma], options).catch((error) => error.code);
      return { size: [bitmap.width, bitmap.height], left: at(8, 32), right: at(40, 32), refused };
    } finally {
      globalThis.VideoFrame = VideoFrame;
    }
  });
  assert.deepEqual(found, {
    size: [48, 64],
    left: [false, false, true, true],
    right: [true, false, false, true],
    refused: 'ENV_UNSUPPORTED',
  });
});

test('EXIF data turn a photo, and a large one is made smaller', async () => {
  const side = ['-vf', 'transpose=2,scale=2124:2832', '-q:v', '3'];
  const jpeg = readFileSync(photoOf(folder, 'side.jpg', side));
  const file = join(folder, 'turned.jpg');
  writeFileSync(file, jpegWith(jpeg, exif(6, true)));
  assert.equal((await choose(file)).verdict, 'live');
  assert.equal((await choose(join(folder, 'side.jpg'))).verdict, 'undecided');
});

test('frames of a page, too; they are closed', async () => {
  await page.setInputFiles('#file', photoOf(folder, 'b.png'));
  const found = await page.evaluate(async () => {
    const bitmap = await createImageBitmap(document.querySelector('#file').files[0]);
    const { verdict } = await liveness.analyzePhoto(bitmap);
    return [verdict, bitmap.width];
  });
  assert.deepEqual(found, ['live', 0]);
});

test('what is no photo is refused; no face is a reason', async () => {
  const bad = join(folder, 'bad.jpg');
  writeFileSync(bad, readFileSync(photoOf(folder, 'c.jpg')).subarray(0, 200));
  const moves = photoOf(folder, 'moves.webp', ['-c:v', 'libwebp_anim']);
  for (const [file, said] of [
    [LIVE_MP4, /neither PNG nor JPEG/],
    [photoOf(folder, 'a.gif'), /neither PNG nor JPEG/],
    [moves, /moves/],
    [bad, /cannot be decoded/],
  ]) {
    const { code, detail } = await choose(file);
    assert.equal(code, 'CLIP_PICTURE', file);
    assert.match(detail, said);
  }
  const empty = photoOf(folder, 'empty.png', ['-vf', 'crop=80:80:0:0,scale=400:300']);
  const { verdict, reason } = await choose(empty);
  assert.deepEqual([verdict, reason], ['undecided', 'no_face']);
  assert.equal((await choose(empty, { clips: 2 })).code, 'BAD_ARGUMENT');
});
