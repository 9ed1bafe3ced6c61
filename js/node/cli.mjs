#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// @ts-check
// The command: scores recorded clips. Exit status 0: every clip was processed (whatever its
// verdict), 1: some input was bad, 2: wrong usage.

import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { LivenessError } from '../engine/errors.js';
import { MAX_CLIPS } from '../engine/options.js';
import { MAX_THREADS } from '../engine/variant.js';
import { DEFAULT_MODEL, loadLiveness, readClip, VARIANTS } from './node.js';
import { MaskedLiveness, readMasks } from './masks.js';
import { viewsBesideDepth } from './picture.js';
import { encodePng } from './png.js';
import { MAX_FPS, MIN_FPS } from './y4m.js';

/**
 * @typedef {import('./node.js').ClipResult & {maskedScore?: number | null}} ClipResult
 * @typedef {import('./node.js').DepthMap} DepthMap
 * @typedef {import('./node.js').RawFrame} RawFrame
 * @typedef {import('./node.js').Box} Box
 */

const USAGE = `usage: livedepth score CLIP... [options]

Scores clips: is a live person before the camera? A CLIP is a .y4m or .y4m.gz file, a folder of
numbered PNG or JPEG files, or a video (needs ffmpeg, as JPEG does). With --photo, a PNG, JPEG or
WebP file, scored alone: much weaker.

  --model FILE|NAME      weights, or their name in models/ (${DEFAULT_MODEL})
  --crop face|none       find the face (default), or take each frame as a face crop
  --variant V            ${VARIANTS.join(' | ')} (simd)
  --threads N            1 .. ${MAX_THREADS} (1); the result stays the same
  --fps N                pictures a second of a folder (30); rate to sample a video at
  --live-threshold X     0 .. 1: live from this score on (the model's own)
  --spoof-threshold X    0 .. 1: spoof below it (the model's own)
  --clips N              clips that a verdict needs (1), of one unbroken run
  --photo                each CLIP is one photo; only with --model, --crop, --variant, --threads,
                         --json and the thresholds, whose defaults are then those for photos
  --best DIR             write each clip's best frame and its face to DIR, as PNG
  --depth DIR            write each clip's views and depth map to DIR, near = bright
  --depth-pairs          with --depth: one map per pair of frames, too
  --mask                 also the papers' score, by face masks: CLIP is a folder of pictures, and
                         CLIP/mask has a square picture for each, white where the face is
  --json                 one JSON object a clip and line
  --help, --version

Exit status: 0 all clips processed, 1 bad input, 2 wrong usage.
`;
const OPTIONS = /** @type {const} */ ({
  model: { type: 'string' },
  crop: { type: 'string' },
  variant: { type: 'string' },
  threads: { type: 'string' },
  fps: { type: 'string' },
  'live-threshold': { type: 'string' },
  'spoof-threshold': { type: 'string' },
  clips: { type: 'string' },
  photo: { type: 'boolean' },
  best: { type: 'string' },
  depth: { type: 'string' },
  'depth-pairs': { type: 'boolean' },
  mask: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
});
const OF_CLIPS = /** @type {const} */ (['fps', 'clips', 'best', 'depth', 'depth-pairs', 'mask']);
const PROGRESS_MS = 100; // on a terminal
const LONG_MS = 10_000; // elsewhere: a line now and then

class UsageError extends Error {}

/**
 * @param {string | undefined} text
 * @param {string} name
 * @param {number} min
 * @param {number} max
 * @param {{whole?: boolean}} [kind]
 */
function number(text, name, min, max, { whole = false } = {}) {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(`--${name} ${text}: not a ${whole ? 'whole ' : ''}number ${min} .. ${max}`);
}

/**
 * @template {string} T
 * @param {string | undefined} text
 * @param {string} name
 * @param {readonly T[]} choices
 */
function choice(text, name, choices) {
  const found = choices.find((each) => each === text);
  if (text === undefined || found) return found;
  throw new UsageError(`--${name} ${text}: not ${choices.join(' | ')}`);
}

/** @param {string[]} args */
function parse(args) {
  let parsed;
  try {
    parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message.split('\n')[0]);
  }
  const {
    values,
    positionals: [command, ...clips],
  } = parsed;
  const options = {
    model: values.model,
    crop: choice(values.crop, 'crop', /** @type {const} */ (['face', 'none'])),
    variant: choice(values.variant, 'variant', VARIANTS),
    threads: number(values.threads, 'threads', 1, MAX_THREADS, { whole: true }),
    fps: number(values.fps, 'fps', MIN_FPS, MAX_FPS),
    live: number(values['live-threshold'], 'live-threshold', 0, 1),
    spoof: number(values['spoof-threshold'], 'spoof-threshold', 0, 1),
    needed: number(values.clips, 'clips', 1, MAX_CLIPS, { whole: true }),
    photo: values.photo,
    best: values.best,
    depth: values.depth,
    pairs: values['depth-pairs'],
    mask: values.mask,
    json: values.json,
  };
  const show = values.help ? 'help' : values.version && 'version';
  if (show) return { clips, options, show };
  if (command !== 'score') throw new UsageError(command ? `no command ${command}` : 'no command');
  if (clips.length === 0) throw new UsageError('no clip');
  for (const name of values.photo ? OF_CLIPS : []) {
    if (values[name] !== undefined) throw new UsageError(`--${name} is of clips, not of --photo`);
  }
  if (Number(options.spoof) > Number(options.live)) {
    throw new UsageError('--spoof-threshold is above --live-threshold');
  }
  return { clips, options };
}

