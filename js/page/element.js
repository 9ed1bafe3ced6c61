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
const RUNNING = /** @type {CheckState[]} */ (['starting', 'loading', 'capturing']);
/** Module, model, detector. */
const FILES = 3;
const FAILED = /** @type {CheckState[]} */ (['spoof', 'undecided', 'error']);
/** Attributes that another engine follows from. */
const ENGINE = ['model', 'base-url', 'variant', 'threads'];
/** Properties that a page may have set before this script came. */
const PROPERTIES = /** @type {const} */ (['strings', 'liveness', 'loadOptions', 'startOptions']);

// The picture is 320 x 400 units. Oval: where the face belongs; ring: around it, from the top.
const OVAL = 'M160 60a106 138 0 0 1 0 276a106 138 0 0 1 0-276z';
const RING = 'M160 47a119 151 0 0 1 0 302a119 151 0 0 1 0-302';
const PERSON = 'M160 106c-36 0-57 29-57 69c0 27 9 51 23 66c3 14 0 23-14 29c-37 14-66 28-76 74h248' +
  'c-10-46-39-60-76-74c-14-6-17-15-14-29c14-15 23-39 23-66c0-40-21-69-57-69z';
const CHECK = 'M112 202l34 34l64-72';
const NO_CAMERA = 'M108 168h66a10 10 0 0 1 10 10v42a10 10 0 0 1-10 10h-66a10 10 0 0 1-10-10v-42' +
  'a10 10 0 0 1 10-10zM184 191l38-18v52l-38-18M100 142l120 114';
const ATTENTION = 'M160 148v62M160 240v1';

