// SPDX-License-Identifier: MIT
// One photo: which scorers answer, from what kinds of files, and what is no photo.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createPool, loadLiveness, readVideo } from '../js/node/node.js';
import { exif, failure, jpegWith, LIVE, LIVE_MP4, liveFrames } from './support.mjs';
import { noFfmpeg, path, photoOf, run, temporaryFolder } from './support.mjs';

const folder = temporaryFolder(after);
const make = (name, args) => photoOf(folder, name, args);
const liveness = await loadLiveness();
after(() => liveness.close());
const needs = { skip: noFfmpeg };

test('the scorers that look at single frames answer, by thresholds of their own', async () => {
  const frames = await liveFrames();
  const result = await liveness.analyzePhoto(frames[10]);
  const { photo, thresholds, scorers } = liveness.info.model;
  assert.deepEqual([result.verdict, result.basis, result.depth], ['live', 'photo', null]);
  const { live, spoof, weights } = photo;
  assert.deepEqual(result.thresholds, { live, spoof });
  assert.notDeepEqual(result.thresholds, thresholds);
  assert.deepEqual(Object.keys(weights), ['near', 'wide']);
  for (const { name } of scorers) assert.equal(result.scores[name] === null, !(name in weights));
  assert.equal(result.frames.used, 1);

  const clip = await liveness.analyze(frames);
  assert.deepEqual([clip.basis, clip.thresholds], ['clip', thresholds]);
  assert.ok(clip.frames.clips > 1, 'the photo left nothing behind');
  // A caller's own thresholds count here as well.
  const strict = await liveness.analyzePhoto(frames[10], { liveThreshold: 1, spoofThreshold: 0 });
  assert.deepEqual([strict.verdict, strict.reason], ['undecided', 'low_confidence']);
});

test('JPEG, PNG and WebP, by path, URL, Blob and bytes', needs, async () => {
  const scores = [];
  for (const file of [make('a.png'), make('a.jpg', ['-q:v', '2']), make('a.webp')]) {
    const { verdict, score } = await liveness.analyzePhoto(file);
    assert.equal(verdict, 'live', file);
    scores.push(score);
  }
  const bytes = readFileSync(join(folder, 'a.png'));
  const kinds = [bytes, new Blob([bytes]), new Uint8Array(bytes).buffer];
  for (const each of [...kinds, new URL(`file://${folder}/a.png`)]) {
    assert.equal((await liveness.analyzePhoto(each)).score, scores[0]);
  }
});

test('a photo that lies on its side, as its EXIF data say, is upright', needs, async () => {
  const jpeg = readFileSync(make('side.jpg', ['-vf', 'transpose=2', '-q:v', '2']));
  assert.equal((await liveness.analyzePhoto(jpeg)).verdict, 'undecided');
  assert.equal((await liveness.analyzePhoto(jpegWith(jpeg, exif(6, true)))).verdict, 'live');
});

test('a photo of 24 megapixels is made smaller', needs, async () => {
  const large = make('large.jpg', ['-vf', 'scale=5664:4248', '-q:v', '5']);
  const { verdict, quality } = await liveness.analyzePhoto(large);
  assert.deepEqual([verdict, quality.hints], ['live', []]);
});

test('no face, two faces, darkness and blur: undecided, with the reason', needs, async () => {
  const side = 'crop=iw/2:ih:iw/4:0';
  for (const [reason, filter] of [
    ['no_face', 'crop=80:80:0:0,scale=400:300'],
    ['multiple_faces', `${side},split[a][b];[a][b]hstack`],
    ['too_dark', 'colorlevels=romax=0.05:gomax=0.05:bomax=0.05'],
    ['blurry', 'boxblur=12'],
  ]) {
    const file = make(`${reason}.png`, ['-vf', filter]);
    const result = await liveness.analyzePhoto(file);
    assert.deepEqual([result.verdict, result.reason, result.basis], ['undecided', reason, 'photo']);
  }
});

