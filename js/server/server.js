// SPDX-License-Identifier: MIT
// @ts-check
// The entry for servers: issues nonces, and decides alone what the record of a page's session says.
//
//     const verifier = await createVerifier({ secret: process.env.LIVEDEPTH_SECRET });
//     const nonce = verifier.issue(user);                        // to the page
//     const { verdict } = await verifier.verify(request, user);  // its record
//
// A record is checked from what costs least to what costs most; the networks run last, in the
// workers of a pool.

import { createHash, randomBytes } from 'node:crypto';
import { badArgument, LivenessError, show, textOf } from '../engine/errors.js';
import { readClips, readMs, readNumber, readOptions } from '../engine/options.js';
import { DISPOSE, Ending } from '../check/ending.js';
import { chainOf, checkClips } from '../check/record.js';
import { stepsOf } from '../check/steps.js';
import { createPool, DEFAULT_MODEL, loadLiveness } from '../node/node.js';
import { issueNonce, memoryStore, readNonce } from './nonces.js';
import { checkRepeats, checkScene } from './one-scene.js';
import { openRecord, unpackViews } from './read-record.js';

export { DEFAULT_MODEL, LivenessError, memoryStore };

/**
 * @typedef {import('../check/liveness.js').RecordHeader} RecordHeader
 * @typedef {import('../node/node.js').Pool} Pool
 * @typedef {import('./server.js').NonceStore} NonceStore
 */

const DIST = new URL('../../dist/', import.meta.url);
const TTL_MS = 180_000;
const MAX_BYTES = 2 ** 22; // MAX_FRAMES that no packing makes smaller
const QUEUE = 64;
const TIMEOUT_MS = 120_000;
/** Between frames, in intervals of the model: those of src/clip.c. */
const EARLY = 0.85;
const GAP = 2.5;
/** That a camera's clock may be ahead of ours. */
const CLOCK_MS = 250;
/** Bytes of a piece of a body, in the mean, after so many pieces: a network's have a thousand and
 * more, and each costs time of its own. */
const PIECE = 64;
const PIECES = 1000;

/** @param {string} code @param {string} detail @returns {never} */
function refuse(code, detail) {
  throw new LivenessError(code, detail);
}

/** @param {unknown} secret @returns {Uint8Array} */
function readSecret(secret) {
  if (secret === undefined) return randomBytes(32);
  const isKnown = typeof secret === 'string' || secret instanceof Uint8Array;
  const bytes = isKnown ? Buffer.from(secret) : null; // a copy: the caller's may be wiped
  if (bytes && bytes.length >= 16) return bytes;
  throw badArgument('createVerifier: secret is no string or Uint8Array of at least 16 bytes');
}

/** @param {unknown} subject */
function readSubject(subject) {
  const isShort = typeof subject === 'string' && subject.length <= 1000;
  // Halves of a surrogate pair are all one in UTF-8.
  if (isShort && Buffer.from(subject).toString() === subject) return subject;
  throw badArgument(`subject is ${show(subject)}, not a short string of whole characters`);
}

/** @param {any} store @returns {NonceStore} */
function readStore(store) {
  if (typeof store?.spend === 'function') return store;
  throw badArgument(`createVerifier: store is ${show(store)} without spend()`);
}

/** All of a body, or a refusal as soon as it is too long.
 * @param {any} body @param {number} maxBytes @param {Ending} ending
 * @returns {Promise<Uint8Array>} */