/** Says on stderr how far a clip is, if that takes long. @param {string} clip */
function progress(clip) {
  const tty = process.stderr.isTTY;
  const interval = tty ? PROGRESS_MS : LONG_MS;
  let next = performance.now() + interval;
  return {
    /** @param {number} frames */
    step(frames) {
      const now = performance.now();
      if (now < next) return;
      next = now + interval;
      const text = `livedepth: ${printable(clip)}: frame ${frames}`;
      process.stderr.write(tty ? `\r${text}\x1b[K` : `${text}\n`);
    },
    end() {
      if (tty) process.stderr.write('\r\x1b[K');
    },
  };
}

/**
 * @param {AsyncIterable<import('./node.js').RawFrame>} frames
 * @param {(count: number) => void} step
 */
async function* counted(frames, step) {
  let count = 0;
  for await (const frame of frames) {
    step(++count);
    yield frame;
  }
}

/** A file's name may hold what a terminal obeys. @param {string} text */
const printable = (text) => text.replace(/[\x00-\x1f\x7f-\x9f]/g, '?');

/** One line on stderr: clip, code, text, with the file where that is another one.
 * @param {string} clip @param {unknown} error */
function complain(clip, error) {
  const known = error instanceof LivenessError ? error : new LivenessError('INTERNAL', `${error}`);
  const { code, stage, file, detail: text } = known;
  const detail = printable(file && file !== clip ? `${file}: ${text}` : text);
  process.stderr.write(`livedepth: ${printable(clip)}: ${code}: ${detail}\n`);
  return { code, stage, detail };
}

/** @param {DepthMap | null} depth */
function statistics(depth) {
  if (!depth) return null;
  const { width, height, data } = depth;
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return { width, height, min: Math.min(...data), mean, max: Math.max(...data) };
}

/** File names for the clips' maps; a number tells clips of one name apart.
 * @param {string[]} clips */
function depthNames(clips) {
  const used = new Map();
  return clips.map((clip) => {
    const name =
      basename(clip)
        .replace(/[^\w.-]/g, '_')
        .replace(/^\.+/, '_') || 'clip';
    used.set(name, (used.get(name) ?? 0) + 1);
    return used.get(name) === 1 ? name : `${name}-${used.get(name)}`;
  });
}

/** Writes a file, and makes its folder. @param {string} file @param {Uint8Array} bytes */
async function writeOut(file, bytes) {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  } catch (error) {
    throw new LivenessError('ENV_UNWRITABLE', `${error}`, { cause: error });
  }
}

/** Writes the maps, each beside the views of the last scored frame; returns the files' names.
 * @param {string} folder @param {string} name @param {ClipResult} result
 * @param {{frame: RawFrame, views: Box[], turn: number} | null} seen */
async function writeDepth(folder, name, { depth, pairs }, seen) {
  if (!depth || !seen) return [];
  const files = [];
  for (const [i, map] of [depth, ...pairs].entries()) {
    const file = join(folder, i === 0 ? `${name}.png` : `${name}-pair${i}.png`);
    const { width, height, data } = viewsBesideDepth(seen.frame, seen.views, seen.turn, map);
    await writeOut(file, encodePng(width, height, data));
    files.push(file);
  }
  return files;
}

/** Writes the best frame and its face; returns the files' names.
 * @param {string} folder @param {string} name @param {ClipResult} result */
async function writeBest(folder, name, { best }) {
  const files = [];
  for (const [blob, file] of /** @type {const} */ ([
    [best?.picture, `${name}-best.png`],
    [best?.face, `${name}-face.png`],
  ])) {
    if (!blob) continue;
    files.push(join(folder, file));
    await writeOut(join(folder, file), new Uint8Array(await blob.arrayBuffer()));
  }
  return files;
}

/** Four digits at most. @param {number} value */
const short = (value) => String(Number(value.toFixed(4)));

/** @param {string} clip @param {ClipResult} result @param {string[]} depthFiles
 * @param {string[]} bestFiles */
