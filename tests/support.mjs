// SPDX-License-Identifier: MIT
// What the JavaScript tests share: small clips made here, a folder for them, outcomes of calls.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LivenessError, readY4m } from '../js/node/node.js';

export const ROOT = new URL('../', import.meta.url);
/** @param {string} name  relative to the root */
export const path = (name) => fileURLToPath(new URL(name, ROOT));
/** @param {string} name  likewise, of a text */
export const read = (name) => readFileSync(path(name), 'utf8');

export const LIVE = path('tests/clips/live.y4m.gz');
export const LIVE_MP4 = path('tests/clips/live.mp4');
export const MODEL = path('tests/untrained.safetensors');
export const DETECTOR = path('build/blazeface-short.safetensors');
/** The lowest version of package.json, and the newest. */
export const NODE18 = path('node_modules/node18/bin/node');
export const NODE24 = path('third_party/node24/bin/node');

export const noFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'ffmpeg is not installed';
export const noNode18 = existsSync(NODE18) ? false : 'node_modules/node18 is not there';
export const noNode24 = existsSync(NODE24) ? false : 'third_party/node24 is not there';

/** A folder that goes when the tests of a file end. */
export function temporaryFolder(after) {
  const folder = mkdtempSync(join(tmpdir(), 'livedepth-'));
  after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A y4m file: every part can be replaced by a wrong one. */
export function y4m({
  header = 'W6 H4 F25:1 C420jpeg',
  magic = 'YUV4MPEG2 ',
  frames = 2,
  size = 36,
  frame = 'FRAME\n',
} = {}) {
  const parts = [Buffer.from(`${magic}${header}\n`, 'latin1')];
  for (let i = 0; i < frames; i++)
    parts.push(Buffer.from(frame, 'latin1'), Buffer.alloc(size, i + 1));
  return Buffer.concat(parts);
}

/** All of an async iterable. */
export async function collect(items) {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Ms after which a test calls what it waits for lost: a busy machine makes it slower, not red. */
export const PATIENCE = 120_000;
const { setTimeout } = globalThis; // the real one, also where a test turns the clock
export const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Of an even count the upper one of the middle. @param {number[]} values */
export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Waits until this holds. */
export async function eventually(condition) {
  const end = performance.now() + PATIENCE;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never: ${condition}`);
    await sleep(10);
  }
}

/** What lays noise over bytes of pictures, each time other noise. @param {number} seed */
export function noiseOf(seed) {
  let state = seed;
  return (/** @type {Uint8Array} */ bytes) => {
    const data = bytes.slice();
    for (let i = 0; i < data.length; i += 7) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      data[i] = Math.min(235, Math.max(16, data[i] + (state >>> 29) - 4));
    }
    return data;
  };
}

let live;
/** The frames of the live clip, read once. */
export const liveFrames = async () => (live ??= await collect(readY4m(LIVE)));

/** The LivenessError of a call or promise; anything else that happens is a failed test. */
export async function failure(work) {
  let value;
  try {
    value = await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof LivenessError) return error;
    throw error;
  }
  throw new Error(`no error, but ${JSON.stringify(value)?.slice(0, 200)}`);
}

/** Runs the command; resolves to its exit status and output. */
export function run(
  args,
  { node = process.execPath, flags = [], script = 'js/node/cli.mjs', limitMs = 0 } = {},
) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [...flags, path(script), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs || undefined, // of a program that may hang
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'])
      child[name].on('data', (data) => {
        output[name] += data;
      });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...output }));
  });
}

/** A safetensors file: its header and the bytes behind it. */
function openWeights(file) {
  const end = 8 + Number(file.readBigUInt64LE(0));
  return { header: JSON.parse(file.toString('utf8', 8, end)), data: file.subarray(end) };
}

function writeWeights(header, data) {
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc(-text.length & 7, ' ')]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([size, padded, data]);
}

/** The model with other metadata. */
export function modelWith(metadata) {
  const { header, data } = openWeights(readFileSync(MODEL));
  Object.assign(header.__metadata__, metadata);
  return writeWeights(header, data);
}

/** Keys of a file of one network that its scorer has in a file of several. */
const OWN = ['network', 'profile', 'width', 'frames', 'mean', 'std', 'alpha', 'beta', 'depth_term'];

/**
 * The network of the model several times in one file.
 *
 * @param {Record<string, object>} views  by name: scale, size, follows
 * @param {Record<string, object>} scorers  by name: view, use, weight
 * @param {object} [metadata]  of the whole file
 */
export function bundleOf(views, scorers, metadata) {
  const {
    header: { __metadata__: one, ...tensors },
    data,
  } = openWeights(readFileSync(MODEL));
  const under = (prefix, values) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [`${prefix}.${key}`, String(value)]),
    );
  const whole = {
    format: 'livedepth',
    format_version: '2',
    preset: 'made',
    trained: 'no',
    provenance: 'a test',
    license: 'none',
    frame_interval_ms: '100',
    clips: '3',
    live_threshold: '0.7',
    spoof_threshold: '0.3',
    views: Object.keys(views).join(' '),
    scorers: Object.keys(scorers).join(' '),
    'fusion.bias': '0.5',
    ...metadata,
  };
  for (const [name, view] of Object.entries(views)) {
    Object.assign(whole, under(`view.${name}`, view));
  }
  const header = { __metadata__: whole };
  const own = Object.fromEntries(OWN.map((key) => [key, one[key]]));
  Object.entries(scorers).forEach(([name, { weight, ...scorer }], i) => {
    Object.assign(whole, under(name, { ...own, ...scorer }), under('fusion', { [name]: weight }));
    for (const [tensor, about] of Object.entries(tensors)) {
      const offsets = about.data_offsets.map((offset) => offset + i * data.length);
      header[`${name}.${tensor}`] = { ...about, data_offsets: offsets };
    }
  });
  return writeWeights(header, Buffer.concat(Object.keys(scorers).map(() => data)));
}

/** A hash over every bit of a session's answers but the times. */
export function digest(results, maps) {
  const hash = createHash('sha256');
  for (const { ms, ...result } of results) hash.update(JSON.stringify(result));
  for (const map of maps) hash.update(map ? new Uint8Array(map.data.buffer) : 'none');
  return hash.digest('hex');
}

/** Pushes all frames; answers and depth maps of the newest clip. */
export function play(session, frames, { pairs = 4 } = {}) {
  const results = frames.map((frame) => session.push(frame));
  const maps = ['mean', ...Array(pairs).keys()].map((pair) => session.depth(pair));
  return { results, maps, digest: digest(results, maps) };
}

/** TIFF data with one entry: the orientation. */
export function exif(orientation, little) {
  const tiff = Buffer.alloc(26);
  const short = (value, i) =>
    little ? tiff.writeUInt16LE(value, i) : tiff.writeUInt16BE(value, i);
  tiff.write(little ? 'II' : 'MM', 'latin1');
  short(42, 2);
  if (little) tiff.writeUInt32LE(8, 4);
  else tiff.writeUInt32BE(8, 4);
  [1, 0x112, 3].forEach((value, i) => short(value, 8 + 2 * i));
  if (little) tiff.writeUInt32LE(1, 14);
  else tiff.writeUInt32BE(1, 14);
  short(orientation, 18);
  return tiff;
}

/** A JPEG with EXIF data behind its first segment, as cameras and editors have it. */
export function jpegWith(jpeg, tiff) {
  const behind = 4 + jpeg.readUInt16BE(4); // the first segment
  const head = Buffer.from([0xff, 0xe1, 0, 8 + tiff.length, ...Buffer.from('Exif\0\0')]);
  return Buffer.concat([jpeg.subarray(0, behind), head, tiff, jpeg.subarray(behind)]);
}

/** Files of pictures that ffmpeg makes of a frame of the live clip: name and its arguments. */
export function photoOf(folder, name, args = []) {
  const file = join(folder, name);
  const input = ['-v', 'error', '-y', '-ss', '0.4', '-i', LIVE_MP4];
  const one = /\.(gif|mp4)$|moves/.test(name) ? ['-t', '0.5'] : ['-frames:v', '1'];
  const { status, stderr } = spawnSync('ffmpeg', [...input, ...one, ...args, file]);
  if (status !== 0) throw new Error(String(stderr));
  return file;
}
