// SPDX-License-Identifier: MIT
// @ts-check
// The record of a verified session: everything that a server needs to compute the answer again.
//
//     "LDR1", length of the header (uint32, little-endian), header, views
//
// header: JSON text as JSON.stringify writes it. views: every frame's bytes, one after the other,
// each byte as its difference from the same colour of the pixel before, then zlib. The chain runs
// over what they are unpacked:
//
//     link 0 = SHA-256(header up to its frames)
//     link i = SHA-256(link i-1, frame i of the header as JSON text, bytes of frame i)

import { badArgument, LivenessError, show, textOf } from '../engine/errors.js';
import { hexOf, sha256Bytes } from '../engine/sha256.js';

/**
 * @typedef {import('./liveness.js').RecordHeader} RecordHeader
 * @typedef {import('./liveness.js').RecordFrame} RecordFrame
 * @typedef {import('../engine/engine.js').FrameResult} FrameResult
 */

export const RECORD_FORMAT = 2;
export const MAGIC = 'LDR1';
/** Of a record: as many as the verdict needs are usual, and further ones after a pause. */
export const MAX_FRAMES = 40;
export const NONCE = /^[\w-]{22,200}$/;

const encoder = new TextEncoder();

/** @param {...Uint8Array} parts */
function join(...parts) {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  return all;
}

/**
 * The last link of the chain.
 *
 * @param {RecordHeader} header
 * @param {readonly Uint8Array[]} views  by frame
 */
export async function chainOf(header, views) {
  const { frames, chain, scores, score, verdict, ...start } = header;
  let link = await sha256Bytes(encoder.encode(JSON.stringify(start)));
  for (const [i, frame] of frames.entries()) {
    link = await sha256Bytes(join(link, encoder.encode(JSON.stringify(frame)), views[i]));
  }
  return hexOf(link);
}

/** The difference from the pixel before, in place. @param {Uint8Array} bytes */
function differ(bytes) {
  for (let i = bytes.length - 1; i >= 3; i--) bytes[i] -= bytes[i - 3];
  return bytes;
}

/** The way back, in place. @param {Uint8Array} bytes */
export function undiffer(bytes) {
  for (let i = 3; i < bytes.length; i++) bytes[i] += bytes[i - 3];
  return bytes;
}

/** @param {Uint8Array} bytes */
async function deflate(bytes) {
  const packed = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)])
    .stream()
    .pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** @param {RecordHeader} header @param {readonly Uint8Array[]} views  by frame */
export async function packRecord(header, views) {
  const text = encoder.encode(JSON.stringify(header));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return join(encoder.encode(MAGIC), length, text, await deflate(differ(join(...views))));
}

/** What a box is in a record. @param {import('../engine/engine.js').Box} box
 * @returns {import('./liveness.js').RecordBox} */
const numbers = ({ x, y, width, height }) => [x, y, width, height];

/** @param {unknown} nonce */
function readNonce(nonce) {
  if (typeof nonce === 'string' && NONCE.test(nonce)) return nonce;
  throw badArgument(`verified is ${show(nonce)}, no nonce of a server`);
}

/** Clips whose frames no record holds are none to wait for.
 * @param {number} clips @param {import('./liveness.js').EngineInfo['model']} model */
export function checkClips(clips, { frames }) {
  const most = MAX_FRAMES - frames + 1;
  if (clips > most) throw badArgument(`clips is ${clips}, at most ${most} where it is verified`);
}

/**
 * Gets the nonce of a session that is verified.
 *
 * @param {unknown} verified  of StartOptions
 * @param {import('./liveness.js').EngineInfo} info
 * @param {{crop?: unknown, clips?: unknown}} options  of StartOptions
 */
export async function beginRecord(verified, info, { crop, clips }) {
  const { variant } = info;
  if (!variant.startsWith('simd')) {
    throw badArgument(
      `verified needs loadLiveness({ variant: 'simd' }): ${variant} has other bits`,
    );
  }
  if (crop !== 'face') throw badArgument("verified needs crop: 'face'");
  checkClips(Number(clips ?? info.model.clips), info.model);
  if (typeof CompressionStream !== 'function') {
    throw new LivenessError('ENV_UNSUPPORTED', 'verified needs CompressionStream, not here');
  }
  if (typeof verified !== 'function') return new Recorder(info, readNonce(verified));
  let nonce;
  try {
    nonce = await verified();
  } catch (error) {
    throw new LivenessError('ENV_FETCH', `no nonce: ${textOf(error)}`, { cause: error });
  }
  return new Recorder(info, readNonce(nonce));
}

/** Of the names of hints, and how many of them there may be. */
export const HINT = /^[a-z]\w{0,39}$/i;
export const MAX_HINTS = 16;

/** Of what a feed says of its camera, what a record may hold. @param {object | null} signals */
function hints(signals) {
  if (!signals) return null;
  const all = Object.entries(signals).filter(
    ([name, value]) => HINT.test(name) && (value === null || typeof value === 'boolean'),
  );
  return Object.fromEntries(all.slice(0, MAX_HINTS));
}

/** Keeps what the newest run of a session was given. */
export class Recorder {
  #start;
  #views;
  /** @type {RecordFrame[]} */ #frames = [];
  /** @type {Uint8Array[]} */ #bytes = [];
  #paused = false;

  /**
   * @param {import('./liveness.js').EngineInfo} info
   * @param {string} nonce
   */
  constructor(info, nonce) {
    const { version, variant, threads, wasm, model, detector } = info;
    this.#views = model.views;
    this.#start = {
      format: RECORD_FORMAT,
      nonce,
      version,
      variant,
      threads,
      wasm: wasm.sha256,
      model: model.sha256,
      detector: detector?.sha256 ?? null,
    };
  }

  /**
   * @param {FrameResult} result
   * @param {() => Promise<Uint8Array>} views  of the frame, asked for if it was taken
   */
  async add(result, views) {
    if (result.state === 'skipped') return;
    if (result.state === 'waiting' || !result.face) {
      this.#paused = true;
      return;
    }
    const bytes = await views();
    // What no clip that counts saw is of no use.
    if (result.runFrames === 1) this.reset();
    const { width, height } = result.size;
    this.#frames.push({
      timestamp: result.timestamp,
      width,
      height,
      paused: this.#paused,
      face: numbers(result.face.box),
      squares: this.#views.map(({ name }) => numbers(result.views[name])),
      turn: result.turn,
    });
    this.#bytes.push(bytes);
    this.#paused = false;
    if (this.#frames.length > MAX_FRAMES) {
      throw new LivenessError('RECORD_TOO_LARGE', `a run of more than ${MAX_FRAMES} frames`);
    }
  }

  reset() {
    this.#frames = [];
    this.#bytes = [];
    this.#paused = false;
  }

  /**
   * @param {import('./liveness.js').ClipResult} result  of the session
   * @param {object | null} signals  of the camera
   */
  async finish({ thresholds, frames, scores, score, verdict }, signals) {
    const header = /** @type {RecordHeader} */ ({
      ...this.#start,
      thresholds,
      clips: frames.clips,
      signals: hints(signals),
      frames: this.#frames,
      chain: '',
      scores,
      score,
      verdict,
    });
    header.chain = await chainOf(header, this.#bytes);
    return packRecord(header, this.#bytes);
  }
}