test('what is no photo is refused', needs, async () => {
  const text = join(folder, 'text.jpg');
  writeFileSync(text, 'no picture');
  const cut = join(folder, 'cut.jpg');
  writeFileSync(cut, readFileSync(make('whole.jpg')).subarray(0, 200));
  const moves = make('moves.webp', ['-c:v', 'libwebp_anim', '-loop', '0']);
  for (const [picture, code, detail, named] of [
    [LIVE_MP4, 'CLIP_PICTURE', /neither PNG/, LIVE_MP4],
    [make('a.gif'), 'CLIP_PICTURE', /neither PNG/, join(folder, 'a.gif')],
    [moves, 'CLIP_PICTURE', /moves/, moves],
    [text, 'CLIP_PICTURE', /neither PNG/, text],
    [cut, 'DECODE_FAILED', /ffmpeg/, cut],
    [folder, 'CLIP_NOT_FILE', /folder/, folder],
    [join(folder, 'none.png'), 'CLIP_NOT_FOUND', /no such/, join(folder, 'none.png')],
    [readVideo(LIVE_MP4), 'BAD_ARGUMENT', /a clip is no photo/],
    [undefined, 'BAD_ARGUMENT', /undefined/],
  ]) {
    const error = await failure(liveness.analyzePhoto(picture));
    assert.equal(error.code, code, String(picture));
    assert.match(error.detail, detail);
    assert.equal(error.file, named);
  }
  const [frame] = await liveFrames();
  const unknown = await failure(liveness.analyzePhoto(frame, { clips: 3 }));
  assert.deepEqual([unknown.code, /clips/.test(unknown.detail)], ['BAD_ARGUMENT', true]);
  const { signal } = Object.assign(new AbortController());
  assert.equal((await liveness.analyzePhoto(frame, { signal })).basis, 'photo');
  const gone = AbortSignal.abort();
  assert.equal((await failure(liveness.analyzePhoto(frame, { signal: gone }))).code, 'API_ABORTED');
});

test('a Blob may stand for a file, which is large or has changed', async () => {
  const gone = { value: () => Promise.reject(new DOMException('changed', 'NotReadableError')) };
  for (const [property, is, code] of [
    ['size', { value: 2 ** 26 + 1 }, 'CLIP_TOO_LARGE'],
    ['arrayBuffer', gone, 'CLIP_UNREADABLE'],
  ]) {
    const blob = Object.defineProperty(new Blob(['x']), property, is);
    assert.equal((await failure(liveness.analyzePhoto(blob))).code, code);
  }
  const nowhere = await failure(liveness.analyzePhoto(new URL('file://host/x.png')));
  assert.deepEqual(
    [nowhere.code, nowhere.detail.split(' ', 3).join(' ')],
    ['BAD_ARGUMENT', 'analyzePhoto: the photo'],
  );
});

test('a model without scorers of single frames says so', async () => {
  const depth = await loadLiveness({ model: 'fas-sgtd-128-w8' });
  const [frame] = await liveFrames();
  const error = await failure(depth.analyzePhoto(frame));
  assert.deepEqual([error.code, depth.info.model.photo], ['BAD_ARGUMENT', null]);
  assert.match(error.detail, /fas-sgtd-128-w8 scores clips, no photos/);
  depth.close();
  assert.equal((await failure(depth.analyzePhoto(frame))).code, 'BAD_ARGUMENT');
});

test('an engine that is closed ends a photo', async () => {
  const own = await loadLiveness();
  const [frame] = await liveFrames();
  const late = own.analyzePhoto(frame);
  own.close();
  assert.equal((await failure(late)).code, 'API_CLOSED');
});

