#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// @ts-check
// The command: scores recorded clips. Exit status 0: every clip was processed (whatever its
// verdict), 1: some input was bad, 2: wrong usage.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { LivenessError } from '../engine/errors.js';
import { MAX_CLIPS, MAX_MS } from '../engine/options.js';
import { MAX_THREADS } from '../engine/variant.js';
import { makeFolder, outputNames, writeBest, writeDepth } from './cli-output.js';
import { humanText, jsonText, printable } from './cli-text.js';
import { createPool, DEFAULT_MODEL, loadLiveness, readClip, VARIANTS } from './node.js';
import { MaskedLiveness, readMasks } from './masks.js';
import { MAX_FPS, MIN_FPS } from './y4m.js';

/**
 * @typedef {import('./node.js').ClipResult & {maskedScore?: number | null}} ClipResult
 * @typedef {import('./node.js').RawFrame} RawFrame
 * @typedef {import('./node.js').Box} Box
 */

const USAGE = `usage: livedepth score CLIP... [options]

Scores clips: is a live person before the camera? A CLIP is a .y4m or .y4m.gz file, a folder of
numbered PNG, JPEG or WebP files, or a video (needs ffmpeg, as JPEG and WebP do). With --photo, a
PNG, JPEG or WebP file, scored alone: much weaker.

  --model FILE|NAME      weights; or one of the package, by name (${DEFAULT_MODEL})
  --crop face|none       find the face (default), or take each frame as a face crop
  --variant V            ${VARIANTS.join(' | ')} (simd)
  --threads N            1 .. ${MAX_THREADS} (1); the result stays the same
  --fps N                pictures a second of a folder (30); rate to sample a video at
  --live-threshold X     0 .. 1: live from this score on (the model's own)
  --spoof-threshold X    0 .. 1: spoof below it (the model's own)
  --jobs N               clips at once (1), up to 64: not with --best, --depth and --mask
  --clips N              clips that a verdict needs (1), of one unbroken run
  --photo                each CLIP is one photo; only with --model, --crop, --variant, --threads,
                         --jobs, --json and the thresholds, whose defaults are then those for photos
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
  jobs: { type: 'string' },
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
/** They want frames, which a pool's workers keep. */
const OF_ONE_JOB = /** @type {const} */ (['best', 'depth', 'depth-pairs', 'mask']);
const MAX_JOBS = 64;
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
    jobs: number(values.jobs, 'jobs', 1, MAX_JOBS, { whole: true }),
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
  for (const name of options.jobs ? OF_ONE_JOB : []) {
    if (values[name] !== undefined) throw new UsageError(`--${name} goes without --jobs`);
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

/** One line on stderr: clip, code, text, with the file where that is another one.
 * @param {string} clip @param {unknown} error */
function complain(clip, error) {
  const known = error instanceof LivenessError ? error : new LivenessError('INTERNAL', `${error}`);
  const { code, stage, file, detail: text } = known;
  const detail = printable(file && file !== clip ? `${file}: ${text}` : text);
  process.stderr.write(`livedepth: ${printable(clip) || '""'}: ${code}: ${detail}\n`);
  return { code, stage, detail };
}

/**
 * @typedef {ReturnType<typeof parse>['options']} Options
 * @typedef {import('./node.js').LoadOptions} LoadOptions
 * @typedef {{
 *   score(clip: string, i: number, step: (count: number) => void):
 *       Promise<{result: ClipResult, maps?: string[], kept?: string[]}>,
 *   close(): Promise<void>,
 * }} Scorer
 */

/** @param {Options} options */
const wishOf = ({ crop, live, spoof }) => ({ crop, liveThreshold: live, spoofThreshold: spoof });

/** One clip at a time, whose frames are here. @param {string[]} clips @param {Options} options
 * @param {LoadOptions} load @returns {Promise<Scorer>} */
async function withEngine(clips, options, load) {
  const { fps, needed, depth, best } = options;
  const liveness = await loadLiveness(load);
  const wish = wishOf(options);
  const names = outputNames(clips);
  return {
    async score(clip, i, step) {
      if (options.photo) return { result: await liveness.analyzePhoto(clip, wish) };
      /** @type {{frame: RawFrame, views: Box[], turn: number} | null} */ let seen = null;
      const masked = options.mask ? new MaskedLiveness(liveness, await readMasks(clip)) : null;
      const found = await (masked ?? liveness).analyze(counted(readClip(clip, { fps }), step), {
        ...wish,
        clips: needed,
        depth: options.pairs ? 'every' : 'mean',
        best: best !== undefined,
        onFrame(pushed, frame) {
          if (pushed.state !== 'scored') return;
          const { views, turn } = pushed;
          seen = { frame: /** @type {RawFrame} */ (frame), views: Object.values(views), turn };
        },
      });
      const result = masked ? { ...found, maskedScore: masked.maskedScore() } : found;
      return {
        result,
        maps: depth === undefined ? [] : await writeDepth(depth, names[i], result, seen),
        kept: best === undefined ? [] : await writeBest(best, names[i], result),
      };
    },
    close: () => liveness.close(),
  };
}

/** Several at once; each result waits for its turn. @param {string[]} clips
 * @param {Options} options @param {LoadOptions} load @returns {Promise<Scorer>} */
async function withPool(clips, options, load) {
  const { fps, needed, jobs = 1 } = options;
  const size = Math.min(jobs, clips.length);
  const limits = { queue: clips.length, timeoutMs: MAX_MS }; // none, as without a pool
  const pool = await createPool({ ...load, ...limits, size });
  const wish = wishOf(options);
  const results = clips.map((clip) =>
    options.photo
      ? pool.analyzePhoto(clip, wish)
      : pool.analyze(clip, { ...wish, fps, clips: needed }),
  );
  for (const each of results) each.catch(() => {}); // score() tells
  return { score: async (_, i) => ({ result: await results[i] }), close: () => pool.close() };
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

  const { model, crop, jobs, json } = options;
  for (const folder of [options.depth, options.best]) {
    if (folder === undefined) continue;
    try {
      await makeFolder(folder);
    } catch (error) {
      complain(folder, error);
      return 1;
    }
  }
  let scorer;
  try {
    const detector = crop === 'none' ? null : undefined;
    const load = { model, detector, variant: options.variant, threads: options.threads };
    scorer = jobs ? await withPool(clips, options, load) : await withEngine(clips, options, load);
  } catch (error) {
    complain(model ?? DEFAULT_MODEL, error);
    return 1;
  }
  let status = 0;
  for (const [i, clip] of clips.entries()) {
    const { step, end } = progress(clip);
    try {
      const { result, maps = [], kept = [] } = await scorer.score(clip, i, step);
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
  await scorer.close();
  return status;
}

process.stdout.on('error', (error) => {
  const isReaderGone = /** @type {NodeJS.ErrnoException} */ (error).code === 'EPIPE';
  if (!isReaderGone) process.stderr.write(`livedepth: standard output: ${error.message}\n`);
  process.exit(1);
});
process.stderr.on('error', () => {}); // results go on
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
