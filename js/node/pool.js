// SPDX-License-Identifier: MIT
// @ts-check
// Many clips on many cores, in Node: each worker has an engine of its own and one clip at a time.
//
//     const pool = await createPool({ size: 4 });
//     const results = await Promise.all(files.map((file) => pool.analyze(file)));
//     const { verdict } = await pool.analyzePhoto('photo.jpg');
//     await pool.close();
//
// A photo goes the way of a clip. A clip is settled once, by whatever happens first: its result,
// its signal, its time limit, its frames' own error, the death of its worker, close(). A worker
// that does not let go of a settled clip is ended; one that is gone is replaced. What passes
// between the threads: pool-worker.js.

import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { refuseClip } from '../check/analyze.js';
import { bytesOf } from '../engine/bytes.js';
import { badArgument, LivenessError, textOf, unpackError } from '../engine/errors.js';
import { DISPOSE } from '../check/ending.js';
import { stepsOf } from '../check/steps.js';
import { checkSignal, readMs, readNumber, readOptions } from '../engine/options.js';
import { asPath } from './files.js';
import { Clip, cloning, copyPhoto } from './pool-clip.js';
import { countCores, LOAD_MS } from './threads.js';

/**
 * @typedef {import('./node.js').ClipResult} ClipResult
 * @typedef {import('./pool-clip.js').Task} Task
 * @typedef {{
 *   thread: Worker, ready: boolean, busy: boolean, clip: Clip | null,
 *   timer: ReturnType<typeof setTimeout> | undefined, error: unknown,
 * }} Member  busy, but without a clip: letting go of one that is settled
 */

const workerUrl = () => new URL('pool-worker.js', import.meta.url); // not at import: bundlers
const MAX_SIZE = 1024;
const MAX_QUEUE = 2 ** 20;
/** For a worker to let go of a clip: between two frames it listens. */
const GRACE_MS = 1000;
/** Workers that did not get as far as a clip; when none is left, each call tries again. */
const MAX_FAILURES = 3;

/** An option of loadLiveness as it can be cloned; the bytes exist once, for all workers.
 * @param {unknown} value @param {string} name */
function pack(value, name) {
  const what = `createPool: ${name}`;
  if (value instanceof URL) return { url: pathToFileURL(asPath(value, what)).href };
  const bytes = bytesOf(value, 'Uint8Array', 'ArrayBuffer');
  if (!bytes) return { given: cloning(what, () => structuredClone(value)) };
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return { shared };
}

class Pool {
  #load;
  #queue;
  #timeoutMs;
  /** @type {Set<Member>} */ #members = new Set();
  /** @type {Set<Clip>} */ #waiting = new Set();
  #pending = 0;
  #failures = 0;
  /** @type {{resolve: () => void, reject: (error: unknown) => void} | null} */ #opening = null;
  #isClosed = false;
  /** @type {Promise<void> | null} */ #closing = null;

  /** @param {number} size @param {number} queue @param {number} timeoutMs @param {object} load */
  constructor(size, queue, timeoutMs, load) {
    this.size = size;
    this.#queue = queue;
    this.#timeoutMs = timeoutMs;
    this.#load = load;
  }

  get pending() {
    return this.#pending;
  }

  /** Resolves when every worker has loaded; rejects with what stopped the first. */
  async open() {
    const opened = new Promise((resolve, reject) => {
      this.#opening = { resolve: () => resolve(undefined), reject };
    });
    try {
      this.#fill();
      await opened;
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      this.#opening = null;
      this.#hold();
    }
  }

  /** @type {import('./pool.js').Pool['analyze']} */
  async analyze(source, given) {
    const { fps, signal, ...options } = readOptions(
      given,
      {
        fps: undefined,
        signal: undefined,
        depth: undefined,
        crop: undefined,
        liveThreshold: undefined,
        spoofThreshold: undefined,
        clips: undefined,
      },
      'analyze',
    );
    const until = checkSignal(signal, 'before the first frame');
    const isPath = typeof source === 'string' || source instanceof URL;
    if (!isPath) stepsOf(source, 'analyze: frames are');
    if (!isPath && fps !== undefined) throw badArgument('analyze: fps goes with a path');
    const path = isPath ? asPath(source, 'analyze: the clip') : undefined;
    return this.#take({ path, fps, options }, until, (task) => new Clip(task, source));
  }

  /** @type {import('./pool.js').Pool['analyzePhoto']} */
  async analyzePhoto(photo, given) {
    const { signal, ...options } = readOptions(
      given,
      { signal: undefined, crop: undefined, liveThreshold: undefined, spoofThreshold: undefined },
      'analyzePhoto',
    );
    const until = checkSignal(signal, 'before the photo');
    refuseClip(photo);
    const isPath = typeof photo === 'string' || photo instanceof URL;
    const path = isPath ? asPath(photo, 'analyzePhoto: the photo') : undefined;
    const make = (/** @type {Task} */ task) => new Clip(task, [photo], copyPhoto);
    return this.#take({ path, photo: true, options }, until, make);
  }