test('a pool: the results of one engine, from a path, bytes, a Blob, a frame', needs, async (t) => {
  const pool = await createPool({ size: 2 });
  t.after(() => pool.close());
  const file = make('d.png');
  const bytes = readFileSync(file);
  const [, , frame] = await liveFrames();
  const photos = [file, new URL(`file://${file}`), bytes, new Uint8Array(bytes).buffer, frame];
  photos.push(new Blob([bytes]), new File([bytes], 'd.png'));
  const bits = ({ ms: _, ...result }) => result;
  const wish = { liveThreshold: 0.9, spoofThreshold: 0.2 };
  const results = await Promise.all(photos.map((each) => pool.analyzePhoto(each, wish)));
  for (const [i, each] of photos.entries()) {
    const one = await liveness.analyzePhoto(each, wish);
    assert.deepEqual(bits(results[i]), bits(one), `photo ${i}`);
  }
  assert.equal(results[0].basis, 'photo');
  assert.ok(bytes.length > 0 && frame.data.length > 0, "what is the caller's stays");
  assert.equal(pool.pending, 0);

  for (const [photo, options] of [
    [LIVE_MP4],
    [folder],
    [join(folder, 'none.png')],
    [bytes.subarray(0, 100)],
    [new Blob([])],
    [readVideo(LIVE_MP4)],
    [undefined],
    [7],
    [''],
    [frame, null],
    [frame, { clips: 2 }],
    [frame, { liveThreshold: 2 }],
    [frame, { signal: AbortSignal.abort() }],
  ]) {
    const one = await failure(liveness.analyzePhoto(photo, options));
    const other = await failure(pool.analyzePhoto(photo, options));
    const told = ({ code, detail, file: of }) => [code, detail, of];
    assert.deepEqual(told(other), told(one), String(photo));
  }
});

test('a pool: photos and clips share its queue; a signal and close() end a photo', async () => {
  const pool = await createPool({ size: 1, queue: 2, model: 'fas-sgtd-128-w8' });
  const frames = await liveFrames();
  const controller = new AbortController();
  const clip = pool.analyze(frames);
  const photo = pool.analyzePhoto(frames[0], { signal: controller.signal });
  const last = pool.analyzePhoto(frames[0]);
  assert.equal((await failure(pool.analyzePhoto(frames[0]))).code, 'API_BUSY');
  controller.abort();
  assert.equal((await failure(photo)).code, 'API_ABORTED');
  assert.equal((await clip).basis, 'clip');
  assert.match((await failure(last)).detail, /fas-sgtd-128-w8 scores clips, no photos/);
  const late = pool.analyzePhoto(frames[0]);
  await Promise.all([
    failure(late).then(({ code }) => assert.equal(code, 'API_CLOSED')),
    pool.close(),
  ]);
  assert.equal((await failure(pool.analyzePhoto(frames[0]))).code, 'API_CLOSED');
});

test('score --photo', needs, async () => {
  const file = make('c.jpg', ['-q:v', '2']);
  const { stdout, status } = await run(['score', file, '--photo', '--json']);
  const line = JSON.parse(stdout);
  assert.deepEqual([status, line.verdict, line.basis, line.clip], [0, 'live', 'photo', file]);
  const shown = await run(['score', file, '--photo']);
  assert.match(shown.stdout, /basis {4}one photo: weaker than a clip/);
  const bad = await run(['score', LIVE, path('README.md'), '--photo']);
  assert.equal(bad.status, 1);
  assert.match(bad.stderr, /live\.y4m\.gz: CLIP_PICTURE: neither/);
  const asked = await run(['score', file]);
  assert.match(asked.stderr, /CLIP_FORMAT: one picture is no clip: .*--photo/);
  const two = await run(['score', file, LIVE, file, '--photo', '--json', '--jobs', '2']);
  const [a, none, b] = two.stdout.trim().split('\n').map(JSON.parse);
  assert.deepEqual([two.status, none.error.code], [1, 'CLIP_PICTURE']);
  for (const each of [a, b]) assert.deepEqual({ ...each, ms: 0 }, { ...line, ms: 0 });
  const both = await run(['score', file, '--photo', '--clips', '2']);
  assert.deepEqual([both.status, /--clips is of clips/.test(both.stderr)], [2, true]);
});
