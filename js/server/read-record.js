// SPDX-License-Identifier: MIT
// @ts-check
// A record of check/record.js from somebody whom nobody vouches for: its parts, or a refusal. Sizes
// are known before anything is unpacked, and there is one spelling of every record.

import { inflateSync } from 'node:zlib';
import { LivenessError, show } from '../engine/errors.js';
import { MAX_CLIPS } from '../engine/options.js';
import { MAX_THREADS } from '../engine/variant.js';
import {
  HINT,
  MAGIC,
  MAX_FRAMES,
  MAX_HINTS,
  NONCE,
  RECORD_FORMAT,
  undiffer,
} from '../check/record.js';
import { MAX_SIDE } from '../node/y4m.js';

/**
 * @typedef {import('../check/liveness.js').RecordHeader} RecordHeader
 * @typedef {(value: any) => boolean} Test
 */

const START = MAGIC.length + 4;
const MAX_HEADER = 2 ** 16;
const MAX_VIEWS = 4; // LIVEDEPTH_MAX_VIEWS

/** @param {string} detail @param {unknown} [cause] */
const bad = (detail, cause) => new LivenessError('RECORD_FORMAT', detail, { cause });

/** @type {Test} */
const isText = (value) => typeof value === 'string' && value.length <= 100;
/** @type {Test} */
const isHash = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
/** @type {Test} */
const isShare = (value) => typeof value === 'number' && value >= 0 && value <= 1;
/** @type {Test} */
const isFloat = (value) => typeof value === 'number' && Math.fround(value) === value;
/** @type {Test} */
const isBox = (value) => Array.isArray(value) && value.length === 4 && value.every(isFloat);
/** @param {number} most @returns {Test} */
const isCount = (most) => (value) => Number.isInteger(value) && value >= 1 && value <= most;
/** An object with these keys in this order. @param {Record<string, Test>} tests @returns {Test} */
const isOf = (tests) => {
  const names = Object.keys(tests);
  return (value) =>
    isPlain(value) &&
    Object.keys(value).join() === names.join() &&
    names.every((name) => tests[name](value[name]));
};
/** @type {Test} */
const isPlain = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
/** A few values by short names. @param {Test} test @returns {Test} */
const isTable = (test) => (value) =>
  isPlain(value) &&
  Object.entries(value).length <= MAX_HINTS &&
  Object.entries(value).every(([name, each]) => HINT.test(name) && test(each));

const isFrame = isOf({
  timestamp: (value) => typeof value === 'number' && value >= 0,
  width: isCount(MAX_SIDE),
  height: isCount(MAX_SIDE),
  paused: (value) => typeof value === 'boolean',
  face: isBox,
  squares: (value) => Array.isArray(value) && value.length <= MAX_VIEWS && value.every(isBox),
  turn: isFloat,
});

/** @type {Record<string, Test>} */
const HEADER = {
  format: (value) => value === RECORD_FORMAT,
  nonce: (value) => typeof value === 'string' && NONCE.test(value),
  version: isText,
  variant: isText,
  threads: isCount(MAX_THREADS),
  wasm: isHash,
  model: isHash,
  detector: isHash,
  thresholds: isOf({ live: isShare, spoof: isShare }),
  clips: isCount(MAX_CLIPS),
  signals: (value) =>
    value === null || isTable((each) => each === null || typeof each === 'boolean')(value),
  frames: (value) =>
    Array.isArray(value) && isCount(MAX_FRAMES)(value.length) && value.every(isFrame),
  chain: isHash,
  scores: isTable((each) => each === null || isShare(each)),
  score: (value) => value === null || isShare(value),
  verdict: (value) => ['live', 'spoof', 'undecided'].includes(value),
};

/**
 * The header, and the views still packed.
 *
 * @param {Uint8Array} record
 * @returns {{header: RecordHeader, packed: Uint8Array}}
 */
export function openRecord(record) {
  const { buffer, byteOffset, length } = record;
  if (length < START || Buffer.from(record.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC)
    throw bad(`no ${MAGIC} at its start`);
  const size = new DataView(buffer, byteOffset).getUint32(MAGIC.length, true);
  const end = START + size;
  if (size > MAX_HEADER || end > length) throw bad(`a header of ${size} bytes`);
  let header;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      record.subarray(START, end),
    );
    header = JSON.parse(text);
    if (JSON.stringify(header) !== text) throw new Error('another spelling than its own');
  } catch (error) {
    throw bad('the header is no JSON text', error);
  }
  for (const [name, test] of Object.entries(HEADER)) {
    if (!(isPlain(header) && Object.hasOwn(header, name) && test(header[name]))) {
      throw bad(`the header's ${name} is ${show(Object(header)[name])}`);
    }
  }
  if (Object.keys(header).join() !== Object.keys(HEADER).join()) throw bad('other header fields');
  return { header, packed: record.subarray(end) };
}

/**
 * Every frame's views.
 *
 * @param {Uint8Array} packed
 * @param {number} frames
 * @param {number} size  bytes of a frame
 */
export function unpackViews(packed, frames, size) {
  const options = { maxOutputLength: frames * size, info: true };
  /** @type {any} */ let unpacked;
  try {
    unpacked = inflateSync(packed, options);
  } catch (error) {
    throw bad('the views cannot be unpacked', error);
  }
  const { buffer: bytes, engine } = unpacked;
  if (bytes.length !== frames * size) {
    throw bad(`${bytes.length} bytes of views, not ${frames * size}`);
  }
  if (engine.bytesWritten !== packed.length) throw bad('there is something behind the views');
  undiffer(bytes);
  return Array.from({ length: frames }, (_, i) =>
    Uint8Array.prototype.slice.call(bytes, i * size, (i + 1) * size),
  );
}