  /** Puts a clip in the queue. @param {Task} given @param {AbortSignal | undefined} until
   * @param {(task: Task) => Clip} make */
  async #take(given, until, make) {
    if (this.#isClosed) throw new LivenessError('API_CLOSED', 'the pool is closed');
    const clip = make(cloning('an option', () => structuredClone(given)));
    const idle = [...this.#members].some((member) => member.ready && !member.busy);
    if (!idle && this.#waiting.size >= this.#queue) {
      throw new LivenessError('API_BUSY', `${this.#waiting.size} clips wait already`);
    }
    if (until) clip.follow(until, () => this.#abort(clip, until));
    this.#pending++;
    this.#waiting.add(clip);
    if (this.#members.size === 0) this.#failures = MAX_FAILURES - 1;
    this.#fill();
    this.#assign();
    this.#hold();
    return clip.result;
  }

  /** @type {import('./pool.js').Pool['close']} */
  close() {
    this.#isClosed = true;
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async [DISPOSE]() {
    await this.close();
  }

  async #shut() {
    const ended = [...this.#members].map(
      (member) =>
        new Promise((resolve) => {
          member.thread.once('exit', resolve);
          member.thread.ref();
          this.#limit(member, GRACE_MS, () => member.thread.terminate());
          member.thread.postMessage({ type: 'close' });
        }),
    );
    this.#failAll(new LivenessError('API_CLOSED', 'the pool was closed'));
    for (const { clip } of this.#members) {
      if (clip) this.#settle(clip, new LivenessError('API_CLOSED', 'the pool was closed'));
    }
    await Promise.all(ended);
  }

  // --- workers ---

  /** As many workers as there should be. */
  #fill() {
    while (!this.#isClosed && this.#members.size < this.size && this.#failures < MAX_FAILURES) {
      if (!this.#hire()) return;
    }
  }

  #hire() {
    let thread;
    try {
      // No execArgv of the program's: its --input-type or --import are not for this file.
      thread = new Worker(workerUrl(), { workerData: this.#load, execArgv: [], name: 'livedepth' });
    } catch (error) {
      const text = `no worker: ${textOf(error)}`;
      this.#stumble(new LivenessError('ENV_WORKER_FAILED', text, { cause: error }));
      return false;
    }
    /** @type {Member} */
    const member = {
      thread,
      ready: false,
      busy: false,
      clip: null,
      timer: undefined,
      error: undefined,
    };
    this.#limit(member, LOAD_MS, () => {
      member.error = new LivenessError('ENV_TIMEOUT', `a worker did not load in ${LOAD_MS} ms`);
      thread.terminate();
    });
    thread.on('message', (message) => this.#hear(member, message));
    thread.on('error', (error) => {
      member.error ??= error;
    });
    thread.on('exit', (status) => this.#bury(member, status));
    this.#members.add(member);
    return true;
  }

  /** @param {Member} member @param {{type: string, error?: any, result?: any}} message */
  #hear(member, { type, error, result }) {
    switch (type) {
      case 'ready':
        clearTimeout(member.timer);
        member.ready = true;
        if ([...this.#members].every(({ ready }) => ready)) this.#opening?.resolve();
        this.#assign();
        break;
      case 'failed':
        member.error = unpackError(error);
        member.thread.terminate();
        break;
      case 'next':
        this.#feed(member);
        break;
      case 'done':
        this.#finish(member, result, error && unpackError(error));
        break;
    }
  }

  /** A clip has come to its end in the worker. @param {Member} member @param {ClipResult} result
   * @param {LivenessError | undefined} error */
  #finish(member, result, error) {
    const { clip } = member;
    clearTimeout(member.timer);
    member.clip = null;
    this.#failures = 0;
    this.#fill();
    // A module that has trapped is of no use any more.
    if (error?.code === 'ENV_CRASHED') member.thread.terminate();
    else member.busy = false;
    if (clip) this.#settle(clip, error, result);
    this.#assign();
  }

  /** The thread is no more. @param {Member} member @param {number} status */
  #bury(member, status) {
    clearTimeout(member.timer);
    this.#members.delete(member);
    const { clip, error: cause = `exit status ${status}` } = member;
    const error =
      cause instanceof LivenessError
        ? cause
        : new LivenessError('ENV_WORKER_DEAD', `a worker died: ${textOf(cause)}`, { cause });
    if (member.busy) this.#fill();
    else this.#stumble(error);
    if (clip) this.#settle(clip, error);
    this.#hold();
  }

  /** A worker did not load, or died without a clip. @param {LivenessError} error */
  #stumble(error) {
    this.#failures++;
    if (this.#opening) {
      this.#failures = MAX_FAILURES;
      this.#opening.reject(error);
      return;
    }
    this.#fill();
    if (this.#members.size === 0) this.#failAll(error);
  }

  /** One timer a worker: for loading, for a clip, for letting go. @param {Member} member
   * @param {number} ms @param {() => void} late */
  #limit(member, ms, late) {
    clearTimeout(member.timer);
    member.timer = setTimeout(late, ms).unref();
  }

  /** The process goes on for as long as clips are pending. */
  #hold() {
    const busy = this.#pending > 0 || this.#opening || this.#isClosed;
    for (const { thread } of this.#members) {
      if (busy) thread.ref();
      else thread.unref();
    }
  }

  // --- clips ---

  #assign() {
    for (const member of this.#members) {
      if (this.#isClosed || !member.ready || member.busy) continue;
      const [clip] = this.#waiting;
      if (!clip) return;
      this.#waiting.delete(clip);
      member.clip = clip;
      member.busy = true;
      this.#limit(member, this.#timeoutMs, () => {
        const text = `a clip took more than ${this.#timeoutMs} ms`;
        this.#drop(member, new LivenessError('ENV_TIMEOUT', text));
      });
      member.thread.postMessage({ type: 'clip', ...clip.task });
    }
  }

  /** The next frame, for a worker that has pushed the one before. @param {Member} member */
  async #feed(member) {
    const { clip } = member;
    if (!clip) return;
    try {
      const next = await clip.next();
      if (clip.settled) return;
      const data = /** @type {any} */ (next.frame)?.data ?? next.frame; // or a photo's own bytes
      const transfer = data instanceof Uint8Array ? [/** @type {ArrayBuffer} */ (data.buffer)] : [];
      cloning('a frame', () => member.thread.postMessage({ type: 'next', ...next }, transfer));
    } catch (error) {
      if (!clip.settled) this.#drop(member, error);
    }
  }

  /** The clip fails at once; its worker is told to let go of it. @param {Member} member
   * @param {unknown} error */
  #drop(member, error) {
    const { clip } = member;
    member.clip = null;
    member.thread.postMessage({ type: 'cancel' });
    this.#limit(member, GRACE_MS, () => member.thread.terminate());
    if (clip) this.#settle(clip, error);
  }

  /** @param {Clip} clip @param {AbortSignal} signal */
  #abort(clip, signal) {
    const member = [...this.#members].find((each) => each.clip === clip);
    const where = member ? 'during the clip' : 'while the clip was waiting';
    const error = new LivenessError('API_ABORTED', where, { cause: signal.reason });
    if (member) {
      this.#drop(member, error);
    } else {
      this.#waiting.delete(clip);
      this.#settle(clip, error);
    }
  }

  /** Of the clips that wait. @param {LivenessError} error */
  #failAll(error) {
    const clips = [...this.#waiting];
    this.#waiting.clear();
    for (const clip of clips) this.#settle(clip, error);
  }

  /** @param {Clip} clip @param {unknown} error @param {ClipResult} [result] */
  #settle(clip, error, result) {
    if (clip.settled) return;
    this.#pending--;
    this.#hold();
    if (result) clip.succeed(result);
    else clip.fail(error);
  }
}

/** @param {unknown} threads  of each worker */
function defaultSize(threads) {
  const each = typeof threads === 'number' && threads > 1 ? threads : 1;
  return Math.min(MAX_SIZE, Math.max(1, Math.floor(countCores() / each)));
}

/** @type {typeof import('./pool.js').createPool} */
export async function createPool(given) {
  const { size, queue, timeoutMs, ...load } = readOptions(
    given,
    {
      size: undefined,
      queue: 256,
      timeoutMs: 120_000,
      model: undefined,
      detector: undefined,
      variant: undefined,
      threads: undefined,
      baseUrl: undefined,
    },
    'createPool',
  );
  const workers = size === undefined ? defaultSize(load.threads) : size;
  const pool = new Pool(
    readNumber(workers, 'size', 1, MAX_SIZE, { whole: true }),
    readNumber(queue, 'queue', 0, MAX_QUEUE, { whole: true }),
    readMs(timeoutMs, 'timeoutMs'),
    Object.fromEntries(Object.entries(load).map(([name, value]) => [name, pack(value, name)])),
  );
  await pool.open();
  return /** @type {any} */ (pool); // TypeScript does not see its Symbol.asyncDispose
}