async function readBody(body, maxBytes, ending) {
  const isStream = typeof body?.[Symbol.asyncIterator] === 'function';
  if (!(body instanceof Uint8Array || isStream)) {
    throw badArgument(`verify: the record is ${show(body)}, neither bytes nor a stream of them`);
  }
  const steps = stepsOf(isStream ? body : [body], 'verify: the record is')();
  let bytes = new Uint8Array(Math.min(2 ** 16, maxBytes)); // grows: pieces may be small and many
  let length = 0;
  try {
    for (let pieces = 1; ; pieces++) {
      const { done, value: chunk } = await ending.wait(steps.next());
      if (done) return bytes.subarray(0, length);
      if (!(chunk instanceof Uint8Array)) throw badArgument('verify: the stream gives no bytes');
      const end = length + chunk.length;
      if (end > maxBytes) refuse('RECORD_TOO_LARGE', `more than ${maxBytes} bytes`);
      if (pieces > PIECES && end < pieces * PIECE) {
        refuse('RECORD_FORMAT', `${end} bytes in ${pieces} pieces`);
      }
      if (end > bytes.length) {
        const larger = new Uint8Array(Math.min(Math.max(2 * bytes.length, end), maxBytes));
        larger.set(bytes.subarray(0, length));
        bytes = larger;
      }
      bytes.set(chunk, length);
      length = end;
    }
  } catch (error) {
    steps.end();
    if (error instanceof LivenessError) throw error;
    throw new LivenessError('RECORD_FORMAT', `it broke off: ${textOf(error)}`, { cause: error });
  }
}

/** Both in its order: what the re-run says and what the record says.
 * @param {any} ours @param {any} theirs @param {string} name */
function same(ours, theirs, name) {
  const [our, their] = [JSON.stringify(ours), JSON.stringify(theirs)];
  if (our !== their) refuse('RECORD_SCORE', `${name}: ${their}, but the views give ${our}`);
}

const closed = () => new LivenessError('API_CLOSED', 'the verifier is closed');

class Verifier {
  #pool;
  #engine;
  #wasm;
  #policy;
  #limits;
  #secret;
  #store;
  #pending = 0;
  /** Of bodies and stores that are waited for. @type {Set<Ending>} */ #waits = new Set();
  #closed = false;

  /**
   * @param {Pool} pool
   * @param {import('../node/node.js').EngineInfo} engine
   * @param {Record<string, string>} wasm  SHA-256 by variant
   * @param {{live: number, spoof: number, clips: number}} policy
   * @param {{ttlMs: number, maxBytes: number, queue: number, timeoutMs: number}} limits
   * @param {Uint8Array} secret
   * @param {NonceStore} store
   */
  constructor(pool, engine, wasm, policy, limits, secret, store) {
    this.#pool = pool;
    this.#engine = engine;
    this.#wasm = wasm;
    this.#policy = policy;
    this.#limits = limits;
    this.#secret = secret;
    this.#store = store;
  }

  get pending() {
    return this.#pending;
  }

