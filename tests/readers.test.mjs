// SPDX-License-Identifier: MIT
// What all readers of clips share: which files they take, their options, which of them readClip
// chooses. Their own tests: y4m, pictures, video.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readClip, readFrames, readVideo, readY4m } from '../js/node/node.js';
import { file, folder, pictures, png } from './readers_rig.mjs';
import { collect, failure, LIVE, LIVE_MP4, y4m } from './support.mjs';

test('files: missing, folder, pipe, device; symbolic links', async () => {
  const fifo = join(folder, 'fifo.y4m');
  const link = join(folder, 'link.y4m');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  symlinkSync(file(y4m()), link);
  const rows = [
    [join(folder, 'none.y4m'), 'CLIP_NOT_FOUND'],
    [fifo, 'CLIP_NOT_FILE'],
    [folder, 'CLIP_NOT_FILE'],
    ['/dev/zero', 'CLIP_NOT_FILE'],
  ];
  for (const [path, code] of rows) {
    assert.equal((await failure(collect(readY4m(path)))).code, code, path);
    assert.equal((await failure(collect(readVideo(path)))).code, code, path);
  }
  // A link that the caller names is followed.
  assert.equal((await collect(readY4m(link))).length, 2);
  assert.equal((await collect(readClip(link))).length, 2);
  const linked = join(folder, 'linked');
  symlinkSync(pictures({ '1.png': png(2, 2) }), linked);
  assert.equal((await collect(readClip(linked))).length, 1);
  for (const path of ['', 'a\0b', 7, null, new URL('http://localhost/x.y4m')]) {
    assert.equal((await failure(collect(readY4m(path)))).code, 'BAD_ARGUMENT');
  }
});

test('readers: options are checked', async () => {
  for (const options of [
    null,
    7,
    { fps: 0 },
    { fps: NaN },
    { fps: '30' },
    { maxBytes: -1 },
    { frames: 3 },
  ]) {
    assert.equal((await failure(collect(readY4m(LIVE, options)))).code, 'BAD_ARGUMENT');
    assert.equal((await failure(collect(readFrames(folder, options)))).code, 'BAD_ARGUMENT');
    assert.equal((await failure(collect(readVideo(LIVE_MP4, options)))).code, 'BAD_ARGUMENT');
  }
  for (const options of [{ ffmpeg: '' }, { timeoutMs: Infinity }, { signal: {} }]) {
    assert.equal((await failure(collect(readVideo(LIVE_MP4, options)))).code, 'BAD_ARGUMENT');
  }
});

test('readClip: by name', async () => {
  const p = png(4, 4);
  assert.equal((await collect(readClip(file(y4m(), 'CLIP.Y4M')))).length, 2);
  assert.equal((await collect(readClip(pictures({ '1.png': p, '2.png': p })))).length, 2);
  assert.equal((await failure(collect(readClip(file('', 'empty.mp4'))))).code, 'CLIP_EMPTY');
  assert.equal((await failure(collect(readClip(file(p, 'one.png'))))).code, 'CLIP_FORMAT');
  assert.equal((await failure(collect(readClip(join(folder, 'none'))))).code, 'CLIP_NOT_FOUND');
});
