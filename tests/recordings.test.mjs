// SPDX-License-Identifier: MIT
// Recordings as people bring them, made here of the live clip: each is read as it was taken, and
// gives the verdict that it must.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadLiveness, readClip, readVideo } from '../js/node/node.js';
import { pictureRotation } from '../js/node/exif.js';
import { encodePng } from '../js/node/png.js';
import {
  collect,
  exif,
  failure,
  jpegWith,
  LIVE_MP4,
  noFfmpeg,
  temporaryFolder,
} from './support.mjs';

const folder = temporaryFolder(after);
const at = (name) => join(folder, name);
const liveness = await loadLiveness();
after(() => liveness.close());

/** Makes a file of the live clip. */
function make(name, args) {
  const path = at(name);
  const { status, stderr } = spawnSync(
    'ffmpeg',
    ['-v', 'error', '-y', '-i', LIVE_MP4, ...args, path],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return path;
}
const H264 = ['-c:v', 'libx264', '-crf', '20', '-pix_fmt', 'yuv420p'];
const sizes = (frames) => [...new Set(frames.map(({ width, height }) => `${width}x${height}`))];
const needs = { skip: noFfmpeg };

/** The boxes of an mp4 file or of the content of a box. */
function boxes(bytes) {
  const found = [];
  for (let i = 0; i < bytes.length; i += bytes.readUInt32BE(i)) {
    const size = bytes.readUInt32BE(i);
    found.push({
      type: bytes.toString('latin1', i + 4, i + 8),
      bytes: bytes.subarray(i, i + size),
    });
  }
  return found;
}

test('a cover picture stored before the video is not the video', needs, async () => {
  const cover = make('cover.jpg', ['-frames:v', '1', '-vf', 'scale=200:150']);
  const both = ['-i', cover, '-map', '0', '-map', '1', '-c', 'copy', '-disposition:v:1'];
  const file = make('covered.mp4', [...both, 'attached_pic']);
  const parts = boxes(readFileSync(file));
  const movie = parts.find(({ type }) => type === 'moov');
  const inside = boxes(movie.bytes.subarray(8));
  assert.ok(parts.indexOf(movie) > parts.findIndex(({ type }) => type === 'mdat'));
  // The list of tracks and pictures in this order is the order of ffmpeg's streams.
  const order = ['mvhd', 'udta', 'trak'];
  inside.sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
  movie.bytes = Buffer.concat([movie.bytes.subarray(0, 8), ...inside.map(({ bytes }) => bytes)]);
  writeFileSync(file, Buffer.concat(parts.map(({ bytes }) => bytes)));

  const frames = await collect(readVideo(file));
  assert.deepEqual([frames.length, ...sizes(frames)], [75, '400x300']);
  assert.equal((await liveness.analyze(frames)).verdict, 'live');
});

test('pixels that are not square are made square: files and y4m', needs, async () => {
  const wide = 'scale=200:300,setsar=2';
  for (const file of [
    make('wide.mp4', ['-vf', wide, ...H264]),
    make('wide.y4m', ['-vf', wide, '-pix_fmt', 'yuv420p']),
    make('tall.mp4', ['-vf', 'scale=400:150,setsar=1/2', ...H264]),
    make('tall.y4m', ['-vf', 'scale=400:150,setsar=1/2', '-pix_fmt', 'yuv420p']),
  ]) {
    const frames = await collect(readClip(file));
    assert.deepEqual(sizes(frames), ['400x300'], file);
    const { verdict, score } = await liveness.analyze(frames);
    assert.equal(verdict, 'live', `${file}: ${score}`);
  }
});

test(
  'a rate that varies: each frame has its own time, and a slow camera is told',
  needs,
  async () => {
    const times = "select='not(mod(n,6))',setpts='(N*0.24+0.04*mod(N,2))/TB'";
    const file = make('slow.mp4', ['-vf', times, '-vsync', 'vfr', ...H264]);
    const frames = await collect(readVideo(file));
    assert.deepEqual(
      frames.slice(0, 4).map(({ timestamp }) => timestamp),
      [0, 280_000, 480_000, 760_000],
    );
    const { verdict, reason } = await liveness.analyze(frames);
    assert.deepEqual([verdict, reason], ['undecided', 'low_frame_rate']);
  },
);

/** Two IVF files, one behind the other. */
function joinIvf(first, second) {
  const [head, tail] = [readFileSync(first), readFileSync(second)];
  const parts = [head];
  let time = 0n;
  for (let i = 32; i < head.length; i += 12 + head.readUInt32LE(i)) time++;
  for (let i = 32; i < tail.length; i += 12 + tail.readUInt32LE(i)) {
    tail.writeBigUInt64LE(time++, i + 4);
  }
  return Buffer.concat([...parts, tail.subarray(32)]);
}

function turning() {
  const vp8 = ['-c:v', 'libvpx', '-b:v', '2M'];
  const upright = 'crop=168:300:105:0,scale=270:480';
  const flat = 'select=gte(n\\,3),crop=400:225:0:50,scale=480:270,setpts=N/25/TB';
  const file = at('turned.ivf');
  const first = make('first.ivf', ['-frames:v', '3', '-vf', upright, ...vp8]);
  writeFileSync(file, joinIvf(first, make('then.ivf', ['-vf', flat, ...vp8])));
  return file;
}

test('another size in the middle: nothing is stretched, the run starts again', needs, async () => {
  const frames = await collect(readVideo(turning()));
  assert.deepEqual(sizes(frames), ['270x480', '480x270']);
  const reasons = [];
  const onFrame = ({ frameReason }) => reasons.push(frameReason);
  const result = await liveness.analyze(frames, { onFrame });
  assert.equal(reasons.filter((reason) => reason === 'format_changed').length, 1);
  assert.equal(result.verdict, 'live', `${result.score}`);
});

/** A program that calls ffmpeg, but lacks these options. */
function older(name, lacks) {
  const path = at(name);
  const refuse = lacks.map(
    (option) => `*" ${option} "*) echo "Unrecognized option '${option}'." >&2; exit 1;;`,
  );
  writeFileSync(path, `#!/bin/sh\ncase " $* " in ${refuse.join(' ')} esac\nexec ffmpeg "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

test('an old ffmpeg reads the same, or one line says which is needed', needs, async () => {
  const turned = turning();
  const [want, wantTurned] = [await collect(readVideo(LIVE_MP4)), await collect(readVideo(turned))];
  const before51 = older('before-5.1', ['-fps_mode']);
  assert.deepEqual(await collect(readVideo(LIVE_MP4, { ffmpeg: before51 })), want);
  assert.deepEqual(await collect(readVideo(turned, { ffmpeg: before51 })), wantTurned);
  const before44 = older('before-4.4', ['-fps_mode', '-noautoscale']);
  assert.deepEqual(await collect(readVideo(LIVE_MP4, { ffmpeg: before44 })), want);
  const error = await failure(collect(readVideo(turned, { ffmpeg: before44 })));
  assert.deepEqual([error.code, error.file], ['DECODE_UNAVAILABLE', turned]);
  assert.match(error.detail, /^from 270x480 to 480x270 .* ffmpeg 4\.4 or newer$/);
});

test('sound alone, and what is no video: one line says so', needs, async () => {
  const tone = ['-f', 'lavfi', '-i', 'sine=d=1', '-map', '1'];
  for (const [name, text] of [
    ['tone.m4a', /^no video track: sound alone/],
    ['tone.wav', /^no video of a kind that is read here/],
  ]) {
    const error = await failure(collect(readVideo(make(name, tone))));
    assert.equal(error.code, 'CLIP_FORMAT');
    assert.match(error.detail, text);
  }
});

/** Turned within its mirrored surroundings: black corners would be the edge of a picture. */
const leaning = (degrees) =>
  'pad=2*iw:2*ih:iw/2:ih/2,fillborders=200:200:150:150:mirror,' +
  `rotate=${degrees}*PI/180,crop=iw/2:ih/2`;

test('a head that leans is judged, one on its side or upside down is told so', needs, async () => {
  for (const [name, turn, ...expected] of [
    ['lean.mp4', leaning(25), 'live', null],
    ['lean-left.mp4', leaning(-25), 'live', null],
    ['half.mp4', leaning(45), 'live', null],
    ['half-left.mp4', leaning(-45), 'live', null],
    ['far.mp4', leaning(75), 'undecided', 'roll'],
    ['sideways.mp4', 'transpose=1', 'undecided', 'roll'],
    ['other-side.mp4', 'transpose=2', 'undecided', 'roll'],
    ['upside-down.mp4', 'hflip,vflip', 'undecided', 'roll'],
  ]) {
    const frames = readClip(make(name, ['-frames:v', '30', '-vf', turn, ...H264]));
    const { verdict, reason, score, quality } = await liveness.analyze(frames);
    assert.deepEqual([verdict, reason], expected, `${name}: ${score}`);
    if (reason) assert.equal(quality.hint, 'hold_upright');
  }
});

test('a face lost in noise is told so', needs, async () => {
  const frames = readClip(make('noise.y4m', ['-frames:v', '30', '-vf', 'noise=c0s=60:c0f=t+u']));
  const { verdict, reason, quality } = await liveness.analyze(frames);
  assert.deepEqual([verdict, reason, quality.hint], ['undecided', 'noisy', 'noisy']);
});

test('pictures lie as their EXIF data say, whatever the ffmpeg', needs, async () => {
  // Orientation, how a camera held so stores the picture, the turn that makes it upright.
  for (const [orientation, stored, rotation] of [
    [1, 'null', 0],
    [3, 'hflip,vflip', 180],
    [6, 'transpose=2', 90],
    [8, 'transpose=1', 270],
  ]) {
    const pictures = at(`exif${orientation}`);
    mkdirSync(pictures);
    make(`exif${orientation}/%03d.jpg`, [
      '-r',
      '10',
      '-frames:v',
      '12',
      '-vf',
      stored,
      '-q:v',
      '3',
    ]);
    for (const name of readdirSync(pictures)) {
      const path = join(pictures, name);
      const tiff = exif(orientation, orientation !== 6);
      writeFileSync(path, jpegWith(readFileSync(path), tiff));
    }
    const frames = await collect(readClip(pictures, { fps: 10 }));
    assert.equal(frames[0].rotation, rotation);
    assert.equal(frames[0].width, rotation % 180 ? 300 : 400); // ffmpeg has not turned it
    assert.equal((await liveness.analyze(frames)).verdict, 'live', `${orientation}`);
  }
});

test('EXIF in PNG and WebP, and damaged: never more than "upright"', () => {
  const tiff = exif(6, false);
  const png = encodePng(1, 1, new Uint8Array(3));
  const length = Buffer.from([0, 0, 0, tiff.length]);
  const chunk = Buffer.concat([length, Buffer.from('eXIf'), tiff, Buffer.alloc(4)]);
  const webp = Buffer.concat([
    ...[Buffer.from('RIFF\0\0\0\0WEBPVP8 '), Buffer.from([3, 0, 0, 0, 1, 2, 3, 0])],
    ...[Buffer.from('EXIF'), Buffer.from([tiff.length, 0, 0, 0]), tiff],
  ]);
  const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xda, 0, 2]);
  for (const file of [
    Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]),
    webp,
    jpegWith(jpeg, tiff),
  ]) {
    assert.equal(pictureRotation(file), 90);
    for (let i = 0; i < file.length; i++) {
      assert.ok([0, 90].includes(pictureRotation(file.subarray(0, i))));
      const damaged = Buffer.from(file);
      damaged[i] ^= 0xff;
      assert.ok([0, 90, 180, 270].includes(pictureRotation(damaged)));
    }
  }
  assert.equal(pictureRotation(png), 0);
});
