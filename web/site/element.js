// SPDX-License-Identifier: MIT
// @ts-check
// The element to be tried, and pictures of all its states, in each language.

import '/livedepth/element.js';
import { build } from '/js/page/element-drawing.js';
import { show } from '/js/page/element-states.js';
import { sheetOf } from '/js/page/element-style.js';
import { loadTexts } from '/js/page/element-texts.js';

const LANGUAGES = ['en', 'ar', 'de', 'es', 'fr', 'hi', 'it', 'ja', 'pl', 'pt', 'tr', 'zh'];
const REST = {
  hint: null,
  paused: false,
  progress: 0,
  reason: null,
  error: null,
  attempts: 0,
  most: 3,
  cameras: [],
  cameraId: undefined,
  mirror: true,
};
const denied = { code: 'CAMERA_DENIED', stage: 'camera', retryable: false };
const failed = { code: 'ENV_FETCH', stage: 'load', retryable: true };
/** @type {Record<string, {}>} */
const STATES = {
  idle: { state: 'idle' },
  starting: { state: 'starting' },
  loading: { state: 'loading', progress: 0.4 },
  'capturing: a hint': { state: 'capturing', hint: 'move_closer', progress: 0.2 },
  'capturing: as it should be': { state: 'capturing', hint: 'ok', progress: 0.7 },
  'capturing: interrupted': { state: 'capturing', hint: 'ok', paused: true },
  live: { state: 'live' },
  spoof: { state: 'spoof', attempts: 1 },
  undecided: { state: 'undecided', reason: 'too_dark', attempts: 2 },
  'no attempt left': { state: 'undecided', reason: 'too_dark', attempts: 3 },
  'error: the camera': { state: 'error', error: denied },
  'error: anything else': { state: 'error', error: failed },
};

const pictures = Object.entries(STATES).map(([name, seen]) => {
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  const host = document.createElement('div');
  const parts = build();
  caption.textContent = name;
  figure.inert = true;
  host.attachShadow({ mode: 'open' }).append(parts.card);
  /** @type {ShadowRoot} */ (host.shadowRoot).adoptedStyleSheets = [sheetOf(document)];
  figure.append(caption, host);
  return { figure, parts, seen };
});
document.querySelector('.states')?.append(...pictures.map(({ figure }) => figure));

/** @param {string} wanted */
async function speak(wanted) {
  document.documentElement.lang = wanted;
  document.documentElement.dir = wanted === 'ar' ? 'rtl' : 'ltr';
  const element = /** @type {HTMLElement} */ (document.querySelector('liveness-check'));
  element.lang = wanted;
  const { lang, texts } = await loadTexts(wanted);
  /** @param {string[]} keys */
  const text = (...keys) => texts[keys.find((key) => key in texts) ?? ''] ?? '';
  for (const { parts, seen } of pictures) {
    show(parts, /** @type {any} */ ({ ...REST, ...seen, lang, speaks: lang }), text);
  }
}

const select = /** @type {HTMLSelectElement} */ (document.querySelector('#language'));
const names = new Intl.DisplayNames('en', { type: 'language' });
select.append(...LANGUAGES.map((lang) => new Option(names.of(lang), lang)));
select.addEventListener('change', () => speak(select.value));
await speak('en');