const CSS = `
:host {
  --surface: #fff; --text: #18202c; --quiet: #4d586a; --line: #d5dbe5; --edge: #848ea0;
  --stage: #e9eef5; --inside: #f7f9fc; --person: #c3cedd;
  --accent: #1b5cc8; --on-accent: #fff; --done: #11734f; --done-inside: #e2f4ec;
  display: block; box-sizing: border-box; inline-size: 100%; max-inline-size: 25rem;
  margin-inline: auto;
  color: var(--liveness-text, var(--text));
  font-family: var(--liveness-font, system-ui, sans-serif); font-size: 1rem; line-height: 1.4;
  font-style: normal; font-weight: 400; letter-spacing: normal; text-align: center;
  text-indent: 0; text-transform: none; text-shadow: none; white-space: normal;
  word-spacing: normal;
}
:host([hidden]) { display: none; }
@supports (color: light-dark(#000, #fff)) {
  :host {
    --surface: light-dark(#fff, #171b22); --text: light-dark(#18202c, #eef1f6);
    --quiet: light-dark(#4d586a, #b0bac8); --line: light-dark(#d5dbe5, #333b47);
    --edge: light-dark(#848ea0, #6d7889);
    --stage: light-dark(#e9eef5, #222934); --inside: light-dark(#f7f9fc, #2c3441);
    --person: light-dark(#c3cedd, #4b5768);
    --accent: light-dark(#1b5cc8, #8db6ff); --on-accent: light-dark(#fff, #0b1c38);
    --done: light-dark(#11734f, #5fd0a3); --done-inside: light-dark(#e2f4ec, #1d3a31);
  }
}
@supports not (color: light-dark(#000, #fff)) {
  @media (prefers-color-scheme: dark) {
    :host {
      --surface: #171b22; --text: #eef1f6; --quiet: #b0bac8; --line: #333b47; --edge: #6d7889;
      --stage: #222934; --inside: #2c3441; --person: #4b5768;
      --accent: #8db6ff; --on-accent: #0b1c38; --done: #5fd0a3; --done-inside: #1d3a31;
    }
  }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
p { margin: 0; }
p, button { unicode-bidi: plaintext; overflow-wrap: anywhere; }
.card {
  container-type: inline-size;
  background: var(--liveness-surface, var(--surface));
  border: 1px solid var(--liveness-line, var(--line));
  border-radius: var(--liveness-radius, 1.25rem);
  overflow: hidden;
}
.inner { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; padding: 1rem; }
.frame {
  position: relative; overflow: hidden; aspect-ratio: 4 / 5;
  inline-size: min(100%, 52vh); inline-size: min(100%, 52svh); min-inline-size: min(100%, 13rem);
  margin-inline: auto;
  border-radius: calc(var(--liveness-radius, 1.25rem) * .7);
  background: var(--inside);
}
video, svg { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; }
video { object-fit: cover; opacity: 0; transition: opacity .3s; }
.mirror video { transform: scaleX(-1); }
.camera .frame { background: #10151d; }
.camera video { opacity: 1; }
path { fill: none; stroke-linecap: round; stroke-linejoin: round; }
.shade { fill: var(--stage); stroke: none; }
.camera .shade { fill: rgb(9 14 22 / .66); }
.guide { stroke: var(--person); stroke-width: 2.5; stroke-dasharray: 1 9; }
.camera .guide { stroke: #fff; }
.camera.ok .guide { stroke-dasharray: none; }
.track { stroke: var(--inside); stroke-width: 7; }
.bar { stroke: var(--liveness-accent, var(--accent)); stroke-width: 7; }
.camera .track { stroke: rgb(255 255 255 / .28); }
.camera .bar { stroke: var(--liveness-ring, #6fdcb0); }
.bar { transition: stroke-dasharray .3s; }
.person { fill: var(--person); }
.camera .person, .live .person, .error .person { visibility: hidden; }
.live .frame { background: var(--done-inside); }
.error .guide { stroke: none; }
.live .guide {
  stroke: var(--liveness-done, var(--done)); stroke-width: 5; stroke-dasharray: none;
}
.icon { stroke: var(--quiet); stroke-width: 8; visibility: hidden; }
.check { stroke: var(--liveness-done, var(--done)); stroke-width: 14; }
.live .check, .error.at-camera .no-camera, .error:not(.at-camera) .attention {
  visibility: visible;
}
.attention { stroke-width: 13; }
.text { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; align-content: start; }
.hint { display: grid; align-content: center; gap: .25rem; min-block-size: 5.75rem; outline: none; }
.title {
  font-size: 1.5rem; font-weight: 650; line-height: 1.2; text-wrap: balance; hyphens: auto;
}
.capturing .title { font-size: 1.75rem; }
.detail { color: var(--liveness-quiet, var(--quiet)); text-wrap: balance; }
.percent { font-variant-numeric: tabular-nums; font-weight: 400; }
button {
  display: block; inline-size: 100%; min-block-size: 3rem; margin: 0; padding: .5rem 1rem;
  border: 2px solid transparent; border-radius: calc(var(--liveness-radius, 1.25rem) * .6);
  font: inherit; font-weight: 600; line-height: 1.2; text-align: center; cursor: pointer;
  color: var(--liveness-on-accent, var(--on-accent));
  background: var(--liveness-accent, var(--accent));
  touch-action: manipulation; -webkit-tap-highlight-color: transparent;
}
.cancel {
  color: inherit; background: none; border: 1px solid var(--liveness-edge, var(--edge));
}
button:hover { filter: brightness(1.07); }
button:active { filter: brightness(.93); }
button:focus-visible, .hint:focus-visible {
  outline: 3px solid var(--liveness-accent, var(--accent)); outline-offset: 2px;
}
.note { color: var(--liveness-quiet, var(--quiet)); font-size: .875rem; }
@container (max-width: 20rem) {
  .inner { padding: .75rem; gap: .75rem; }
  .title { font-size: 1.25rem; }
  .capturing .title { font-size: 1.5rem; }
}
@media (orientation: landscape) and (max-height: 30rem) {
  :host { max-inline-size: 42rem; }
  @container (min-width: 30rem) {
    .inner { grid-template-columns: auto minmax(0, 1fr); align-items: center; }
    .frame { inline-size: min(16rem, 60vh); inline-size: min(16rem, 60svh); }
  }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { transition: none !important; }
}
@media (forced-colors: active) {
  button { border-color: ButtonText; }
}
`;

