#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// @ts-check
// The command: scores recorded clips. Exit status 0: every clip was processed (whatever its
// verdict), 1: some input was bad, 2: wrong usage.

import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { badArgument, LivenessError } from './errors.js';
import { heatmap } from './heatmap.js';
import { DEFAULT_MODEL, loadLiveness, readClip, VARIANTS } from './node.js';
import { encodePng } from './png.js';
import { MAX_THREADS } from './variant.js';
import { MAX_FPS, MIN_FPS } from './y4m.js';

const USAGE = `usage: livedepth score CLIP... [options]

Scores clips: is a live person before the camera? A CLIP is a .y4m or .y4m.gz file, a folder of
numbered PNG or JPEG files, or a video (needs ffmpeg, as JPEG does).

  --model FILE|NAME      weights, or their name in models/ (${DEFAULT_MODEL})
  --crop face|none       find the face (default), or take each frame as a face crop
  --variant V            ${VARIANTS.join(' | ')} (simd)
  --threads N            1 .. ${MAX_THREADS} (1); the result stays the same
  --fps N                pictures a second of a folder (30); rate to sample a video at
  --live-threshold X     0 .. 1: live from this score on (the model's own)
  --spoof-threshold X    0 .. 1: spoof below it (the model's own)
  --depth DIR            write each clip's depth map to DIR, near = bright
  --depth-pairs          and one map per pair of frames
  --json                 one JSON object a clip and line
  --help, --version

Exit status: 0 all clips processed, 1 bad input, 2 wrong usage.
`;
const OPTIONS = /** @type {const} */ ({
  model: { type: 'string' }, crop: { type: 'string' }, variant: { type: 'string' },
  threads: { type: 'string' }, fps: { type: 'string' }, 'live-threshold': { type: 'string' },
  'spoof-threshold': { type: 'string' }, depth: { type: 'string' },
  'depth-pairs': { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' },
  version: { type: 'boolean' },
});
const PROGRESS_MS = 100; // on a terminal
const LONG_MS = 10_000; // elsewhere: a line now and then

/** @typedef {import('./node.js').ClipResult} ClipResult */

class UsageError extends Error {}

/** @param {string | undefined} text @param {string} name @param {number} min @param {number} max @param {boolean} [whole] */
function number(text, name, min, max, whole = false) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max) || whole && !Number.isInteger(value)) {
    throw new UsageError(`--${name} ${text}: not a ${whole ? 'whole ' : ''}number ${min} .. ${max}`);
  }
  return value;
}

/** @template {string} T @param {string | undefined} text @param {string} name @param {readonly T[]} choices */
function choice(text, name, choices) {
  if (text === undefined) return undefined;
  const found = choices.find((each) => each === text);
  if (!found) throw new UsageError(`--${name} ${text}: not ${choices.join(' | ')}`);
  return found;
}

/** @param {string[]} args */
function parse(args) {
  let parsed;
  try {
    parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message.split('\n')[0]);
  }
  const { values, positionals: [command, ...clips] } = parsed;
  if (values.help || values.version) return { values, clips };
  if (command !== 'score') throw new UsageError(command ? `unknown command ${command}` : 'no command');
  if (clips.length === 0) throw new UsageError('no clip');
  const live = number(values['live-threshold'], 'live-threshold', 0, 1);
  const spoof = number(values['spoof-threshold'], 'spoof-threshold', 0, 1);
  if (live !== undefined && spoof !== undefined && spoof > live) {
    throw new UsageError('--spoof-threshold is above --live-threshold');
  }
  return {
    values,
    clips,
    crop: choice(values.crop, 'crop', /** @type {const} */ (['face', 'none'])),
    variant: choice(values.variant, 'variant', VARIANTS),
    threads: number(values.threads, 'threads', 1, MAX_THREADS, true),
    fps: number(values.fps, 'fps', MIN_FPS, MAX_FPS),
    live,
    spoof,
  };
}

/** Says how far a clip is, on stderr. @param {string} clip */
function progress(clip) {
  const tty = process.stderr.isTTY;
  let next = performance.now() + (tty ? PROGRESS_MS : LONG_MS);
  let shown = false;
  return {
    /** @param {number} frames */
    step(frames) {
      const now = performance.now();
      if (now < next) return;
      next = now + (tty ? PROGRESS_MS : LONG_MS);
      shown = true;
      process.stderr.write(`${tty ? '\r' : ''}livedepth: ${clip}: frame ${frames}${tty ? '\x1b[K' : '\n'}`);
    },
    clear() {
      if (shown && tty) process.stderr.write('\r\x1b[K');
    },
  };
}

/** @param {AsyncIterable<import('./engine.js').RawFrame>} frames @param {(count: number) => void} step */
async function* counted(frames, step) {
  let count = 0;
  for await (const frame of frames) {
    step(++count);
    yield frame;
  }
}

/** Control characters of a file's name would reach the terminal. @param {string} text */
const printable = (text) => text.replace(/[\x00-\x1f\x7f-\x9f]/g, '?');

/** One line: clip, code, text, with the file where it is another one.
 * @param {string} clip @param {unknown} error */
function complain(clip, error) {
  const known = error instanceof LivenessError;
  const code = known ? error.code : 'INTERNAL';
  const text = known ? error.detail : String(error);
  const file = known && error.file && error.file !== clip ? `${error.file}: ` : '';
  process.stderr.write(`${printable(`livedepth: ${clip}: ${code}: ${file}${text}`)}\n`);
  return { code, stage: known ? error.stage : 'engine', detail: printable(file + text) };
}