  /** @type {import('./server.js').Verifier['issue']} */
  issue(subject = '') {
    return issueNonce(this.#secret, readSubject(subject), Date.now());
  }

  /** @type {import('./server.js').Verifier['verify']} */
  async verify(body, subject = '') {
    readSubject(subject);
    if (this.#closed) throw closed();
    const { ttlMs, maxBytes, queue } = this.#limits;
    // Before its body takes memory, and its nonce is spent: the same record may come again.
    if (this.#pending >= queue) refuse('API_BUSY', `${queue} records wait already`);
    this.#pending++;
    try {
      const read = (/** @type {Ending} */ ending) => readBody(body, maxBytes, ending);
      const { header, packed } = openRecord(await this.#wait('the record', read));
      const now = Date.now();
      const issued = readNonce(this.#secret, header.nonce, subject, now, ttlMs);
      await this.#spend(header.nonce);
      return await this.#judge(header, packed, now - issued);
    } finally {
      this.#pending--;
    }
  }

  /**
   * What comes from outside, unless time or close() ends it.
   *
   * @template T
   * @param {string} what
   * @param {(ending: Ending) => Promise<T>} work
   */
  async #wait(what, work) {
    if (this.#closed) throw closed(); // since verify() began
    const { timeoutMs } = this.#limits;
    const ending = new Ending();
    const late = () => {
      ending.end(new LivenessError('ENV_TIMEOUT', `${what} took more than ${timeoutMs} ms`));
    };
    const timer = setTimeout(late, timeoutMs);
    this.#waits.add(ending);
    try {
      return await work(ending);
    } finally {
      this.#waits.delete(ending);
      clearTimeout(timer);
    }
  }

  /** @param {string} nonce */
  async #spend(nonce) {
    // For another server, whose clock is behind, it may be as young again.
    const spend = async () => this.#store.spend(nonce, Math.ceil(2 * this.#limits.ttlMs));
    let first;
    try {
      first = await this.#wait('the store', (ending) => ending.wait(spend()));
    } catch (error) {
      if (error instanceof LivenessError) throw error;
      const text = `the store of nonces: ${textOf(error)}`;
      throw new LivenessError('ENV_FETCH', text, { cause: error });
    }
    if (first !== true) refuse('RECORD_NONCE_USED', 'a record with this nonce was here before');
  }

  /** @param {RecordHeader} header @param {Uint8Array} packed @param {number} ageMs  of its nonce */
  async #judge(header, packed, ageMs) {
    this.#checkEngine(header);
    this.#checkTimes(header, ageMs);
    const { views } = this.#engine.model;
    if (header.frames[0].paused) refuse('RECORD_FORMAT', 'it begins with a pause');
    if (header.frames.some(({ squares }) => squares.length !== views.length)) {
      refuse('RECORD_FORMAT', `a frame has not the ${views.length} squares of the model`);
    }
    const size = views.reduce((sum, view) => sum + view.size * view.size * 3, 0);
    const bytes = unpackViews(packed, header.frames.length, size);
    if ((await chainOf(header, bytes)) !== header.chain) {
      refuse('RECORD_CHAIN', 'its last link is not that of these frames');
    }
    checkRepeats(bytes.map((each) => createHash('sha256').update(each).digest('hex')));
    checkScene(header.frames, bytes, views);
    return this.#decide(header, bytes);
  }

  /** Made by the files that we have, decided as we would. @param {RecordHeader} header */
  #checkEngine(header) {
    const { version, model, detector } = this.#engine;
    const own = {
      version,
      wasm: this.#wasm[header.variant] ?? 'of simd or simd-mt',
      model: model.sha256,
      detector: detector?.sha256,
    };
    for (const [name, value] of Object.entries(own)) {
      const theirs = /** @type {any} */ (header)[name];
      if (theirs !== value) refuse('RECORD_ENGINE', `${name} is ${show(theirs)}, not ${value}`);
    }
    if (header.variant === 'simd' && header.threads !== 1) {
      refuse('RECORD_ENGINE', `${header.threads} threads of simd`);
    }
    const { live, spoof, clips } = this.#policy;
    const wanted = JSON.stringify({ live, spoof });
    const thresholds = JSON.stringify(header.thresholds);
    if (thresholds !== wanted) refuse('RECORD_POLICY', `thresholds ${thresholds}, not ${wanted}`);
    if (header.clips !== clips) refuse('RECORD_POLICY', `${header.clips} clips, not ${clips}`);
  }

  /** @param {RecordHeader} header @param {number} ageMs  of its nonce */
  #checkTimes({ frames }, ageMs) {
    const { frameIntervalMs } = this.#engine.model;
    frames.forEach(({ timestamp }, i) => {
      const gap = i === 0 ? 1 : (timestamp - frames[i - 1].timestamp) / 1000 / frameIntervalMs;
      if (!(gap >= EARLY && gap <= GAP)) {
        refuse('RECORD_TIME', `frame ${i} is ${gap} intervals behind the one before`);
      }
    });
    const lasted = ((frames.at(-1)?.timestamp ?? 0) - frames[0].timestamp) / 1000;
    if (lasted > ageMs + CLOCK_MS) {
      refuse('RECORD_TIME', `${lasted} ms of frames in the ${ageMs} ms since the nonce was issued`);
    }
  }

  /** Runs the networks on the views. @param {RecordHeader} header @param {Uint8Array[]} bytes */
  async #decide(header, bytes) {
    const { live, spoof, clips } = this.#policy;
    const { views } = this.#engine.model;
    const box = (/** @type {number[]} */ [x, y, width, height]) => ({ x, y, width, height });
    const frames = header.frames.map(({ face, squares, ...rest }, i) => ({
      format: 'VIEWS',
      data: bytes[i],
      ...rest,
      face: box(face),
      squares: Object.fromEntries(views.map(({ name }, v) => [name, box(squares[v])])),
    }));
    const result = await this.#pool
      .analyze(/** @type {any} */ (frames), {
        crop: 'none',
        depth: 'none',
        liveThreshold: live,
        spoofThreshold: spoof,
        clips,
      })
      .catch((error) => {
        // The engine refuses squares that are not where the face says.
        const own = /^(BAD_ARGUMENT|FRAME_)/.test(error?.code);
        throw own ? new LivenessError('RECORD_VIEWS', error.detail, { cause: error }) : error;
      });
    const { run, used, clips: scored } = result.frames;
    if (used !== frames.length || run !== frames.length || scored !== clips) {
      const text = `${run} frames of ${frames.length} are one run, ${scored} clips of ${clips}`;
      refuse('RECORD_RUN', text);
    }
    same(result.scores, header.scores, 'scores');
    same(result.score, header.score, 'score');
    same(result.verdict, header.verdict, 'verdict');
    const { verdict, score, scores, votes, thresholds } = result;
    const reason = /** @type {any} of the engine alone */ (result.reason);
    return { verdict, reason, score, scores, votes, thresholds, signals: header.signals };
  }

