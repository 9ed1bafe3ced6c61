// SPDX-License-Identifier: MIT
// Pictures: PNG read and written, folders of them as clips, depth maps in colours.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { heatmap, viridis } from '../js/check/heatmap.js';
import { readFrames } from '../js/node/node.js';
import { decodePng, encodePng } from '../js/node/png.js';
import { pictures, png } from './readers_rig.mjs';
import { collect, failure, noFfmpeg } from './support.mjs';

test('png: what the writer writes is read back; every colour type', () => {
  const rgb = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => i * 5);
  const { width, height, data } = decodePng(encodePng(5, 3, rgb));
  assert.deepEqual([width, height], [5, 3]);
  assert.deepEqual(
    data.filter((_, i) => i % 4 !== 3),
    rgb,
  );
});

test('png: a file of more chunks than any picture has is refused', async () => {
  const picture = png(4, 4);
  const end = picture.length - 12;
  const empty = Buffer.from('00000000744558749642c585', 'hex'); // tEXt, and its checksum
  const many = (count) =>
    Buffer.concat([
      picture.subarray(0, end),
      Buffer.alloc(12 * count, empty),
      picture.subarray(end),
    ]);
  assert.equal(decodePng(many(1000)).width, 4);
  const error = await failure(() => decodePng(many(2 ** 17)));
  assert.equal(error.code, 'CLIP_PICTURE');
  assert.match(error.detail, /chunks/);
});