/** A style sheet serves the document that it was made for.
 * @type {WeakMap<Document, CSSStyleSheet>} */
const sheets = new WeakMap();

/** @param {Document} document */
function sheetOf(document) {
  const known = sheets.get(document);
  if (known) return known;
  const sheet = new /** @type {any} */ (document.defaultView ?? globalThis).CSSStyleSheet();
  sheet.replaceSync(CSS);
  sheets.set(document, sheet);
  return sheet;
}

/**
 * @template {Element} T
 * @param {T} element
 * @param {Record<string, string>} attributes
 * @param {Element[]} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string>} attributes
 * @param {Element[]} children
 */
const make = (name, attributes, ...children) => (
  fill(document.createElement(name), attributes, children));

/** @param {string} name @param {Record<string, string>} attributes @param {Element[]} children */
const draw = (name, attributes, ...children) => (
  fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children));

/** Screen readers read a live region again when it is written again. @param {Element} element
 * @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
  /** @type {HTMLElement} */ (element).hidden = text === '';
}

/** The element's inside. */
function build() {
  const video = make('video', {
    part: 'video', playsinline: '', 'aria-hidden': 'true', tabindex: '-1',
  });
  video.muted = true;
  const bar = draw('path', { class: 'bar', d: RING, pathLength: '100' });
  const meter = make('div', {
    part: 'progress', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100',
  }, draw('svg', { viewBox: '0 0 320 400', 'aria-hidden': 'true' },
    draw('path', { class: 'track', d: RING }), bar));
  const oval = draw('svg', { part: 'oval', viewBox: '0 0 320 400', 'aria-hidden': 'true' },
    draw('path', { class: 'person', d: PERSON }),
    draw('path', { class: 'shade', 'fill-rule': 'evenodd', d: `M-1-1h322v402h-322z${OVAL}` }),
    draw('path', { class: 'guide', d: OVAL }),
    draw('path', { class: 'icon check', d: CHECK }),
    draw('path', { class: 'icon no-camera', d: NO_CAMERA }),
    draw('path', { class: 'icon attention', d: ATTENTION }));
  const words = make('span', {});
  // Seen only: a number that is read out at every change would drown the rest.
  const percent = make('span', { class: 'percent', 'aria-hidden': 'true' });
  const title = make('p', { class: 'title', part: 'title' }, words, percent);
  const detail = make('p', { class: 'detail', part: 'detail' });
  const hint = make('div', {
    class: 'hint', id: 'hint', part: 'hint', role: 'status', 'aria-live': 'polite',
    'aria-atomic': 'true', tabindex: '-1',
  }, title, detail);
  const button = make('button', {
    part: 'button', type: 'button', 'aria-describedby': 'hint note',
  });
  const cancel = make('button', { class: 'cancel', part: 'cancel', type: 'button' });
  const note = make('p', { class: 'note', id: 'note', part: 'note' });
  const card = make('div', { role: 'group' }, make('div', { class: 'inner' },
    make('div', { class: 'frame', part: 'frame' }, video, oval, meter),
    make('div', { class: 'text' }, hint, button, cancel, note)));
  return { card, video, meter, bar, words, percent, detail, hint, button, cancel, note };
}

