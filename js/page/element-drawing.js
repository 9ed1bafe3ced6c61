// SPDX-License-Identifier: MIT
// @ts-check
// The inside of <liveness-check>, built without markup.

import { HEIGHT, ovalPath, WIDTH } from './element-oval.js';

const RING = ovalPath(13);
const BOX = `0 0 ${WIDTH} ${HEIGHT}`;
const PERSON =
  'M160 106c-36 0-57 29-57 69c0 27 9 51 23 66c3 14 0 23-14 29c-37 14-66 28-76 74h248' +
  'c-10-46-39-60-76-74c-14-6-17-15-14-29c14-15 23-39 23-66c0-40-21-69-57-69z';
const CHECK = 'M112 202l34 34l64-72';
const NO_CAMERA =
  'M108 168h66a10 10 0 0 1 10 10v42a10 10 0 0 1-10 10h-66a10 10 0 0 1-10-10v-42' +
  'a10 10 0 0 1 10-10zM184 191l38-18v52l-38-18M100 142l120 114';
const CROSS = 'M128 166l64 64M192 166l-64 64';
const ATTENTION = 'M160 148v62M160 240v1';

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
const make = (name, attributes, ...children) =>
  fill(document.createElement(name), attributes, children);

/** @param {string} name @param {Record<string, string>} attributes @param {Element[]} children */
const draw = (name, attributes, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

/** The element's inside. */
export function build() {
  const video = make('video', {
    part: 'video',
    playsinline: '',
    'aria-hidden': 'true',
    tabindex: '-1',
  });
  video.muted = true;
  const bar = draw('path', { class: 'bar', d: RING, pathLength: '100' });
  const meter = make(
    'div',
    {
      part: 'progress',
      role: 'progressbar',
      'aria-valuemin': '0',
      'aria-valuemax': '100',
    },
    draw(
      'svg',
      { viewBox: BOX, 'aria-hidden': 'true' },
      draw('path', { class: 'track', d: RING }),
      bar,
    ),
  );
  const oval = draw(
    'svg',
    { part: 'oval', viewBox: BOX, 'aria-hidden': 'true' },
    draw('path', { class: 'person', d: PERSON }),
    draw('path', { class: 'shade', 'fill-rule': 'evenodd', d: `M-1-1h322v402h-322z${ovalPath()}` }),
    draw('path', { class: 'guide', d: ovalPath() }),
    draw('path', { class: 'icon check', d: CHECK }),
    draw('path', { class: 'icon no-camera', d: NO_CAMERA }),
    draw('path', { class: 'icon cross', d: CROSS }),
    draw('path', { class: 'icon attention', d: ATTENTION }),
  );
  const words = make('span', {});
  // Seen only: a number that is read out at every change would drown the rest.
  const percent = make('span', { class: 'percent', 'aria-hidden': 'true' });
  const title = make('p', { class: 'title', part: 'title' }, words, percent);
  const detail = make('p', { class: 'detail', part: 'detail' });
  const hint = make(
    'div',
    {
      class: 'hint',
      id: 'hint',
      part: 'hint',
      role: 'status',
      'aria-live': 'polite',
      'aria-atomic': 'true',
      tabindex: '-1',
    },
    title,
    detail,
  );
  const button = make('button', {
    part: 'button',
    type: 'button',
    'aria-describedby': 'hint note',
  });
  const cancel = make('button', { class: 'cancel', part: 'cancel', type: 'button' });
  const note = make('p', { class: 'note', id: 'note', part: 'note' });
  const cameras = make('select', { part: 'camera' });
  const card = make(
    'div',
    { role: 'group', part: 'card' },
    make(
      'div',
      { class: 'inner' },
      make('div', { class: 'frame', part: 'frame' }, video, oval, meter, cameras),
      make('div', { class: 'text' }, hint, make('div', { class: 'actions' }, button, cancel), note),
    ),
  );
  return { card, video, meter, bar, cameras, words, percent, detail, hint, button, cancel, note };
}
