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
import { readNumber } from '../engine/options.js';
import { raced } from '../check/ending.js';
import { ENGINE, languageOf, loadWishes, mostAttempts, startWishes } from './element-attributes.js';
import { ElementCameras } from './element-cameras.js';
import { build } from './element-drawing.js';
import { ElementEngine } from './element-engine.js';
import { followProgress } from './element-progress.js';
import { RUNNING, show } from './element-states.js';
import { sheetOf } from './element-style.js';
import { ENGLISH, loadTexts } from './element-texts.js';
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
  static observedAttributes = [...ENGINE, 'attempts', 'lang', 'mirror', 'preload'];

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
  #engine = new ElementEngine(
    () => /** @type {any} */ ({ ...loadWishes(this), ...this.#loadOptions }),
    (part) => this.#advance(part),
  );
  #cameras;
  /** Failed ones. */ #attempts = 0;
  #texts = ENGLISH;
  #paused = false;
  /** 0 .. 1: of the download, then of the clips. */
  #progress = 0;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: 'open' });
    this.#parts = build();
    this.#cameras = new ElementCameras(this.#parts.video, () => this.#render());
    this.#root.append(this.#parts.card);
    this.#parts.button.addEventListener('click', () => {
      this.start().catch(() => {});
    });
    this.#parts.cancel.addEventListener('click', () => {
      this.cancel();
    });
    this.#parts.cameras.addEventListener('change', () => {
      this.#cameras.choose(this.#parts.cameras.value);
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
    return this.#cameras.current;
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
    this.#engine.change();
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
    this.#speak();
    this.#preload();
  }

  /** Who is back at once has only been moved. */
  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#abort('the element was removed');
      this.#engine.close();
    });
  }

  /** @param {string} name */
  attributeChangedCallback(name) {
    if (ENGINE.includes(name)) this.#engine.change();
    else if (name === 'preload') this.#preload();
    else if (name === 'lang') this.#speak();
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
    if (this.#attempts >= mostAttempts(this)) {
      const text = `${this.#attempts} attempts have failed; reset() begins anew`;
      return Promise.reject(new LivenessError('API_LIMIT', text));
    }
    this.#speak();
    const controller = new AbortController();
    const result = Promise.resolve().then(() => this.#run(controller));
    this.#attempt = { controller, result };
    if (this.isConnected) {
      this.#result = this.#error = this.#cameras.current = null;
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

  /** @type {import('./element.js').LivenessCheckElement['reset']} */
  async reset() {
    this.#attempts = 0;
    this.#result = this.#error = null;
    await this.cancel();
    this.#render();
  }

  /** Ends what is under way; false: nothing was. @param {string} why */
  #abort(why) {
    const attempt = this.#attempt;
    if (!attempt) return false;
    this.#attempt = null;
    attempt.controller.abort(new LivenessError('API_ABORTED', why));
    if (!this.hasAttribute('preload')) this.#engine.abandon();
    if (this.#state !== 'idle') this.#enter('idle');
    return true;
  }

  /** One attempt. @param {AbortController} controller */
  async #run(controller) {
    const { signal } = controller;
    // Before the camera hears of it, whose end would be a result.
    addEventListener('pagehide', () => this.#abort('the page was left'), { signal });
    /** @type {ClipResult} */ let result;
    try {
      signal.throwIfAborted();
      result = await raced(this.#check(signal), signal);
      signal.throwIfAborted();
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      const error = known(cause);
      this.#attempt = null;
      controller.abort(error); // the light is off before anybody hears of it
      if (error.stage !== 'camera') this.#engine.close();
      this.#error = error;
      this.#enter('error');
      this.#emit('liveness-error', error);
      throw error;
    }
    this.#attempt = null;
    controller.abort();
    this.#result = result;
    this.#attempts = result.verdict === 'live' ? 0 : this.#attempts + 1;
    this.#enter(result.verdict);
    this.#emit('liveness-result', result);
    const attempts = this.#attempts;
    if (attempts >= mostAttempts(this)) this.#emit('liveness-exhausted', { attempts, result });
    return result;
  }

  /** @param {AbortSignal} signal */
  async #check(signal) {
    readNumber(mostAttempts(this), 'attempts', 1, Infinity);
    const [camera, liveness] = await Promise.all([this.#open(signal), this.#load()]);
    signal.throwIfAborted();
    const session = liveness.start({
      ...this.#startOptions,
      ...startWishes(this),
      signal,
    });
    this.#follow(session, signal);
    this.#enter('capturing');
    return session.attach(camera);
  }

  /** @param {AbortSignal} signal */
  async #open(signal) {
    const camera = await this.#cameras.open(this.getAttribute('device-id'), signal);
    this.#enter('loading');
    return camera;
  }

  /** @returns {Promise<Liveness>} */
  async #load() {
    if (this.#liveness) this.#engine.close();
    return this.#liveness ?? this.#engine.load();
  }

  /** The engine before the first attempt, if that is wished and when all properties are set. */
  #preload() {
    queueMicrotask(() => {
      if (!this.isConnected || !this.hasAttribute('preload') || this.#liveness) return;
      if (this.#attempt) return; // it loads by itself, and other attributes count from the next on
      this.#engine.load().catch(() => {}); // an attempt tries again, and tells
    });
  }

  /** @param {number} part  of the download */
  #advance(part) {
    if (this.#state === 'capturing') return;
    this.#progress = part;
    this.#render();
  }

  /** In the language of its place in the page. */
  async #speak() {
    const tag = languageOf(this);
    const texts = await loadTexts(tag);
    if (texts.lang === this.#texts.lang || tag !== languageOf(this)) return;
    this.#texts = texts;
    this.#render();
  }

  /** What the session tells, for as long as its attempt is on.
   * @param {CaptureSession} session @param {AbortSignal} signal */
  #follow(session, signal) {
    this.#progress = 0;
    this.#paused = false;
    session.on('hint', ({ hint }) => this.#tell(hint), { signal });
    followProgress(session, this.#parts.video, signal, (progress, paused) => {
      this.#progress = progress;
      this.#paused = paused;
      this.#render();
    });
  }

  /** @param {Hint} hint */
  #tell(hint) {
    this.#hint = hint;
    this.#render();
    this.#emit('liveness-hint', { hint, text: this.#text(hint) });
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
  }

  /** @param {string} type @param {unknown} [detail] */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  /** The first of the keys that there is a text for. @param {string[]} keys */
  #text(...keys) {
    for (const key of keys) {
      const text = this.#strings[key] ?? this.#texts.texts[key] ?? STRINGS[key];
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
          this.getAttribute('mirror') !== 'off' && this.camera?.device.facing !== 'environment',
        lang: languageOf(this),
        // Texts of the page's own are in its own language.
        speaks:
          this.#texts === ENGLISH && Object.keys(this.#strings).length > 0
            ? null
            : this.#texts.lang,
        attempts: this.#attempts,
        most: mostAttempts(this),
        cameras: this.#cameras.all,
        cameraId: this.#cameras.shown,
      },
      (...keys) => this.#text(...keys),
    );
  }
}

if (globalThis.customElements && !customElements.get(NAME)) {
  customElements.define(NAME, /** @type {any} */ (LivenessCheckElement));
}