/** @param {unknown} error */
const known = (error) => (error instanceof LivenessError ? error
  : new LivenessError('INTERNAL', String(error), { cause: error }));

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
    this.#parts.button.addEventListener('click', () => { this.start().catch(() => {}); });
    this.#parts.cancel.addEventListener('click', () => { this.cancel(); });
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
      delete (/** @type {any} */ (this))[name];
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
      if (error.code === 'API_ABORTED') { // the page was left
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
    const [model, baseUrl, variant] = ['model', 'base-url', 'variant']
      .map((name) => this.getAttribute(name) ?? undefined);
    const threads = this.getAttribute('threads') === 'auto'
      ? { threads: 'auto' } : this.#numbers({ threads: 'threads' });
    /** @type {Map<string, import('./index.js').Progress>} */
    const files = new Map();
    const own = await loadLiveness(/** @type {any} */ ({
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
    }));
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
    session.on('state', ({ state }) => {
      this.#paused = state === 'paused';
      if (this.#paused) this.#progress = 0; // what was captured counts no more
      this.#render();
    }, { signal });
    session.on('progress', ({ clips, needed }) => {
      this.#progress = Math.min(1, clips / needed);
      this.#render();
    }, { signal });
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
    return Object.fromEntries(Object.entries(names)
      .filter(([attribute]) => this.hasAttribute(attribute))
      .map(([attribute, option]) => [option, Number(this.getAttribute(attribute) || NaN)]));
  }

  /** The first of the keys that there is a text for. @param {string[]} keys */
  #text(...keys) {
    for (const key of keys) {
      const text = this.#strings[key] ?? STRINGS[key];
      if (text !== undefined) return String(text);
    }
    return '';
  }

  /** @returns {[title: string, detail: string]} */
  #words() {
    const state = this.#state;
    const detail = `${state}.detail`;
    if (state === 'capturing') {
      return [this.#text(this.#paused ? 'paused' : this.#hint ?? 'ok'), ''];
    }
    if (this.#error && state === 'error') {
      const { code, stage } = this.#error;
      return [this.#text(`error.${stage}`, 'error'), this.#text(code, code.split('_')[0], detail)];
    }
    if (state === 'undecided') {
      return [this.#text(state), this.#text(`undecided.${this.#result?.reason}`, detail)];
    }
    return [this.#text(state), this.#text(detail)];
  }

  #render() {
    const { card, meter, bar, words, percent, detail, button, cancel, note } = this.#parts;
    const state = this.#state;
    const running = RUNNING.includes(state);
    const facing = this.#camera?.device.facing;
    const classes = {
      card: true,
      [state]: true,
      running,
      camera: state === 'loading' || state === 'capturing',
      ok: state === 'capturing' && this.#hint === 'ok' && !this.#paused,
      mirror: this.getAttribute('mirror') !== 'off' && facing !== 'environment',
      'at-camera': this.#error?.stage === 'camera',
    };
    card.className = Object.entries(classes).filter(([, on]) => on).map(([name]) => name).join(' ');
    card.setAttribute('aria-label', this.#text('label'));

    const [title, more] = this.#words();
    write(words, title);
    write(detail, more);
    write(percent, state === 'loading' && this.#progress > 0 ? ` ${this.#percent()}` : '');
    write(button, this.#text(FAILED.includes(state) ? 'retry' : 'start'));
    write(cancel, this.#text('cancel'));
    write(note, state === 'error' && this.#error
      ? this.#text('code').replace('{code}', this.#error.code) : this.#text('note'));
    button.hidden = running || state === 'live';
    cancel.hidden = !running;

    meter.hidden = !running;
    meter.setAttribute('aria-label', this.#text('label'));
    meter.setAttribute('aria-valuenow', String(Math.round(this.#progress * 100)));
    bar.setAttribute('stroke-dasharray', `${this.#progress * 100} 100`);
    bar.setAttribute('visibility', this.#progress > 0 ? 'visible' : 'hidden');
  }

  #percent() {
    const lang = this.closest('[lang]')?.getAttribute('lang') || undefined;
    try {
      return this.#progress.toLocaleString(lang, { style: 'percent' });
    } catch {
      return this.#progress.toLocaleString(undefined, { style: 'percent' }); // lang="klingon"
    }
  }
}

if (globalThis.customElements && !customElements.get(NAME)) {
  customElements.define(NAME, /** @type {any} */ (LivenessCheckElement));
}
