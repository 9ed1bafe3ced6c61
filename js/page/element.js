// SPDX-License-Identifier: MIT
// @ts-check
// <liveness-check>: the whole check as one element, from the start button to the verdict.
//
//     import 'livedepth/element';
//     <liveness-check></liveness-check>
//     element.addEventListener('liveness-result', ({ detail }) => console.log(detail.verdict));
//
// One attempt at a time. All that an attempt opens (camera, download, session) hangs on one
// AbortController, so every way out is the same: abort it. The look is built without markup and
// with a constructed style sheet, for pages whose CSP allows neither styles nor markup in strings.

import { LivenessError } from '../engine/errors.js';
import { openCamera } from './camera.js';
import { build } from './element-drawing.js';
import { RUNNING, show } from './element-states.js';
import { sheetOf } from './element-style.js';
import { loadLiveness } from './index.js';
import { STRINGS } from './strings.js';

export { STRINGS };

/**
 * @typedef {import('./camera.js').Camera} Camera
 * @typedef {import('./element.js').CheckState} CheckState
 * @typedef {import('./element.js').Strings} Strings
 * @typedef {import('../check/liveness.js').CaptureSession} CaptureSession
 * @typedef {import('../check/liveness.js').ClipResult} ClipResult
 * @typedef {import('../check/liveness.js').Hint} Hint
 * @typedef {import('../check/liveness.js').Liveness} Liveness
 * @typedef {{controller: AbortController, result: Promise<ClipResult>}} Attempt
 */

const NAME = 'liveness-check';
/** Module, model, detector. */
const FILES = 3;
/** Attributes that another engine follows from. */
const ENGINE = ['model', 'base-url', 'variant', 'threads'];
/** Properties that a page may have set before this script came. */
const PROPERTIES = /** @type {const} */ (['strings', 'liveness', 'loadOptions', 'startOptions']);

/** @param {unknown} error */
const known = (error) =>
  error instanceof LivenessError
    ? error
    : new LivenessError('INTERNAL', String(error), { cause: error });

/** Servers have no HTMLElement; the import is harmless there.
 * @type {typeof HTMLElement} */
const Base = globalThis.HTMLElement ?? class {};

export class LivenessCheckElement extends Base {
  static observedAttributes = [...ENGINE, 'mirror'];

