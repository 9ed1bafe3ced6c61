// SPDX-License-Identifier: MIT
// @ts-check
// The inside of <liveness-check>, built without markup.

// The picture is 320 x 400 units. Oval: where the face belongs; ring: around it, from the top.
const OVAL = 'M160 60a106 138 0 0 1 0 276a106 138 0 0 1 0-276z';
const RING = 'M160 47a119 151 0 0 1 0 302a119 151 0 0 1 0-302';
const PERSON =
  'M160 106c-36 0-57 29-57 69c0 27 9 51 23 66c3 14 0 23-14 29c-37 14-66 28-76 74h248' +
  'c-10-46-39-60-76-74c-14-6-17-15-14-29c14-15 23-39 23-66c0-40-21-69-57-69z';
const CHECK = 'M112 202l34 34l64-72';
const NO_CAMERA =
  'M108 168h66a10 10 0 0 1 10 10v42a10 10 0 0 1-10 10h-66a10 10 0 0 1-10-10v-42' +
  'a10 10 0 0 1 10-10zM184 191l38-18v52l-38-18M100 142l120 114';
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
      { viewBox: '0 0 320 400', 'aria-hidden': 'true' },
      draw('path', { class: 'track', d: RING }),
      bar,
    ),
  );
  const oval = draw(
    'svg',
    { part: 'oval', viewBox: '0 0 320 400', 'aria-hidden': 'true' },
    draw('path', { class: 'person', d: PERSON }),
    draw('path', { class: 'shade', 'fill-rule': 'evenodd', d: `M-1-1h322v402h-322z${OVAL}` }),
    draw('path', { class: 'guide', d: OVAL }),
    draw('path', { class: 'icon check', d: CHECK }),
    draw('path', { class: 'icon no-camera', d: NO_CAMERA }),
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
  const card = make(
    'div',
    { role: 'group' },
    make(
      'div',
      { class: 'inner' },
      make('div', { class: 'frame', part: 'frame' }, video, oval, meter),
      make('div', { class: 'text' }, hint, button, cancel, note),
    ),
  );
  return { card, video, meter, bar, words, percent, detail, hint, button, cancel, note };
}
