// SPDX-License-Identifier: MIT
// The command: output, exit status, one line for each bad input.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { outputNames } from '../js/node/cli-output.js';
import { loadLiveness } from '../js/node/node.js';
import { decodePng, encodePng } from '../js/node/png.js';
import {
  DETECTOR,
  LIVE,
  LIVE_MP4,
  MODEL,
  modelWith,
  noFfmpeg,
  path,
  run,
  temporaryFolder,
  y4m,
} from './support.mjs';

const folder = temporaryFolder(after);
function file(name, bytes) {
  const place = join(folder, name);
  writeFileSync(place, bytes);
  return place;
}
const raw = gunzipSync(readFileSync(LIVE));
const FRAME = 6 + 180_000;
const HEADER = raw.length - 30 * FRAME;
/** Without word of progress, which a slow machine gets. */
const quiet = (stderr) => stderr.replace(/^livedepth: .*: frame \d+\n/gm, '');
/* The live clip's first frames. */
const first = (count) => raw.subarray(0, HEADER + count * FRAME);

test('score: the model that is taken by default is trained, and gives a verdict', async () => {
  const { status, stdout } = await run(['score', LIVE, '--json']);
  const { verdict, reason, engine, scores, votes } = JSON.parse(stdout);
  assert.deepEqual([status, verdict, reason, engine.model.trained], [0, 'live', null, true]);
  assert.deepEqual(Object.keys(scores), Object.keys(votes));

  const shown = await run(['score', LIVE, '--depth', join(folder, 'views')]);
  const said = Object.entries(scores).map(([name, score]) => `${name} ${score.toFixed(2)}`);
  assert.ok(shown.stdout.includes(`  scores   ${said.join(', ')}\n`), shown.stdout);
  for (const name of Object.keys(scores)) {
    assert.match(shown.stdout, new RegExp(`time .*\\b${name} \\d`));
  }
  const [file] = readdirSync(join(folder, 'views'));
  const { width, height } = decodePng(readFileSync(join(folder, 'views', file)));
  const { info } = await loadLiveness({ detector: null });
  assert.deepEqual([width, height], [(info.model.views.length + 1) * 128, 128]);
});

test('score --clips: a verdict needs that many', async () => {
  const clip = file('clips.y4m', first(16)); // two
  for (const [clips, verdict, reason] of [
    ['2', 'live', null],
    ['3', 'undecided', 'clip_short'],
  ]) {
    const options = ['--live-threshold', '0', '--spoof-threshold', '0', '--clips', clips];
    const { status, stdout } = await run(['score', clip, '--json', ...options]);
    const result = JSON.parse(stdout);
    assert.deepEqual([status, result.verdict, result.reason], [0, verdict, reason]);
    assert.equal(result.frames.clips, 2);
    assert.ok(result.score > 0);
  }
});

test('score: for people, says that the model is untrained', async () => {
  const { status, stdout, stderr } = await run(['score', LIVE, '--model', MODEL]);
  assert.equal(status, 0, stderr);
  const said = stderr.replace(/^livedepth: .*: frame \d+\n/gm, ''); // on a slow machine
  assert.equal(said, '');
  assert.match(stdout, /verdict +undecided \(untrained_model\)/);
  assert.match(stdout, /untrained: its scores and depth maps mean nothing/);
  assert.match(stdout, /30 read, \d+ used, \d clips scored/);
  assert.match(stdout, /^ {2}scores +\w+ \d\.\d\d$/m);
});