  /** @type {import('./server.js').Verifier['close']} */
  async close() {
    this.#closed = true;
    for (const ending of this.#waits) ending.end(closed());
    await this.#pool.close();
  }

  async [DISPOSE]() {
    await this.close();
  }
}

/** @type {typeof import('./server.js').createVerifier} */
export async function createVerifier(given) {
  const { model, size, ...wish } = readOptions(
    given,
    {
      model: DEFAULT_MODEL,
      secret: undefined,
      store: memoryStore(),
      ttlMs: TTL_MS,
      maxBytes: MAX_BYTES,
      queue: QUEUE,
      size: undefined,
      timeoutMs: TIMEOUT_MS,
      liveThreshold: undefined,
      spoofThreshold: undefined,
      clips: undefined,
    },
    'createVerifier',
  );
  const limits = {
    ttlMs: readMs(wish.ttlMs, 'ttlMs'),
    maxBytes: readNumber(wish.maxBytes, 'maxBytes', 1, 2 ** 30),
    queue: readNumber(wish.queue, 'queue', 1, 2 ** 20, { whole: true }),
    timeoutMs: readMs(wish.timeoutMs, 'timeoutMs'),
  };
  const secret = readSecret(wish.secret);
  const store = readStore(wish.store);
  const ownClips = readClips(wish.clips);
  const files = /** @type {any} the loader checks it */ ({ model, variant: 'simd' });
  const liveness = await loadLiveness(files);
  const { info } = liveness;
  await liveness.close();
  const { thresholds, clips } = info.model;
  checkClips(ownClips ?? clips, info.model);
  const live = readNumber(wish.liveThreshold ?? thresholds.live, 'liveThreshold', 0, 1);
  const low = wish.spoofThreshold ?? Math.min(thresholds.spoof, live);
  const spoof = readNumber(low, 'spoofThreshold', 0, live);
  const { ASSETS } = await import(new URL('assets.js', DIST).href);
  const wasm = Object.fromEntries(
    ['simd', 'simd-mt'].map((variant) => [variant, ASSETS[`livedepth-${variant}.wasm`].sha256]),
  );
  const { timeoutMs, queue } = limits;
  const pool = await createPool(/** @type {any} */ ({ ...files, size, timeoutMs, queue }));
  const policy = { live, spoof, clips: ownClips ?? clips };
  return /** @type {any} */ (new Verifier(pool, info, wasm, policy, limits, secret, store));
}