function humanText(clip, result, depthFiles, bestFiles) {
  const {
    verdict,
    reason,
    score,
    maskedScore,
    thresholds: { live, spoof },
    basis,
    frames,
    ms,
    engine,
  } = result;
  const { variant, threads, model } = engine;
  const depth = statistics(result.depth);
  const { total, scorers, ...stages } = ms;
  const medians = [stages, scorers]
    .flatMap((times) => Object.entries(times))
    .filter(([, time]) => time.total > 0)
    .map(([stage, time]) => `${stage} ${time.median.toFixed(1)}`);
  const said = Object.entries(result.scores).map(
    ([name, value]) => `${name} ${value?.toFixed(2) ?? 'none'}`,
  );
  const lines = [
    ['verdict', reason ? `${verdict} (${reason})` : verdict],
    [
      'score',
      `${score?.toFixed(4) ?? 'none'}; live from ${short(live)} on, spoof below ${short(spoof)}`,
    ],
    ['scores', said.join(', ')],
    ...(maskedScore === undefined ? [] : [['masked', maskedScore?.toFixed(4) ?? 'none']]),
    basis === 'photo'
      ? ['basis', 'one photo: weaker than a clip']
      : ['frames', `${frames.read} read, ${frames.used} used, ${frames.clips} clips scored`],
  ];
  if (depth) {
    const [min, mean, max] = [depth.min, depth.mean, depth.max].map((value) => value.toFixed(3));
    lines.push(['depth', `${depth.width}x${depth.height}, ${min} .. ${max}, mean ${mean}`]);
  }
  lines.push(...depthFiles.map((file) => ['', printable(file)]));
  lines.push(...bestFiles.map((file, i) => [i === 0 ? 'best' : '', printable(file)]));
  if (medians.length > 0) {
    lines.push(['time', `${total.toFixed(0)} ms; median of a frame, ms: ${medians.join(', ')}`]);
  }
  const sha256 = model.sha256.slice(0, 12);
  lines.push(['engine', `${variant}, threads: ${threads}, model ${model.id} (sha256 ${sha256})`]);
  if (!model.trained) {
    lines.push(['note', 'this model is untrained: its scores and depth maps mean nothing']);
  }
  const text = lines.map(([key, value]) => `  ${key.padEnd(8)} ${value}\n`).join('');
  return `${printable(clip)}\n${text}`;
}

/** @param {string} clip @param {ClipResult} result @param {string[]} depthFiles
 * @param {string[]} bestFiles */
function jsonText(clip, result, depthFiles, bestFiles) {
  const { depth, pairs, best, engine, record: _, ...rest } = result;
  const { id, trained, sha256 } = engine.model;
  return `${JSON.stringify({
    clip,
    ...rest,
    depth: statistics(depth),
    depthFiles,
    bestFiles,
    engine: { ...engine, model: { id, trained, sha256 } },
  })}\n`;
}

/** @param {string[]} args @returns {Promise<number>} the exit status */
async function main(args) {
  const { clips, options, show } = parse(args);
  if (show === 'help') process.stdout.write(USAGE);
  if (show === 'version') {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    process.stdout.write(`livedepth ${JSON.parse(manifest).version}\n`);
  }
  if (show) return 0;

  const { model, crop, variant, threads, fps, live, spoof, needed, pairs, mask, json } = options;
  const folder = options.depth;
  const detector = crop === 'none' ? null : undefined;
  let liveness;
  try {
    liveness = await loadLiveness({ model, detector, variant, threads });
  } catch (error) {
    complain(model ?? DEFAULT_MODEL, error);
    return 1;
  }
  let status = 0;
  const names = depthNames(clips);
  for (const [i, clip] of clips.entries()) {
    const { step, end } = progress(clip);
    try {
      /** @type {{frame: RawFrame, views: Box[], turn: number} | null} */ let seen = null;
      const masked = mask ? new MaskedLiveness(liveness, await readMasks(clip)) : null;
      const wish = { crop, liveThreshold: live, spoofThreshold: spoof };
      const found = options.photo
        ? await liveness.analyzePhoto(clip, wish)
        : await (masked ?? liveness).analyze(counted(readClip(clip, { fps }), step), {
            ...wish,
            clips: needed,
            depth: pairs ? 'every' : 'mean',
            best: options.best !== undefined,
            onFrame(pushed, frame) {
              if (pushed.state !== 'scored') return;
              const { views, turn } = pushed;
              seen = { frame: /** @type {RawFrame} */ (frame), views: Object.values(views), turn };
            },
          });
      const result = masked ? { ...found, maskedScore: masked.maskedScore() } : found;
      const maps = folder === undefined ? [] : await writeDepth(folder, names[i], result, seen);
      const kept =
        options.best === undefined ? [] : await writeBest(options.best, names[i], result);
      end();
      process.stdout.write((json ? jsonText : humanText)(clip, result, maps, kept));
    } catch (error) {
      end();
      status = 1;
      const problem = complain(clip, error);
      const line = { clip, verdict: 'undecided', reason: 'error', score: null, error: problem };
      if (json) process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  }
  liveness.close();
  return status;
}

process.stdout.on('error', () => process.exit(1)); // the reader of a pipe has gone
main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error) => {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`livedepth: ${printable(error.message)}\n\n${USAGE}`);
    process.exitCode = 2;
  },
);