test('score --json --depth: one object a clip, maps as pictures', async () => {
  const depth = join(folder, 'depth', 'maps');
  const short = file('short.y4m', first(16));
  const { status, stdout } = await run([
    'score',
    LIVE,
    short,
    '--model',
    MODEL,
    '--json',
    '--depth',
    depth,
    '--depth-pairs',
  ]);
  assert.equal(status, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 2);
  const [result, second] = lines.map((line) => JSON.parse(line));
  const shape = (value) =>
    value && typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shape(item)]))
      : typeof value;
  const stage = { median: 'number', total: 'number' };
  const { scores } = result;
  const [scorer] = Object.keys(scores);
  const { depthFiles, bestFiles, ...rest } = result;
  assert.deepEqual(bestFiles, []);
  assert.deepEqual(shape(rest), {
    basis: 'string',
    clip: 'string',
    verdict: 'string',
    reason: 'string',
    score: 'number',
    scores: { [scorer]: 'number' },
    votes: { [scorer]: 'number' },
    thresholds: { live: 'number', spoof: 'number' },
    frames: { read: 'number', used: 'number', run: 'number', clips: 'number', dropped: 'number' },
    quality: shape(result.quality),
    ms: { detect: stage, views: stage, scorers: { [scorer]: stage }, total: 'number' },
    depth: { width: 'number', height: 'number', min: 'number', mean: 'number', max: 'number' },
    engine: {
      version: 'string',
      variant: 'string',
      threads: 'number',
      fallback: {},
      wasm: { sha256: 'string' },
      model: { id: 'string', trained: 'boolean', sha256: 'string' },
      detector: { sha256: 'string' },
    },
  });
  assert.deepEqual([result.clip, second.clip], [LIVE, short]);
  assert.equal(result.frames.read, 30);
  assert.deepEqual([result.quality.pass, result.quality.checks.faceCount.value], [true, 1]);
  assert.deepEqual([result.depth.width, result.depth.height], [16, 16]);
  assert.equal(depthFiles.length, 5);
  assert.deepEqual(readdirSync(depth).length, 10);
  for (const path of [...depthFiles, ...second.depthFiles]) {
    const picture = decodePng(readFileSync(path));
    assert.deepEqual([picture.width, picture.height], [256, 128]);
    const at = (x, y) => picture.data.subarray((y * 256 + x) * 4, (y * 256 + x) * 4 + 3);
    const [red, green, blue] = at(64, 80); // the crop on the left: skin, below the eyes
    assert.ok(red > green && green > blue, `${path}: ${red} ${green} ${blue}`);
    for (let n = 0; n < 256; n++) {
      // the map on the right: squares of one colour
      const [x, y] = [128 + (n % 16) * 8, (n >> 4) * 8];
      assert.deepEqual(at(x, y), at(x + 7, y + 7));
    }
  }
});

test('score: thresholds decide, with a model that says it is trained', async () => {
  const model = file('trained.safetensors', modelWith({ trained: 'yes', preset: 'fake' }));
  const clip = file('trained.y4m', first(16));
  const rows = [
    [['--live-threshold', '0', '--spoof-threshold', '0'], 'live', null],
    [['--live-threshold', '1', '--spoof-threshold', '1'], 'spoof', null],
    [['--live-threshold', '1', '--spoof-threshold', '0'], 'undecided', 'low_confidence'],
  ];
  for (const [options, verdict, reason] of rows) {
    const { status, stdout } = await run(['score', clip, '--model', model, '--json', ...options]);
    const result = JSON.parse(stdout);
    assert.deepEqual(
      [status, result.verdict, result.reason, result.engine.model.trained],
      [0, verdict, reason, true],
    );
  }
});

test('score: a folder of pictures, a video', { skip: noFfmpeg }, async () => {
  const pictures = join(folder, 'pictures');
  mkdirSync(pictures);
  spawnSync('ffmpeg', [
    '-v',
    'error',
    '-i',
    LIVE_MP4,
    '-frames:v',
    '16',
    join(pictures, '%03d.png'),
  ]);
  const { status, stdout } = await run(['score', pictures, LIVE_MP4, '--fps', '25', '--json']);
  assert.equal(status, 0);
  const [a, b] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([a.frames.read, b.frames.read], [16, 75]);
  assert.ok(a.frames.clips > 0 && b.frames.clips > a.frames.clips);
});

test('score: too short and no face are verdicts, not errors', async () => {
  const grey = Buffer.concat([
    Buffer.from('YUV4MPEG2 W400 H300 F25:1\n'),
    ...Array(16).fill(Buffer.concat([Buffer.from('FRAME\n'), Buffer.alloc(180_000, 128)])),
  ]);
  const clips = [file('three.y4m', first(3)), file('grey.y4m', grey)];
  const { status, stdout } = await run(['score', ...clips, '--json']);
  assert.equal(status, 0);
  const results = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    results.map(({ verdict, reason, score }) => [verdict, reason, score]),
    [
      ['undecided', 'clip_short', null],
      ['undecided', 'no_face', null],
    ],
  );
});

