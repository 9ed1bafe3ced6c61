// SPDX-License-Identifier: MIT
// What all readers of clips share: which files they take, their options, which of them readClip
// chooses. Their own tests: y4m, pictures, video.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRegular, readRegular } from '../js/node/files.js';
import { readClip, readFrames, readVideo, readY4m } from '../js/node/node.js';
import { file, folder, pictures, png } from './readers_rig.mjs';
import { collect, failure, LIVE, LIVE_MP4, noFfmpeg, y4m } from './support.mjs';

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
});

test('files: what is no path of a file here is BAD_ARGUMENT, with its name', async () => {
  for (const [path, named] of [
    ['', '""'],
    ['a\0b', '"a\\u0000b"'],
    [7, '7'],
    [null, 'null'],
    [Buffer.from('x'), 'a object'],
    [new URL('http://localhost/x.y4m'), '"http://localhost/x.y4m"'],
    [new URL('file://host/x.y4m'), '"file://host/x.y4m"'],
    [new URL('file:///a%2fb.y4m'), '"file:///a%2fb.y4m"'],
    [new URL('file:///a%00b.y4m'), '"file:///a%00b.y4m"'],
    [Object.create(URL.prototype), 'a object'],
  ]) {
    for (const reader of [readY4m, readFrames, readVideo, readClip]) {
      const { code, detail } = await failure(collect(reader(path)));
      assert.equal(code, 'BAD_ARGUMENT');
      assert.ok(detail.startsWith(`${reader.name}: the `) && detail.includes(named), detail);
    }
  }
});

test('files: read whole, as far as the limit, whatever the system says of their size', async () => {
  const made = '/proc/self/maps'; // of no size
  const [whole, bytes] = ['/proc/version', file(new Uint8Array(1000))];
  assert.deepEqual(await readRegular(whole, 'CLIP', { maxBytes: 1e6 }), readFileSync(whole));
  assert.equal((await readRegular(bytes, 'CLIP', { maxBytes: 1000 })).length, 1000);
  for (const [path, maxBytes] of [
    [bytes, 999],
    [made, 99],
  ]) {
    const error = await failure(readRegular(path, 'CLIP', { maxBytes }));
    assert.deepEqual([error.code, error.file], ['CLIP_TOO_LARGE', path]);
  }
  await (await openRegular(made, 'CLIP', { maxBytes: 99 })).close(); // the system says 0
});

test('readers: a signal ends each of them, before the first frame and between two', async () => {
  const folder = pictures({ '1.png': png(4, 4), '2.png': png(4, 4), '3.png': png(4, 4) });
  const readers = [
    [readY4m, file(y4m({ frames: 3 }))],
    [readFrames, folder],
    [readClip, folder],
    [readClip, file(y4m({ frames: 3 }))],
    ...(noFfmpeg ? [] : [readVideo, readClip].map((reader) => [reader, LIVE_MP4])),
  ];
  for (const [reader, path] of readers) {
    for (const signal of ['nonsense', {}, null, Object.create(AbortSignal.prototype)]) {
      const { code, detail } = await failure(collect(reader(path, { signal })));
      assert.deepEqual([code, /signal is/.test(detail)], ['BAD_ARGUMENT', true]);
    }
    const gone = AbortSignal.abort(new Error('mine'));
    const before = await failure(collect(reader(path, { signal: gone })));
    assert.deepEqual([before.code, before.cause], ['API_ABORTED', gone.reason]);

    const controller = new AbortController();
    const seen = [];
    const during = await failure(async () => {
      for await (const frame of reader(path, { signal: controller.signal })) {
        seen.push(frame);
        controller.abort();
      }
    });
    assert.deepEqual([during.code, seen.length], ['API_ABORTED', 1], reader.name);
  }
});

test('readers: options are checked', async () => {
  for (const options of [
    null,
    7,
    [],
    new URL('file:///x'),
    new AbortController().signal,
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
  for (const options of [
    { ffmpeg: '' },
    { ffmpeg: 'a\0b' },
    { timeoutMs: Infinity },
    { signal: {} },
  ]) {
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
