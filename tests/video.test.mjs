// SPDX-License-Identifier: MIT
// Videos by ffmpeg: its pixels, and what it does when it is absent, fails, hangs or never stops.

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readVideo } from '../js/node/node.js';
import { file, folder } from './readers_rig.mjs';
import { collect, failure, LIVE_MP4, liveFrames, noFfmpeg } from './support.mjs';

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

let programs = 0;
/* A program in ffmpeg's place. */
function program(text) {
  const path = file(`#!/bin/sh\n${text}\n`, `program${programs++}`);
  chmodSync(path, 0o755);
  return path;
}
const HANG = 'exec sleep 600'; // longer than the test may take
const line = "'[Parsed_showinfo_3 @ 0x1] [info] n: 0 pts: 0 x s:6x4 i:P'";
const telling = `echo ${line} >&2`;
/* What a program says once, by a file. */
const started = join(folder, 'started');

/** The error of a program that is stopped when it has made that file. */
async function stopped(text, options = {}) {
  rmSync(started, { force: true });
  const controller = new AbortController();
  const watcher = watch(folder, (_, name) => {
    if (name === 'started') controller.abort();
  });
  const wish = { ffmpeg: program(text), signal: controller.signal, ...options };
  try {
    return await failure(collect(readVideo(LIVE_MP4, wish)));
  } finally {
    watcher.close();
  }
}

test('video: the decoder is absent, fails, hangs, or never stops', LIMIT, async () => {
  const endless = `yes ${line} | head -n 40000 >&2; exec yes FRAME`;
  const rows = [
    [{ ffmpeg: '/nowhere/ffmpeg' }, 'DECODE_UNAVAILABLE'],
    [{ ffmpeg: folder }, 'DECODE_UNAVAILABLE'],
    [{ ffmpeg: join(program('exit'), 'below') }, 'DECODE_UNAVAILABLE', /ENOTDIR/],
    [{ ffmpeg: 'f'.repeat(5000) }, 'DECODE_UNAVAILABLE'],
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
  const error = await stopped(`: > '${started}'; ${HANG}`);
  assert.equal(error.code, 'API_ABORTED');
  assert.match(error.detail, /while decoding/);
  // Between two frames that are here already.
  const second = telling.replace('n: 0 pts: 0', 'n: 1 pts: 40000');
  const two = program(`${telling}; ${second}; head -c 72 /dev/zero; ${HANG}`);
  const between = new AbortController();
  let seen = 0;
  const ended = await failure(async () => {
    for await (const _ of readVideo(LIVE_MP4, { ffmpeg: two, signal: between.signal })) {
      seen++;
      between.abort();
    }
  });
  assert.deepEqual([ended.code, seen], ['API_ABORTED', 1]);
});

test('video: a long one may take as long as it takes, while pictures come', LIMIT, async () => {
  const each = [0, 1, 2, 3].map((n) => {
    const told = line.replace('n: 0 pts: 0', `n: ${n} pts: ${n}`);
    return `echo ${told} >&2; head -c 36 /dev/zero; sleep 0.7`;
  });
  const slow = { ffmpeg: program(each.join('; ')), timeoutMs: 2000 };
  assert.equal((await collect(readVideo(LIVE_MP4, slow))).length, 4);
});

test('video: what the program started holds its output open', LIMIT, async () => {
  const held = file('', 'held');
  const child = `sh -c "while [ -e '${held}' ]; do sleep 1; done"`;
  for (const rest of [`${child}; exit`, `${child} & exit 0`]) {
    const late = await failure(
      collect(readVideo(LIVE_MP4, { ffmpeg: program(rest), timeoutMs: 200 })),
    );
    assert.equal(late.code, 'DECODE_TIMEOUT', rest);
    assert.equal((await stopped(`: > '${started}'; ${rest}`)).code, 'API_ABORTED', rest);
  }
  rmSync(held);
});

test('video: the decoder gives pictures and tells nothing of them', LIMIT, async () => {
  const never = { timeoutMs: 2 ** 31 - 1 };
  const silent = 'head -c 100000 /dev/zero';
  const error = await stopped(`${silent}; : > '${started}'; ${HANG}`, never);
  assert.deepEqual([error.code, error.detail], ['API_ABORTED', 'while decoding']);
  const rows = [
    [`${silent}; echo no room >&2; exit 1`, never, 'DECODE_FAILED', /no room/],
    [`${silent}; exit 0`, never, 'DECODE_FAILED', /tells nothing of its pictures/],
    [`exec 2>&-; ${silent}; ${HANG}`, { timeoutMs: 200 }, 'DECODE_TIMEOUT', /200 ms/],
    [`exec 2>&-; exec yes`, { ...never, maxBytes: 1e6 }, 'CLIP_TOO_LARGE', /1000000/],
    // Time for its pictures to come first.
    [`${silent}; ${HANG}`, { timeoutMs: 3000 }, 'DECODE_TIMEOUT', /tells nothing/],
  ];
  for (const [text, options, code, detail] of rows) {
    const wish = { ...options, ffmpeg: program(text) };
    const failed = await failure(collect(readVideo(LIVE_MP4, wish)));
    assert.deepEqual([failed.code, detail.test(failed.detail)], [code, true], failed.detail);
  }
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
