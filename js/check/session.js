// SPDX-License-Identifier: MIT
// @ts-check
// One person before the camera, up to a verdict: what to do with each frame, what to tell the
// person, when it is over. Knows no worker, no camera and no DOM.

import { badArgument, LivenessError, notFetched, show } from '../engine/errors.js';
import {
  checkSignal,
  readChoice,
  readClips,
  readFlag,
  readMs,
  readOptions,
  readSignal,
} from '../engine/options.js';
import { closeFrame } from '../engine/raw-frame.js';
import { DISPOSE, Ending } from './ending.js';
import { stepsOf } from './steps.js';
import { ClipSummary, DEPTH_CHOICES, SESSION_DEFAULTS } from './summary.js';

/**
 * @typedef {import('./liveness.js').ClipResult} ClipResult
 * @typedef {import('./liveness.js').EngineInfo} EngineInfo
 * @typedef {import('./liveness.js').FrameFeed} FrameFeed
 * @typedef {import('./liveness.js').FrameSource} FrameSource
 * @typedef {import('./liveness.js').SessionReason} SessionReason
 * @typedef {import('../engine/engine.js').Hint} Hint
 * @typedef {{
 *   push(frame: FrameSource): Promise<import('../engine/engine.js').FrameResult>,
 *   depth(pair: 'mean' | number): Promise<import('../engine/engine.js').DepthMap | null>,
 *   views(): Promise<Uint8Array>,
 *   reset(): Promise<void>,
 *   close(): Promise<void>,
 *   best?(): Promise<import('./liveness.js').BestFrame | null>,
 * }} Stream
 * @typedef {(options: any, ending: Ending, wantsBest: boolean) => Promise<Stream>} Open
 */

const HINT_MS = 500; // what passes faster is no fault to tell of
const SHOWN_MS = 1000; // a hint that changes faster cannot be read
/** So many frames in a row that cannot be read: none will. */
const REFUSED_MOST = 20;
const MUTED_MS = 5000;
const TIMEOUT_MS = 30_000;
const PAUSES = /** @type {const} */ (['page_hidden', 'camera_muted']);

/** Node 18 has no CustomEvent. */
class DetailEvent extends Event {
  /** @param {string} type @param {unknown} detail */
  constructor(type, detail) {
    super(type);
    this.detail = detail;
  }
}

export class CaptureSession extends EventTarget {
  #info;
  #options;
  /** @type {Promise<Stream>} */ #stream;
  /** When there is one. @type {Stream | null} */ #opened = null;
  /** Of waits for frames and for the engine's turn. */ #running = new Ending();
  /** Of the waits for what a result is made of. */ #finishing = new Ending();
  /** @type {ClipSummary} */ #summary;
  /** Of a verified session. @type {import('./record.js').Recorder | null} */ #recorder = null;
  /** @type {'waiting' | 'capturing' | 'paused' | 'done' | 'closed'} */ #state = 'waiting';
  /** @type {(result: ClipResult) => void} */ #resolve = () => {};
  /** @type {(error: unknown) => void} */ #reject = () => {};
  /** Resolves when the result has settled. @type {Promise<void>} */ #over;
  #busy = false;
  #epoch = 0; // rises when what is under way no longer counts
  #dropped = 0;
  /** @type {Hint} */ #hint = 'no_face';
  /** When the hint was told; the first one is told at once. */
  #toldAt = -Infinity;
  #clips = 0; // as told last
  #needed = 0; // likewise
  /** @type {{hint: Hint, since: number} | null} */ #nextHint = null;
  /** @type {SessionReason | null} */ #pauseReason = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #muteTimer;
  /** @type {FrameFeed | null} */ #feed = null;
  /** The first since the last frame that could be read. @type {unknown} */ #refusal = null;
  #refused = 0; // so many since then
  /** When there was the last frame that could be used. @type {number | null} */ #usable = null;
  #settled = false;