test('score: every bad clip gets one line, the good ones are scored all the same', async () => {
  const gap = join(folder, 'gap');
  const empty = join(folder, 'empty');
  const broken = join(folder, 'broken');
  for (const each of [gap, empty, broken]) mkdirSync(each);
  const picture = encodePng(2, 2, new Uint8Array(12));
  for (const number of [1, 3]) writeFileSync(join(gap, `${number}.png`), picture);
  writeFileSync(join(broken, '1.png'), picture.subarray(0, 50));
  const fifo = join(folder, 'fifo.y4m');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  const rows = [
    [join(folder, 'missing.y4m'), 'CLIP_NOT_FOUND'],
    [empty, 'CLIP_EMPTY'],
    [gap, 'CLIP_ORDER'],
    [broken, 'CLIP_PICTURE'],
    [fifo, 'CLIP_NOT_FILE'],
    ['/dev/zero', 'CLIP_NOT_FILE'],
    [file('zero.y4m', ''), 'CLIP_EMPTY'],
    [file('zero.mp4', ''), 'CLIP_EMPTY'],
    [file('cut.y4m', first(2).subarray(0, -100)), 'CLIP_TRUNCATED'],
    [file('page.y4m', '<!DOCTYPE html>'), 'CLIP_MAGIC'],
    [file('10bit.y4m', y4m({ header: 'W6 H4 F25:1 C420p10' })), 'CLIP_FORMAT'],
    [file('huge.y4m', y4m({ header: 'W1000000000 H4 F25:1' })), 'CLIP_TOO_LARGE'],
    [file('one.png', picture), 'CLIP_FORMAT'],
    [file('odd \x1b[31m\n.y4m', ''), 'CLIP_EMPTY'],
  ];
  const { status, stdout, stderr } = await run([
    'score',
    LIVE,
    ...rows.map(([clip]) => clip),
    '--model',
    MODEL,
    '--json',
  ]);
  assert.equal(status, 1);
  const lines = quiet(stderr).trimEnd().split('\n');
  assert.equal(lines.length, rows.length, stderr);
  rows.forEach(([clip, code], i) => {
    const start = `livedepth: ${clip.replace(/[\x00-\x1f]/g, '?')}: ${code}: `;
    assert.ok(
      lines[i].startsWith(start) && lines[i].length > start.length,
      `${lines[i]}\n${start}`,
    );
  });
  const results = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(results.length, rows.length + 1);
  assert.equal(results[0].reason, 'untrained_model');
  results.slice(1).forEach(({ clip, verdict, error }, i) => {
    assert.deepEqual([clip, verdict, error.code], [rows[i][0], 'undecided', rows[i][1]]);
  });
});

test('score: nothing that ends in an error says live, however far it came', async () => {
  const model = file(
    'sure.safetensors',
    modelWith({ trained: 'yes', live_threshold: '0.2', spoof_threshold: '0.2' }),
  );
  const cut = file('late.y4m', raw.subarray(0, raw.length - 1));
  const { status, stdout, stderr } = await run(['score', cut, '--model', model]);
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /^livedepth: .*late\.y4m: CLIP_TRUNCATED: frame 29 at byte \d+: .*\n$/);
});