  #parts;
  #root;
  /** @type {CheckState} */ #state = 'idle';
  /** @type {Hint | null} */ #hint = null;
  /** @type {ClipResult | null} */ #result = null;
  /** @type {LivenessError | null} */ #error = null;
  /** @type {Partial<Strings>} */ #strings = {};
  /** @type {Liveness | null} */ #liveness = null;
  /** @type {import('./index.js').LoadOptions} */ #loadOptions = {};
  /** @type {import('../check/liveness.js').StartOptions} */ #startOptions = {};
  /** @type {Attempt | null} */ #attempt = null;
  /** Of this element; lives from its first attempt on, for the next. @type {Liveness | null} */
  #own = null;
  /** It was loaded by other wishes than those of now. */
  #stale = false;
  /** Of the last attempt. @type {Camera | null} */ #camera = null;
  #paused = false;
  /** 0 .. 1: of the download, then of the clips. */
  #progress = 0;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: 'open' });
    this.#parts = build();
    this.#root.append(this.#parts.card);
    this.#parts.button.addEventListener('click', () => {
      this.start().catch(() => {});
    });
    this.#parts.cancel.addEventListener('click', () => {
      this.cancel();
    });
    this.#render();
  }

  get state() {
    return this.#state;
  }

  get hint() {
    return this.#hint;
  }

  get result() {
    return this.#result;
  }

  get error() {
    return this.#error;
  }

  get camera() {
    return this.#camera;
  }

  get strings() {
    return this.#strings;
  }

  set strings(strings) {
    this.#strings = strings ?? {};
    this.#render();
  }

  get liveness() {
    return this.#liveness;
  }

  set liveness(liveness) {
    this.#liveness = liveness ?? null;
  }

  get loadOptions() {
    return this.#loadOptions;
  }

  set loadOptions(options) {
    this.#loadOptions = options ?? {};
    this.#stale = true;
  }

  get startOptions() {
    return this.#startOptions;
  }

  set startOptions(options) {
    this.#startOptions = options ?? {};
  }

  connectedCallback() {
    this.#root.adoptedStyleSheets = [sheetOf(this.ownerDocument)];
    for (const name of PROPERTIES) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete (/** @type {any} */ (this)[name]);
      /** @type {any} */ (this)[name] = value;
    }
    this.#render();
  }

  /** Who is back at once has only been moved. */
  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#abort('the element was removed');
      this.#closeOwn();
    });
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (ENGINE.includes(name)) this.#stale = true;
    else this.#render();
  }

  /** @param {FocusOptions} [options] */
  focus(options) {
    const { button, cancel, hint } = this.#parts;
    const shown = [cancel, button].find((each) => !each.hidden);
    (shown ?? hint).focus(options);
  }

  /** @type {import('./element.js').LivenessCheckElement['start']} */
  start() {
    if (this.#attempt) return this.#attempt.result;
    const controller = new AbortController();
    const result = Promise.resolve().then(() => this.#run(controller));
    this.#attempt = { controller, result };
    if (this.isConnected) {
      this.#result = this.#error = this.#camera = null;
      this.#enter('starting');
    } else {
      this.#abort('the element is in no page');
    }
    return result;
  }

  /** @type {import('./element.js').LivenessCheckElement['cancel']} */
  async cancel() {
    if (this.#abort('cancelled')) this.#emit('liveness-cancel');
    else if (this.#state !== 'idle') this.#enter('idle');
  }

  /** Ends what is under way; false: nothing was. @param {string} why */
  #abort(why) {
    const attempt = this.#attempt;
    if (!attempt) return false;
    this.#attempt = null;
    attempt.controller.abort(new LivenessError('API_ABORTED', why));
    if (this.#state !== 'idle') this.#enter('idle');
    return true;
  }

  /** One attempt. @param {AbortController} controller */
  async #run(controller) {
    const { signal } = controller;
    /** @type {Promise<never>} */
    const aborted = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => {});
    /** @type {ClipResult} */ let result;
    try {
      signal.throwIfAborted();
      result = await Promise.race([this.#check(signal), aborted]);
      signal.throwIfAborted();
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      const error = known(cause);
      this.#attempt = null;
      controller.abort(error); // the light is off before anybody hears of it
      if (error.code === 'API_ABORTED') {
        // the page was left
        this.#enter('idle');
        throw error;
      }
      if (error.stage !== 'camera') this.#closeOwn();
      this.#error = error;
      this.#enter('error');
      this.#emit('liveness-error', error);
      throw error;
    }
    this.#attempt = null;
    controller.abort();
    this.#result = result;
    this.#enter(result.verdict);
    this.#emit('liveness-result', result);
    return result;
  }

  /** @param {AbortSignal} signal */
  async #check(signal) {
    const [camera, liveness] = await Promise.all([this.#open(signal), this.#load(signal)]);
    signal.throwIfAborted();
    const session = liveness.start({
      ...this.#startOptions,
      ...this.#numbers({ clips: 'clips', timeout: 'timeoutMs' }),
      signal,
    });
    this.#follow(session, signal);
    this.#enter('capturing');
    return session.attach(camera);
  }

  /** @param {AbortSignal} signal */
  async #open(signal) {
    const deviceId = this.getAttribute('device-id') ?? undefined;
    const camera = await openCamera({ deviceId, video: this.#parts.video, signal });
    signal.throwIfAborted();
    this.#camera = camera;
    this.#enter('loading');
    return camera;
  }

  /** @param {AbortSignal} signal @returns {Promise<Liveness>} */
  async #load(signal) {
    if (this.#stale || this.#liveness) this.#closeOwn();
    if (this.#liveness) return this.#liveness;
    if (this.#own) return this.#own;
    this.#stale = false;
    const [model, baseUrl, variant] = ['model', 'base-url', 'variant'].map(
      (name) => this.getAttribute(name) ?? undefined,
    );
    const threads =
      this.getAttribute('threads') === 'auto'
        ? { threads: 'auto' }
        : this.#numbers({ threads: 'threads' });
    /** @type {Map<string, import('./index.js').Progress>} */
    const files = new Map();
    const own = await loadLiveness(
      /** @type {any} */ ({
        model,
        baseUrl,
        variant,
        ...threads,
        ...this.#loadOptions,
        signal,
        /** @param {import('./index.js').Progress} progress */
        onProgress: (progress) => {
          files.set(progress.file, progress);
          this.#showLoaded([...files.values()]);
          this.#loadOptions.onProgress?.(progress);
        },
      }),
    );
    if (signal.aborted) {
      own.close();
      throw signal.reason;
    }
    this.#own = own;
    return own;
  }

  /** @param {import('./index.js').Progress[]} files */
  #showLoaded(files) {
    // Of much the same size, and not all are heard of at once.
    const parts = files.map(({ loaded, total }) => (total ? Math.min(1, loaded / total) : 0));
    this.#progress = parts.reduce((sum, part) => sum + part, 0) / FILES;
    this.#render();
  }

  /** What the session tells, for as long as its attempt is on.
   * @param {CaptureSession} session @param {AbortSignal} signal */
  #follow(session, signal) {
    this.#progress = 0;
    this.#paused = false;
    this.#hint = session.hint;
    session.on('hint', ({ hint }) => this.#tell(hint), { signal });
    session.on(
      'state',
      ({ state }) => {
        this.#paused = state === 'paused';
        if (this.#paused) this.#progress = 0; // what was captured counts no more
        this.#render();
      },
      { signal },
    );
    session.on(
      'progress',
      ({ clips, needed }) => {
        this.#progress = Math.min(1, clips / needed);
        this.#render();
      },
      { signal },
    );
  }

  /** @param {Hint} hint */
  #tell(hint) {
    this.#hint = hint;
    this.#render();
    this.#emit('liveness-hint', { hint, text: this.#text(hint) });
  }

  #closeOwn() {
    this.#own?.close();
    this.#own = null;
  }

  /** @param {CheckState} state */
  #enter(state) {
    const focused = this.#root.activeElement !== null;
    this.#state = state;
    if (state !== 'capturing') this.#hint = null;
    if (!RUNNING.includes(state) || state === 'starting') this.#progress = 0;
    this.#render();
    // The focus follows; the picture must not scroll away from a person who looks at it.
    if (focused) this.focus({ preventScroll: RUNNING.includes(state) });
    this.#emit('liveness-state', { state });
    if (state === 'capturing' && this.#hint) this.#tell(this.#hint);
  }

  /** @param {string} type @param {unknown} [detail] */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  /** Attributes that are numbers, as options. @param {Record<string, string>} names */
  #numbers(names) {
    return Object.fromEntries(
      Object.entries(names)
        .filter(([attribute]) => this.hasAttribute(attribute))
        .map(([attribute, option]) => [option, Number(this.getAttribute(attribute) || NaN)]),
    );
  }

  /** The first of the keys that there is a text for. @param {string[]} keys */
  #text(...keys) {
    for (const key of keys) {
      const text = this.#strings[key] ?? STRINGS[key];
      if (text !== undefined) return String(text);
    }
    return '';
  }

  #render() {
    show(
      this.#parts,
      {
        state: this.#state,
        hint: this.#hint,
        paused: this.#paused,
        progress: this.#progress,
        reason: this.#result?.reason,
        error: this.#error,
        mirror:
          this.getAttribute('mirror') !== 'off' && this.#camera?.device.facing !== 'environment',
        lang: this.closest('[lang]')?.getAttribute('lang') || undefined,
      },
      (...keys) => this.#text(...keys),
    );
  }
}

if (globalThis.customElements && !customElements.get(NAME)) {
  customElements.define(NAME, /** @type {any} */ (LivenessCheckElement));
}
