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
