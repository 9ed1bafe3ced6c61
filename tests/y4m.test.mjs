// SPDX-License-Identifier: MIT
// y4m files: good ones, and a typed error for every bad one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readY4m } from '../js/node/node.js';
import { file } from './readers_rig.mjs';
import { collect, failure, LIVE, y4m } from './support.mjs';

test('y4m: frames, sizes, times', async () => {
  const frames = await collect(readY4m(file(y4m({ frames: 3 }))));
  assert.deepEqual(
    frames.map(({ timestamp }) => timestamp),
    [0, 40_000, 80_000],
  );
  const { data, ...rest } = frames[1];
  assert.deepEqual(rest, {
    width: 6,
    height: 4,
    format: 'I420',
    timestamp: 40_000,
    fullRange: false,
  });
  assert.deepEqual([...data], Array(36).fill(2));
});

const GOOD = [
  ['C420paldv', { header: 'W6 H4 F25:1 C420paldv' }],
  ['C420mpeg2', { header: 'W6 H4 F25:1 Ip A1:1 C420mpeg2 XYSCSS=420MPEG2' }],
  ['C420', { header: 'W6 H4 F25:1 C420' }],
  ['no C at all', { header: 'W6 H4 F25:1' }],
  ['parameters of a frame', { frame: 'FRAME Ip\n' }],
  ['odd sizes round the chroma up', { header: 'W5 H3 F25:1', size: 15 + 2 * 6 }],
  ['one pixel', { header: 'W1 H1 F25:1', size: 3 }],
  ['no frame', { frames: 0 }, 0],
];
for (const [name, parts, count = 2] of GOOD) {
  test(`y4m: ${name}`, async () => {
    const frames = await collect(readY4m(file(y4m(parts))));
    assert.equal(frames.length, count);
    for (const frame of frames) assert.equal(frame.data.length, parts.size ?? 36);
  });
}

test('y4m: colour range and rate', async () => {
  const full = await collect(readY4m(file(y4m({ header: 'W6 H4 F30000:1001 XCOLORRANGE=FULL' }))));
  assert.equal(full[1].fullRange, true);
  assert.equal(full[1].timestamp, (1e6 * 1001) / 30000);
  for (const header of ['W6 H4', 'W6 H4 F0:0']) {
    const unknown = await collect(readY4m(file(y4m({ header })), { fps: 10 }));
    assert.equal(unknown[1].timestamp, 100_000);
  }
});

const BAD_Y4M = [
  ['no bytes', Buffer.alloc(0), 'CLIP_EMPTY', 0],
  ['bad magic', y4m({ magic: 'YUV4MPEG3 ' }), 'CLIP_MAGIC', 0],
  ['HTML', Buffer.from('<!DOCTYPE html><p>Not found\n'), 'CLIP_MAGIC', 0],
  ['only zeros', Buffer.alloc(5000), 'CLIP_MAGIC', 0],
  ['cut in the magic', Buffer.from('YUV4'), 'CLIP_MAGIC', 0],
  ['cut in the header', Buffer.from('YUV4MPEG2 W6 H4'), 'CLIP_TRUNCATED', 0],
  ['no W', y4m({ header: 'H4 F25:1' }), 'CLIP_HEADER', 0],
  ['no H', y4m({ header: 'W6 F25:1' }), 'CLIP_HEADER', 0],
  ['W is 0', y4m({ header: 'W0 H4 F25:1' }), 'CLIP_HEADER', 0],
  ['H is negative', y4m({ header: 'W6 H-4 F25:1' }), 'CLIP_HEADER', 0],
  ['W is no number', y4m({ header: 'W6x H4 F25:1' }), 'CLIP_HEADER', 0],
  ['W is 1e9', y4m({ header: 'W1000000000 H4 F25:1' }), 'CLIP_TOO_LARGE', 0],
  ['H is beyond 64 bits', y4m({ header: 'W6 H99999999999999999999 F25:1' }), 'CLIP_HEADER', 0],
  ['rate 0', y4m({ header: 'W6 H4 F0:1' }), 'CLIP_HEADER', 0],
  ['rate over 0', y4m({ header: 'W6 H4 F25:0' }), 'CLIP_HEADER', 0],
  ['rate without a colon', y4m({ header: 'W6 H4 F25' }), 'CLIP_HEADER', 0],
  ['unknown C', y4m({ header: 'W6 H4 F25:1 Cabc' }), 'CLIP_FORMAT', 0],
  ['header of 2 KiB', y4m({ header: `W6 H4 X${'x'.repeat(2048)}` }), 'CLIP_HEADER', 0],
  ['FRAME cut', y4m().subarray(0, 33 + 3), 'CLIP_TRUNCATED', 31],
  ['planes cut', y4m().subarray(0, -1), 'CLIP_TRUNCATED', 73],
  ['planes missing', y4m({ frames: 1, size: 0 }), 'CLIP_TRUNCATED', 31],
  ['FRAMES', y4m({ frame: 'FRAMES\n' }), 'CLIP_HEADER', 31],
  ['frame of another size', y4m({ size: 40 }), 'CLIP_HEADER', 73],
  ['frame line of 2 KiB', y4m({ frame: `FRAME ${'x'.repeat(2048)}\n` }), 'CLIP_HEADER', 31],
  ['10 bits', y4m({ header: 'W6 H4 F25:1 C420p10', size: 72 }), 'CLIP_FORMAT', 0],
  ['4:4:4', y4m({ header: 'W6 H4 F25:1 C444', size: 72 }), 'CLIP_FORMAT', 0],
  ['4:2:2', y4m({ header: 'W6 H4 F25:1 C422', size: 48 }), 'CLIP_FORMAT', 0],
  ['mono', y4m({ header: 'W6 H4 F25:1 Cmono', size: 24 }), 'CLIP_FORMAT', 0],
];
for (const [name, bytes, code, offset] of BAD_Y4M) {
  test(`y4m: ${name}: ${code}`, async () => {
    const path = file(bytes);
    const error = await failure(collect(readY4m(path)));
    assert.equal(error.code, code);
    assert.equal(error.stage, 'clip');
    assert.equal(error.offset, offset);
    assert.equal(error.file, path);
  });
}

test('y4m.gz: told by its bytes, cut or damaged it is an error', async () => {
  const packed = gzipSync(y4m());
  assert.equal((await collect(readY4m(file(packed)))).length, 2);
  assert.equal(
    (await failure(collect(readY4m(file(packed.subarray(0, -12)))))).code,
    'CLIP_TRUNCATED',
  );
  const damaged = Buffer.from(packed);
  damaged.fill(0xff, 20, 40);
  assert.equal((await failure(collect(readY4m(file(damaged))))).code, 'CLIP_FORMAT');
});

test('y4m: bytes are limited, also when they come out of gzip', async () => {
  const path = file(gzipSync(y4m({ frames: 100 })));
  assert.equal((await failure(collect(readY4m(path, { maxBytes: 1000 })))).code, 'CLIP_TOO_LARGE');
});

test('y4m: leaving the loop early lets the file go', async () => {
  for (const path of [LIVE, file(y4m())]) {
    for (let i = 0; i < 50; i++)
      for await (const frame of readY4m(path)) {
        assert.ok(frame);
        break;
      }
  }
});