  /**
   * @param {Open} open
   * @param {EngineInfo} info
   * @param {unknown} given
   */
  constructor(open, info, given) {
    super();
    const { timeoutMs, depth, best, signal, verified, ...options } = readOptions(
      given,
      {
        timeoutMs: TIMEOUT_MS,
        depth: 'mean',
        best: false,
        signal: undefined,
        verified: undefined,
        ...SESSION_DEFAULTS,
      },
      'start',
    );
    readClips(options.clips);
    this.#info = info;
    this.#options = {
      timeoutMs: readMs(timeoutMs, 'timeoutMs'),
      depth: readChoice(depth, 'depth', DEPTH_CHOICES),
      session: options,
    };
    const until = checkSignal(signal, 'before the first frame');
    this.#summary = new ClipSummary(info, options);
    /** @type {Promise<ClipResult>} */
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#over = this.result.then(
      () => {},
      () => {},
    );
    const wantsBest = readFlag(best, 'best');
    const opened = () => open(options, this.#running, wantsBest);
    // Records are rare, so that they load on demand. No frame before the nonce: a server knows how
    // old it is.
    this.#stream =
      verified === undefined
        ? opened()
        : this.#running
            .wait(
              import('./record.js')
                .catch(notFetched)
                .then((own) => own.beginRecord(verified, info, options)),
            )
            .then((recorder) => {
              this.#recorder = recorder;
              return opened();
            });
    this.#stream.then(
      (stream) => {
        this.#opened = stream;
      },
      (error) => this.#fail(error),
    );
    this.#timer = setTimeout(() => this.#finish('timeout'), this.#options.timeoutMs);
    const abort = () =>
      this.#end(new LivenessError('API_ABORTED', 'by the signal', { cause: until?.reason }));
    until?.addEventListener('abort', abort, { once: true });
    this.#over.then(() => until?.removeEventListener('abort', abort));
  }

  get state() {
    return this.#state;
  }

  get hint() {
    return this.#hint;
  }

  get dropped() {
    return this.#dropped + (this.#feed?.dropped ?? 0);
  }

  /** @type {import('./liveness.js').CaptureSession['push']} */
  async push(frame) {
    if (this.#settled || this.#busy || this.#state === 'paused') {
      closeFrame(frame);
      this.#dropped++;
      if (this.#state === 'closed') throw new LivenessError('API_CLOSED', 'the session is closed');
      return this.#pushed(false);
    }
    this.#busy = true;
    const epoch = this.#epoch;
    try {
      const stream = await this.#stream.catch((error) => {
        closeFrame(frame);
        throw error;
      });
      const start = performance.now();
      const result = await stream.push(frame);
      if (epoch !== this.#epoch) return this.#pushed(false);
      this.#refused = 0;
      this.#summary.add(result, performance.now() - start);
      await this.#recorder?.add(result, () => stream.views());
      if (epoch !== this.#epoch) return this.#pushed(false);
      if (result.state !== 'skipped') this.#look(result);
      return this.#pushed(true);
    } catch (error) {
      if (epoch !== this.#epoch) return this.#pushed(false); // the engine's session has gone
      // A frame that was refused has changed nothing; every other error is the engine's.
      const { code } = /** @type {LivenessError} */ (error);
      if (!/^(FRAME_|BAD_ARGUMENT)/.test(code)) this.#fail(error);
      if (this.#refused++ === 0) this.#refusal = error;
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** @type {import('./liveness.js').CaptureSession['attach']} */
  async attach(feed) {
    if (typeof feed?.frames !== 'function') {
      throw badArgument(`attach: ${show(feed)} has no frames`);
    }
    if (this.#feed) throw new LivenessError('API_BUSY', 'the session follows a camera already');
    const steps = stepsOf(feed.frames(), 'attach: frames() gives')(); // nothing is taken yet
    this.#feed = feed;
    /** @type {Record<string, (event: any) => void>} */
    const listeners = {
      pause: ({ detail }) => {
        try {
          this.pause(detail);
        } catch (error) {
          this.#fail(error);
        }
      },
      resume: () => this.resume(),
      restart: () => {
        this.reset().catch((error) => this.#fail(error));
      },
    };
    try {
      this.#dropped -= feed.dropped ?? 0; // before this check
      for (const [type, each] of Object.entries(listeners)) feed.addEventListener?.(type, each);
      if (feed.paused) this.pause(feed.paused); // since before anybody listened
      while (!this.#settled) {
        const step = await this.#running.wait(steps.next(), ({ value }) => closeFrame(value));
        if (step.done) {
          this.#finish('clip_short');
          break;
        }
        // Whoever has ended the session may give the feed to the next one at once.
        await this.#running.wait(this.push(step.value)).catch((error) => {
          if (!/^FRAME_/.test(error?.code) || this.#refused >= REFUSED_MOST) throw error;
        });
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      steps.end();
      this.#leave();
      for (const [type, each] of Object.entries(listeners)) feed.removeEventListener?.(type, each);
    }
    return this.result;
  }

  /** @type {import('./liveness.js').CaptureSession['pause']} */
  pause(reason) {
    readChoice(reason, 'pause', PAUSES);
    if (this.#settled) return;
    this.#pauseReason = reason;
    clearTimeout(this.#muteTimer);
    if (reason === 'camera_muted') {
      this.#muteTimer = setTimeout(() => this.#finish('camera_muted'), MUTED_MS);
    }
    this.#setState('paused');
    this.reset().catch((error) => this.#fail(error)); // the frames before belong to another moment
  }

  /** @type {import('./liveness.js').CaptureSession['resume']} */
  resume() {
    clearTimeout(this.#muteTimer);
    if (this.#settled || this.#state !== 'paused') return;
    this.#pauseReason = null;
    this.#setState('waiting');
  }

  /** @type {import('./liveness.js').CaptureSession['reset']} */
  async reset() {
    if (this.#settled) return;
    this.#epoch++;
    this.#summary = new ClipSummary(this.#info, this.#options.session);
    this.#recorder?.reset();
    this.#usable = null;
    if (this.#state === 'capturing') this.#setState('waiting');
    if (this.#clips > 0) this.#progress(0, this.#needed);
    await (await this.#stream).reset();
  }

  /** @type {import('./liveness.js').CaptureSession['close']} */
  async close() {
    this.#end(new LivenessError('API_CLOSED', 'the session was closed'));
    this.#setState('closed');
    await this.#over;
  }

  async [DISPOSE]() {
    await this.close();
  }

  /**
   * @param {string} type
   * @param {(detail: any) => void} listener
   * @param {{signal?: AbortSignal}} [options]
   */
  on(type, listener, options) {
    if (typeof type !== 'string') throw badArgument(`on: the event is ${show(type)}`);
    if (typeof listener !== 'function') throw badArgument(`on: ${show(listener)} is no function`);
    const { signal } = readOptions(options, { signal: undefined }, 'on');
    const until = readSignal(signal, 'on');
    /** @param {any} event */
    const call = (event) => listener(event.detail);
    this.addEventListener(type, call, { signal: until });
    return () => this.removeEventListener(type, call);
  }

  /** @param {boolean} accepted */
  #pushed(accepted) {
    return { accepted, hint: this.#hint, progress: this.#summary.progress };
  }

  /** A frame was looked at. @param {import('../engine/engine.js').FrameResult} result */
  #look(result) {
    const { clips, clipsNeeded: needed } = result;
    const epoch = this.#epoch;
    this.#setState(result.state === 'waiting' ? 'waiting' : 'capturing');
    this.#tell(result.quality?.hint ?? 'ok');
    this.#emit('frame', structuredClone(result)); // who may change what is told
    const isNew = clips !== this.#clips && epoch === this.#epoch;
    if (isNew) this.#progress(clips, needed);
    if (epoch !== this.#epoch) return; // a listener began anew, or ended it
    if (clips >= needed) this.#finish(null);
    else this.#checkUsable(result.frameReason);
  }

  /** @param {number} clips @param {number} needed */
  #progress(clips, needed) {
    this.#clips = clips;
    this.#needed = needed;
    this.#emit('progress', { clips, needed });
  }

  /** Half of the time without a frame that could be used: who has to change something shall hear
   * of it. @param {SessionReason | null} why */
  #checkUsable(why) {
    const now = performance.now();
    if (!why) this.#usable = now;
    this.#usable ??= now;
    if (now - this.#usable >= this.#options.timeoutMs / 2) this.#finish(why);
  }

  /** @param {Hint} hint */
  #tell(hint) {
    const now = performance.now();
    const first = this.#toldAt === -Infinity;
    if (hint === this.#hint && !first) {
      this.#nextHint = null;
      return;
    }
    if (this.#nextHint?.hint !== hint) this.#nextHint = { hint, since: now };
    const lasts = now - this.#nextHint.since >= HINT_MS && now - this.#toldAt >= SHOWN_MS;
    if (!first && !lasts) return;
    this.#hint = hint;
    this.#toldAt = now;
    this.#nextHint = null;
    this.#emit('hint', { hint });
  }

  /** @param {string} type @param {unknown} detail */
  #emit(type, detail) {
    this.dispatchEvent(new DetailEvent(type, detail));
  }

  /** @param {CaptureSession['state']} state */
  #setState(state) {
    if (state === this.#state || this.#state === 'closed') return;
    this.#state = state;
    this.#emit('state', { state });
  }

  /** Settles with what there is. why: what cut the session short; null: it has all its clips, and
   * only then may the verdict be anything but undecided.
   * @param {SessionReason | null} why */
  async #finish(why) {
    if (this.#settled) return;
    if (this.#refused > 0 && this.#summary.read === 0) {
      this.#fail(this.#refusal);
      return;
    }
    this.#settle();
    const [summary, stream] = [this.#summary, this.#opened];
    try {
      const [dropped, signals] = [this.dropped, this.#feed?.signals ?? null]; // a feed may throw
      const depths = stream
        ? await this.#finishing.wait(summary.depths(stream, this.#options.depth))
        : []; // its turn never came
      const best = (await this.#finishing.wait(stream?.best?.() ?? Promise.resolve(null))) ?? null;
      const result = { ...summary.result(depths, dropped), best };
      if (why) {
        const seen = why === 'timeout' && result.frames.clips === 0 ? result.reason : null;
        result.verdict = 'undecided';
        result.reason = this.#pauseReason ?? seen ?? why;
      } else if (this.#recorder) {
        result.record = await this.#finishing.wait(this.#recorder.finish(result, signals));
      }
      this.#setState('done');
      this.#resolve(result);
      this.#emit('result', result);
    } catch (error) {
      this.#setState('done');
      this.#reject(error);
      this.#emit('error', error);
    } finally {
      this.#shut();
    }
  }

  /** What the feed dropped goes on to count. */
  #leave() {
    try {
      this.#dropped = this.dropped;
    } catch {
      // A feed that throws here threw in #finish(), which told it.
    }
    this.#feed = null;
  }

  /** Also while a result is made. @param {LivenessError} error */
  #end(error) {
    this.#fail(error);
    this.#finishing.end(error);
  }

  /** @param {unknown} error */
  #fail(error) {
    if (this.#settled) return;
    this.#settle();
    this.#setState('done');
    this.#reject(error);
    this.#emit('error', error);
    this.#shut();
  }

  #settle() {
    this.#settled = true;
    this.#epoch++;
    this.#running.end(new LivenessError('API_CLOSED', 'the session was closed'));
    clearTimeout(this.#timer);
    clearTimeout(this.#muteTimer);
  }

  #shut() {
    this.#stream.then((stream) => stream.close()).catch(() => {});
  }
}
