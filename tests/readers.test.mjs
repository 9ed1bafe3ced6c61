// SPDX-License-Identifier: MIT
// Clips from files: good ones, and a typed error for every bad one.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readClip, readFrames, readVideo, readY4m } from '../js/node/node.js';
import { decodePng, encodePng } from '../js/node/png.js';
import { heatmap, viridis } from '../js/check/heatmap.js';
import {
  collect,
  failure,
  LIVE,
  LIVE_MP4,
  liveFrames,
  noFfmpeg,
  temporaryFolder,
  y4m,
} from './support.mjs';

const folder = temporaryFolder(after);
let files = 0;
function file(bytes, name = `clip${files++}.y4m`) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
function pictures(entries) {
  const path = join(folder, `pictures${files++}`);
  mkdirSync(path);
  for (const [name, bytes] of Object.entries(entries)) writeFileSync(join(path, name), bytes);
  return path;
}
const png = (width, height, value = 0) =>
  encodePng(width, height, new Uint8Array(width * height * 3).fill(value));

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

test('video: the pixels of the clip made by ffmpeg before', { skip: noFfmpeg }, async () => {
  const frames = await collect(readVideo(LIVE_MP4));
  assert.equal(frames.length, 75);
  const before = await liveFrames();
  before.forEach((frame, i) => assert.deepEqual(frames[i], frame, `frame ${i}`));
});

test('video: another rate', { skip: noFfmpeg }, async () => {
  const frames = await collect(readVideo(LIVE_MP4, { fps: 10 }));
  assert.ok(Math.abs(frames.length - 30) <= 2, `${frames.length} frames`);
  assert.equal(frames[1].timestamp, 100_000);
});

test('video: HTML, a cut file, a play list of files', { skip: noFfmpeg }, async () => {
  const rows = [
    ['page.mp4', '<!DOCTYPE html>'],
    ['cut.mp4', readFileSync(LIVE_MP4).subarray(0, 30_000)],
    ['list.m3u8', `#EXTM3U\n#EXTINF:3,\nfile://${LIVE_MP4}\n`],
    ['list.txt', `ffconcat version 1.0\nfile '${LIVE_MP4}'\n`, 'CLIP_FORMAT'],
  ];
  for (const [name, bytes, code = 'DECODE_FAILED'] of rows) {
    const error = await failure(collect(readVideo(file(bytes, name))));
    assert.equal(error.code, code, name);
  }
});

const LIMIT = { timeout: 120_000 };

/* A program in ffmpeg's place. */
function program(text) {
  const path = file(`#!/bin/sh\n${text}\n`, `program${files++}`);
  chmodSync(path, 0o755);
  return path;
}

test('video: the decoder is absent, fails, hangs, or never stops', LIMIT, async () => {
  const HANG = 'exec sleep 600'; // longer than the test may take
  const line = "'[Parsed_showinfo_3 @ 0x1] [info] n: 0 pts: 0 x s:6x4 i:P'";
  const telling = `echo ${line} >&2`;
  const endless = `yes ${line} | head -n 40000 >&2; exec yes FRAME`;
  const rows = [
    [{ ffmpeg: '/nowhere/ffmpeg' }, 'DECODE_UNAVAILABLE'],
    [{ ffmpeg: folder }, 'DECODE_UNAVAILABLE'],
    [
      { ffmpeg: program('echo first >&2; echo the last line >&2; exit 3') },
      'DECODE_FAILED',
      /the last line/,
    ],
    [{ ffmpeg: program(HANG), timeoutMs: 200 }, 'DECODE_TIMEOUT'],
    [{ ffmpeg: program(`${telling}; printf FRA; ${HANG}`), timeoutMs: 200 }, 'DECODE_TIMEOUT'],
    [{ ffmpeg: program(endless), maxBytes: 1e6 }, 'CLIP_TOO_LARGE'],
    [{ ffmpeg: program(`${telling}; printf FRA`) }, 'CLIP_TRUNCATED'],
    [{ ffmpeg: program('exec yes'), timeoutMs: 200 }, 'DECODE_TIMEOUT'],
    [{ ffmpeg: program('exit 0') }, 'CLIP_EMPTY'],
    [{ signal: AbortSignal.abort() }, 'API_ABORTED'],
  ];
  for (const [options, code, text = /./] of rows) {
    const error = await failure(collect(readVideo(LIVE_MP4, options)));
    assert.equal(error.code, code);
    assert.match(error.detail, text);
  }
  // Stopped while it runs.
  const started = join(folder, 'started');
  const controller = new AbortController();
  const watcher = watch(folder, (_, name) => {
    if (name === 'started') controller.abort();
  });
  const ffmpeg = program(`: > '${started}'; ${HANG}`);
  const error = await failure(collect(readVideo(LIVE_MP4, { ffmpeg, signal: controller.signal })));
  watcher.close();
  assert.equal(error.code, 'API_ABORTED');
  assert.match(error.detail, /while decoding/);
});

test('video: a file name is never read as an option, a protocol or shell text', async () => {
  const log = join(folder, 'arguments');
  const ffmpeg = program(`printf '%s\\n' "$@" > '${log}'`);
  for (const name of ['-version.mp4', 'http:x.mp4', '$(touch x); x.mp4']) {
    const path = file('x', name);
    await failure(collect(readVideo(path, { ffmpeg })));
    const args = readFileSync(log, 'utf8').split('\n');
    assert.equal(args[args.indexOf('-i') + 1], `file:${path}`);
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
  assert.equal((await collect(readClip(file(y4m(), 'CLIP.Y4M')))).length, 2);
  assert.equal((await collect(readClip(pictures({ '1.png': p, '2.png': p })))).length, 2);
  assert.equal((await failure(collect(readClip(file('', 'empty.mp4'))))).code, 'CLIP_EMPTY');
  assert.equal((await failure(collect(readClip(file(p, 'one.png'))))).code, 'CLIP_FORMAT');
  assert.equal((await failure(collect(readClip(join(folder, 'none'))))).code, 'CLIP_NOT_FOUND');
});

test('heat map: near is bright, the scale is fixed, values beyond it are cut', () => {
  assert.deepEqual(viridis(0), [68, 1, 84]);
  assert.deepEqual(viridis(1), [253, 231, 37]);
  assert.deepEqual(viridis(-3), viridis(0));
  assert.deepEqual(viridis(3), viridis(1));
  assert.deepEqual(viridis(0.0625), [70, 23, 103]);
  const map = heatmap({ width: 2, height: 1, data: Float32Array.of(0, 1) }, 2);
  const row = [...viridis(0), ...viridis(0), ...viridis(1), ...viridis(1)];
  assert.deepEqual(map, { width: 4, height: 2, data: Uint8Array.from([...row, ...row]) });
});