/** A PNG of these chunks. */
function pngOf(...chunks) {
  const parts = [...chunks, ['IEND', []]].map(([type, data]) => {
    const body = Buffer.concat([Buffer.from(type), Buffer.from(data)]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    let crc = 0xffffffff; // ISO 3309, bit by bit
    for (const byte of body) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    ends.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

/** width, height; bits, colour type, compression, filter, interlace */
const ihdr = (width, height, ...kind) => {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set(kind, 8);
  return ['IHDR', data];
};
const idat = (...bytes) => ['IDAT', deflateSync(Buffer.from(bytes))];

test('png: a small one by hand; what is wrong in others is said', async () => {
  const grey = pngOf(ihdr(2, 1, 8, 0, 0, 0, 0), idat(0, 7, 9));
  assert.deepEqual([...decodePng(grey).data], [7, 7, 7, 255, 9, 9, 9, 255]);
  const palette = ['PLTE', [1, 2, 3]];
  for (const [text, code, ...chunks] of [
    [/no header/, 'CLIP_PICTURE', idat(0, 7)],
    [/no header/, 'CLIP_PICTURE', ['IHDR', [0, 0, 0, 1]]],
    [/no header/, 'CLIP_PICTURE'],
    [/size 0x1/, 'CLIP_PICTURE', ihdr(0, 1, 8, 0, 0, 0, 0), idat(0)],
    [/size 1x0/, 'CLIP_PICTURE', ihdr(1, 0, 8, 0, 0, 0, 0), idat(0)],
    [/4097x1/, 'CLIP_TOO_LARGE', ihdr(4097, 1, 8, 0, 0, 0, 0), idat(0)],
    [/1x4097/, 'CLIP_TOO_LARGE', ihdr(1, 4097, 8, 0, 0, 0, 0), idat(0)],
    [/16 bits/, 'CLIP_PICTURE', ihdr(1, 1, 16, 0, 0, 0, 0), idat(0, 7, 7)],
    [/colour type 5/, 'CLIP_PICTURE', ihdr(1, 1, 8, 5, 0, 0, 0), idat(0, 7)],
    [/only 8 bits/, 'CLIP_PICTURE', ihdr(1, 1, 8, 0, 1, 0, 0), idat(0, 7)],
    [/only 8 bits/, 'CLIP_PICTURE', ihdr(1, 1, 8, 0, 0, 1, 0), idat(0, 7)],
    [/interlace 1/, 'CLIP_PICTURE', ihdr(1, 1, 8, 0, 0, 0, 1), idat(0, 7)],
    [/no palette/, 'CLIP_PICTURE', ihdr(1, 1, 8, 3, 0, 0, 0), idat(0, 0)],
    [/not in the palette/, 'CLIP_PICTURE', ihdr(1, 1, 8, 3, 0, 0, 0), palette, idat(0, 1)],
    [/too early/, 'CLIP_PICTURE', ihdr(2, 1, 8, 0, 0, 0, 0), idat(0, 7)],
    [/damaged/, 'CLIP_PICTURE', ihdr(1, 1, 8, 0, 0, 0, 0), idat(0, 7, 7)],
    [/filter 5/, 'CLIP_PICTURE', ihdr(1, 1, 8, 0, 0, 0, 0), idat(5, 7)],
  ]) {
    const error = await failure(() => decodePng(pngOf(...chunks)));
    assert.equal(error.code, code, error.message);
    assert.match(error.detail, text);
  }
  assert.match((await failure(() => decodePng(Buffer.alloc(60)))).detail, /signature/);
});

test('png: every truncation and every damaged byte is an error or the same picture', async () => {
  const good = encodePng(
    3,
    2,
    Uint8Array.from({ length: 18 }, (_, i) => i),
  );
  const { data } = decodePng(good);
  for (let i = 0; i < good.length; i++) {
    const cut = await failure(() => decodePng(good.subarray(0, i)));
    assert.equal(cut.code, 'CLIP_PICTURE');
    for (const bit of [1, 128]) {
      const flipped = Buffer.from(good);
      flipped[i] ^= bit;
      const error = await failure(() => decodePng(flipped));
      assert.equal(error.code, 'CLIP_PICTURE');
    }
  }
  assert.deepEqual(decodePng(good).data, data);
});

/** ffmpeg's test picture as a PNG of a pixel format. */
const testPicture = (format) =>
  spawnSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=s=61x37', '-frames:v', '1'],
    ...['-pix_fmt', format, '-c:v', 'png', '-f', 'image2pipe', '-'],
  ]).stdout;

test('png: kinds that ffmpeg writes give the pixels that ffmpeg reads', { skip: noFfmpeg }, () => {
  for (const format of ['rgb24', 'rgba', 'gray', 'ya8', 'pal8']) {
    const made = testPicture(format);
    const raw = spawnSync(
      'ffmpeg',
      ['-v', 'error', '-i', '-', '-pix_fmt', 'rgba', '-f', 'rawvideo', '-'],
      { input: made },
    );
    assert.deepEqual(Buffer.from(decodePng(made).data), raw.stdout, format);
  }
  const deep = testPicture('rgb48be');
  assert.throws(() => decodePng(deep), { code: 'CLIP_PICTURE' });
});

test('pictures: sorted by number, timed by fps', async () => {
  const path = pictures({
    'a_10.png': png(2, 2, 10),
    'a_9.png': png(2, 2, 9),
    'a_8.PNG': png(2, 2, 8),
    'notes.txt': 'x',
  });
  const frames = await collect(readFrames(path, { fps: 10 }));
  assert.deepEqual(
    frames.map(({ data }) => data[0]),
    [8, 9, 10],
  );
  assert.deepEqual(
    frames.map(({ timestamp }) => timestamp),
    [0, 100_000, 200_000],
  );
  assert.equal(frames[0].format, 'RGBA');
});

const p = png(4, 4);
const BAD_FOLDERS = [
  // The error names the file.
  ['empty', {}, 'CLIP_EMPTY', ''],
  ['without pictures', { 'a.txt': 'x' }, 'CLIP_EMPTY', ''],
  ['a gap', { '1.png': p, '2.png': p, '4.png': p }, 'CLIP_ORDER', '4.png'],
  ['a number twice', { '1.png': p, '01.png': p }, 'CLIP_ORDER', /1\.png$/],
  ['no number', { '1.png': p, 'face.png': p }, 'CLIP_ORDER', 'face.png'],
  ['an empty picture', { '1.png': p, '2.png': '' }, 'CLIP_PICTURE', '2.png'],
  ['a cut picture', { '1.png': p, '2.png': p.subarray(0, 40) }, 'CLIP_PICTURE', '2.png'],
  ['HTML as a picture', { '1.jpg': '<html>' }, 'CLIP_PICTURE', '1.jpg'],
];
for (const [name, entries, code, at] of BAD_FOLDERS) {
  test(`pictures: ${name}: ${code}`, async () => {
    const path = pictures(entries);
    const error = await failure(collect(readFrames(path)));
    assert.equal(error.code, code);
    if (at instanceof RegExp) assert.match(error.file, at);
    else assert.equal(error.file, at ? join(path, at) : path);
  });
}

test('pictures: each has its own size', async () => {
  const frames = await collect(readFrames(pictures({ '1.png': p, '2.png': png(4, 5) })));
  assert.deepEqual(
    frames.map(({ height }) => height),
    [4, 5],
  );
});

test('pictures: a link in the folder is refused, with what to do', async () => {
  const path = pictures({ '1.png': p });
  symlinkSync(join(path, '1.png'), join(path, '2.png'));
  const error = await failure(collect(readFrames(path)));
  assert.deepEqual([error.code, error.file], ['CLIP_NOT_FILE', join(path, '2.png')]);
  assert.match(error.detail, /cp -rL/);
});

test('pictures: JPEG by ffmpeg, a damaged one is named', { skip: noFfmpeg }, async () => {
  const jpeg = spawnSync('ffmpeg', [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'color=red:s=32x16',
    '-frames:v',
    '1',
    '-f',
    'mjpeg',
    '-',
  ]).stdout;
  const [frame] = await collect(readFrames(pictures({ '1.jpg': jpeg, '2.jpeg': jpeg })));
  assert.deepEqual([frame.width, frame.height], [32, 16]);
  assert.ok(
    frame.data[0] > 240 && frame.data[1] < 15 && frame.data[2] < 15,
    `${frame.data.slice(0, 3)}`,
  );
  const path = pictures({ '1.jpg': jpeg, '2.jpg': jpeg.subarray(0, 200) });
  const error = await failure(collect(readFrames(path)));
  assert.equal(error.file, join(path, '2.jpg'));
  assert.match(error.code, /^(DECODE_FAILED|CLIP_PICTURE)$/);
});

test('pictures: JPEG without ffmpeg', async () => {
  const path = pictures({ '1.jpg': Buffer.from([0xff, 0xd8, 0xff]) });
  const error = await failure(collect(readFrames(path, { ffmpeg: '/nowhere/ffmpeg' })));
  assert.equal(error.code, 'DECODE_UNAVAILABLE');
});

test('pictures: a decoder that never stops', { timeout: 120_000 }, async () => {
  const path = pictures({ '1.jpg': Buffer.from([0xff, 0xd8, 0xff]) });
  const ffmpeg = join(path, 'program');
  writeFileSync(ffmpeg, '#!/bin/sh\nhead -c 80000000 /dev/zero; exec sleep 600\n', { mode: 0o755 });
  const error = await failure(collect(readFrames(path, { ffmpeg })));
  assert.deepEqual([error.code, error.file], ['CLIP_TOO_LARGE', join(path, '1.jpg')]);
});

test('heat map: near is bright, the scale is fixed, values beyond it are cut', () => {
  assert.deepEqual(viridis(0), [68, 1, 84]);
  assert.deepEqual(viridis(1), [253, 231, 37]);
  assert.deepEqual(viridis(-3), viridis(0));
  assert.deepEqual(viridis(3), viridis(1));
  assert.deepEqual(viridis(0.0625), [70, 23, 103]);
  const map = heatmap({ width: 2, height: 1, data: Float32Array.of(0, 1) });
  const [far, near] = [0, 1].map((value) => Array(8).fill(viridis(value)).flat());
  const rows = Array(8).fill([...far, ...near]);
  assert.deepEqual(map, { width: 16, height: 8, data: Uint8Array.from(rows.flat()) });
});