test('score: a bad model gets one line', async () => {
  const weights = readFileSync(MODEL);
  const rows = [
    [join(folder, 'missing.safetensors'), 'MODEL_NOT_FOUND'],
    ['no-such-name', 'MODEL_NOT_FOUND', /: no such name \(.*fas-td-128-w8, fusion-sgtd.*"\/"/],
    [folder, 'MODEL_NOT_FILE'],
    [file('zero.safetensors', ''), 'WEIGHTS_TRUNCATED'],
    [
      file('page.safetensors', '<!DOCTYPE html><html><body>not found</body></html>'),
      'WEIGHTS_',
      /HTML/,
    ],
    [
      file('lfs.safetensors', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
      'WEIGHTS_',
      /LFS/,
    ],
    [file('cut.safetensors', weights.subarray(0, 100_000)), 'WEIGHTS_TRUNCATED'],
    [DETECTOR, 'WEIGHTS_BAD_METADATA'],
  ];
  for (const [model, code, text = /./] of rows) {
    const { status, stdout, stderr } = await run(['score', LIVE, '--model', model]);
    assert.deepEqual([status, stdout], [1, '']);
    assert.ok(stderr.startsWith(`livedepth: ${model}: ${code}`), stderr);
    assert.match(stderr, text);
    assert.match(stderr, /^[^\n]+\n$/);
  }
});

test('what has no name is named all the same', async () => {
  for (const [args, text] of [
    [[LIVE, '--model', ''], 'BAD_ARGUMENT: loadLiveness: model is "", '],
    [['', '--model', MODEL], 'BAD_ARGUMENT: readClip: the clip is "", '],
  ]) {
    const { status, stderr } = await run(['score', ...args]);
    assert.deepEqual([status, stderr.startsWith(`livedepth: "": ${text}`)], [1, true], stderr);
  }
});

test('no two clips write to one file', () => {
  const clips = [
    ...['x/a.y4m', 'y/a.y4m', 'z/a.y4m-2', 'a.y4m-2-2', 'A.y4m', 'a.y4m-pair1', 'a.y4m-best'],
    ...['a', 'a-FACE', 'a-best-face', '', 'clip', '..', '_', 'é', 'b.c', 'b.c'],
  ];
  const names = outputNames(clips);
  assert.deepEqual([names[0], names[1], names.at(-1)], ['a.y4m', 'a.y4m-2', 'b.c-2']);
  const files = names.flatMap((name) =>
    ['', '-pair1', '-pair2', '-best', '-face'].map((more) => `${name}${more}.png`.toLowerCase()),
  );
  assert.deepEqual(
    files.filter((name, i) => files.indexOf(name) !== i),
    [],
  );
});

test('usage: wrong calls say so and exit with 2', async () => {
  const rows = [
    [],
    ['score'],
    ['measure', LIVE],
    ['score', LIVE, '--fast'],
    ['score', LIVE, '--threads', '0'],
    ['score', LIVE, '--threads', 'two'],
    ['score', LIVE, '--crop', 'head'],
    ['score', LIVE, '--variant', 'x86'],
    ['score', LIVE, '--fps', '0'],
    ['score', LIVE, '--live-threshold', '1.5'],
    ['score', LIVE, '--spoof-threshold', ''],
    ['score', LIVE, '--clips', '0'],
    ['score', LIVE, '--clips', '2.5'],
    ['score', LIVE, '--live-threshold', '0.2', '--spoof-threshold', '0.4'],
    ['score', LIVE, '--model'],
    ['score', LIVE, '--jobs', '0'],
    ['score', LIVE, '--jobs', '2', '--depth', folder],
    ['score', LIVE, '--jobs', '2', '--mask'],
  ];
  for (const args of rows) {
    const { status, stdout, stderr } = await run(args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.match(stderr, /^livedepth: .+\n\nusage: livedepth score/);
  }
});

test('--help and --version', async () => {
  assert.match((await run(['--help'])).stdout, /^usage: livedepth score/);
  assert.match((await run(['score', '--version'])).stdout, /^livedepth \d+\.\d+\.\d+\n$/);
});

test('an output folder that cannot be: one line before any work, and no wait', async () => {
  const plain = file('file', 'x');
  for (const option of ['--depth', '--best']) {
    for (const folder of ['/proc/x', '/proc/x/y', '/dev/null/x', '/dev/full', plain, '']) {
      const args = ['score', 'no-clip', option, folder];
      const { status, stdout, stderr } = await run(args, { limitMs: 30_000 });
      assert.deepEqual([status, stdout], [1, ''], `${option} ${folder}`);
      assert.match(stderr, /^livedepth: [^:]*: ENV_UNWRITABLE: E[A-Z]+: .*\n$/);
    }
  }
});

test('a file that cannot be written fails its clip; the next one is scored', async () => {
  const clip = file('few.y4m', first(16));
  const kinds = [
    ['ENXIO', (name) => assert.equal(spawnSync('mkfifo', [name]).status, 0)],
    ['ENOSPC', (name) => symlinkSync('/dev/full', name)],
    ['EISDIR', (name) => mkdirSync(name)],
  ];
  for (const [code, block] of kinds) {
    const out = join(folder, code, 'below');
    mkdirSync(out, { recursive: true });
    block(join(out, 'few.y4m.png'));
    const args = ['score', clip, clip, '--depth', out, '--json'];
    const { status, stdout, stderr } = await run(args, { limitMs: 60_000 });
    const [bad, good] = stdout.trim().split('\n').map(JSON.parse);
    assert.deepEqual([status, bad.verdict, bad.error.code], [1, 'undecided', 'ENV_UNWRITABLE']);
    assert.match(stderr, new RegExp(`few\\.y4m: ENV_UNWRITABLE: ${code}: `));
    assert.deepEqual(good.depthFiles, [join(out, 'few.y4m-2.png')]);
  }
});

test('a full disk behind standard output is said; one behind standard error stops nothing', () => {
  const call = (to, clips) => {
    const args = [process.execPath, path('js/node/cli.mjs'), 'score', ...clips];
    return spawnSync('sh', ['-c', `exec "$0" "$@" ${to}`, ...args], { encoding: 'utf8' });
  };
  const out = call('> /dev/full', [LIVE]);
  assert.deepEqual(
    [out.status, quiet(out.stderr)],
    [1, 'livedepth: standard output: ENOSPC: no space left on device, write\n'],
  );
  const err = call('2> /dev/full', ['no-clip', LIVE]);
  assert.deepEqual([err.status, /verdict {2}live/.test(err.stdout)], [1, true]);
});

test('--jobs: the same lines in the same order', async () => {
  const clips = [LIVE, 'no-clip', file('few.y4m', first(16)), LIVE];
  const lines = ({ status, stdout, stderr }) => [
    status,
    quiet(stderr),
    stdout
      .trim()
      .split('\n')
      .map((line) => ({ ...JSON.parse(line), ms: null })),
  ];
  const alone = await run(['score', ...clips, '--json']);
  const jobs = await run(['score', ...clips, '--json', '--jobs', '2']);
  assert.deepEqual(lines(jobs), lines(alone));
  assert.equal(lines(alone)[2].length, 4);
  const bad = await run(['score', LIVE, '--jobs', '2', '--model', 'no-model']);
  assert.deepEqual([bad.status, bad.stdout], [1, '']);
  assert.match(bad.stderr, /^livedepth: no-model: MODEL_NOT_FOUND: .*\n$/);
});