/** @param {import('./engine.js').DepthMap | null} depth */
function statistics(depth) {
  if (!depth) return null;
  const { width, height, data } = depth;
  let [min, max, sum] = [Infinity, -Infinity, 0];
  for (const value of data) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { width, height, min, mean: sum / data.length, max };
}

/** Writes the maps; returns the files. @param {string} folder @param {string} name @param {ClipResult} result */
async function writeDepth(folder, name, { depth, pairs }) {
  const files = [];
  for (const [i, map] of [depth, ...pairs].entries()) {
    if (!map) continue;
    const file = join(folder, `${name}${i === 0 ? '' : `-pair${i}`}.png`);
    const { width, height, data } = heatmap(map);
    await writeFile(file, encodePng(width, height, data));
    files.push(file);
  }
  return files;
}

/** File names for the clips' maps: the clip's, with a number where two clips share one.
 * @param {string[]} clips */
function depthNames(clips) {
  const used = new Map();
  return clips.map((clip) => {
    const name = basename(clip).replace(/[^\w.-]/g, '_').replace(/^\.+/, '_') || 'clip';
    const count = (used.get(name) ?? 0) + 1;
    used.set(name, count);
    return count === 1 ? name : `${name}-${count}`;
  });
}

/** @param {string} clip @param {ClipResult} result @param {string[]} files */
function human(clip, result, files) {
  const { verdict, reason, score, thresholds, frames, ms, engine } = result;
  const depth = statistics(result.depth);
  const fixed = (/** @type {number} */ value, digits = 3) => value.toFixed(digits);
  const stages = Object.entries(ms)
    .filter(([, time]) => typeof time === 'object' && time.total > 0)
    .map(([stage, time]) => `${stage} ${fixed(/** @type {any} */ (time).median, 1)}`);
  const lines = [
    ['verdict', verdict + (reason ? ` (${reason})` : '')],
    ['score', `${score === null ? 'none' : fixed(score, 4)}; live from ${thresholds.live}, spoof below ${thresholds.spoof}`],
    ['frames', `${frames.read} read, ${frames.used} used, ${frames.clips} clips scored`],
    ['depth', depth ? `${depth.width}x${depth.height}, ${fixed(depth.min)} .. ${fixed(depth.max)}, mean ${fixed(depth.mean)}` : 'none'],
    ...files.map((file) => ['', printable(file)]),
    ['time', `${fixed(ms.total, 0)} ms; median of a frame in ms: ${stages.join(', ') || 'none'}`],
    ['engine', `${engine.variant}, ${engine.threads} thread${engine.threads > 1 ? 's' : ''}, model ${engine.model.id} (sha256 ${engine.model.sha256.slice(0, 12)})`],
  ];
  if (!engine.model.trained) lines.push(['note', 'this model is untrained: its scores and depth maps mean nothing']);
  return `${printable(clip)}\n${lines.map(([key, text]) => `  ${key.padEnd(8)} ${text}\n`).join('')}`;
}

/** @param {string} clip @param {ClipResult} result @param {string[]} files */
function json(clip, result, files) {
  const { depth, pairs, engine, ...rest } = result;
  const { version, variant, threads, wasm, model, detector } = engine;
  return `${JSON.stringify({
    clip,
    ...rest,
    depth: statistics(depth),
    depthFiles: files,
    engine: { version, variant, threads, wasm, model: { id: model.id, trained: model.trained, sha256: model.sha256 }, detector },
  })}\n`;
}

/** @param {string[]} args @returns {Promise<number>} the exit status */
async function main(args) {
  const { values, clips, crop, variant, threads, fps, live, spoof } = parse(args);
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const liveness = await loadLiveness({
    model: values.model, variant, threads, ...(crop === 'none' ? { detector: null } : {}),
  }).catch((error) => {
    complain(values.model ?? DEFAULT_MODEL, error);
    return null;
  });
  if (!liveness) return 1;
  if (values.version) {
    process.stdout.write(`livedepth ${liveness.info.version}\n`);
    return 0;
  }
  try {
    if (values.depth !== undefined) await mkdir(values.depth, { recursive: true });
  } catch (error) {
    complain(values.depth ?? '', badArgument(/** @type {Error} */ (error).message));
    return 1;
  }

  let status = 0;
  const names = depthNames(clips);
  for (const [i, clip] of clips.entries()) {
    const { step, clear } = progress(clip);
    let text = '';
    try {
      const result = await liveness.analyze(counted(readClip(clip, { fps }), step), {
        crop, liveThreshold: live, spoofThreshold: spoof, depth: values['depth-pairs'] ? 'every' : 'mean',
      });
      const files = values.depth === undefined ? [] : await writeDepth(values.depth, names[i], result);
      text = values.json ? json(clip, result, files) : human(clip, result, files);
      clear();
    } catch (error) {
      clear();
      status = 1;
      const problem = complain(clip, error);
      if (values.json) text = `${JSON.stringify({ clip, verdict: 'undecided', reason: 'error', score: null, error: problem })}\n`;
    }
    process.stdout.write(text);
  }
  liveness.close();
  return status;
}

process.stdout.on('error', () => process.exit(1)); // the reader of a pipe has gone
main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
}, (error) => {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`livedepth: ${printable(error.message)}\n\n${USAGE}`);
  process.exitCode = 2;
});
