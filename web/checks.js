// SPDX-License-Identifier: MIT
// Every check of a frame with its value, its limits and a lamp that does without colour.

import { $, icon, make, setText } from './dom.js';

/** How a value is written, and the unit behind it.
 * @typedef {{text(value: number): string, unit: string}} How */

/** @param {number} digits @returns {How} */
const number = (digits, unit = '') => ({
  text: (value) =>
    value
      .toFixed(digits)
      .replace(/^-0(\.0*)?$/, '0$1')
      .replace('-', '−'),
  unit,
});
/** @type {How} */
const percent = { text: (value) => String(Math.round(value * 100)), unit: ' %' };

/** name, label, how it is written, what it is
 * @type {[string, string, How, string][]} */
const CHECKS = [
  ['faceCount', 'Faces', number(0), 'How many faces count'],
  ['faceSize', 'Face size', percent, 'The face’s longer side, of the picture’s shorter one'],
  ['centering', 'Off centre', percent, 'Distance from the middle, of half the shorter side'],
  ['yaw', 'Turn', number(0, '°'), 'Left and right; positive is to the picture’s right'],
  ['pitch', 'Tilt', number(0, '°'), 'Up and down; positive is up'],
  ['roll', 'Roll', number(0, '°'), 'Of the eyes; positive is clockwise in the picture'],
  ['sharpness', 'Sharpness', number(2), 'Share of fine detail in the face'],
  ['brightness', 'Brightness', number(2), 'Mean luma of the face, 0 to 1'],
  ['contrast', 'Contrast', number(3), 'Standard deviation of that luma'],
  ['noise', 'Noise', number(3), 'Standard deviation of what differs from pixel to pixel'],
  ['motion', 'Motion', number(2, '/s'), 'Face widths a second'],
  ['frameRate', 'Frame rate', number(0, ' fps'), 'Frames that came, by their times'],
  ['frozenFrames', 'Frozen', number(0), 'Equal pictures in a row'],
];

const STATES = {
  pass: { icon: 'check', text: 'pass' },
  low: { icon: 'cross', text: 'too low' },
  high: { icon: 'cross', text: 'too high' },
  none: { icon: 'dash', text: 'no value' },
};

/** @param {{min?: number, max?: number}} check @param {How} how */
function limits({ min, max }, { text, unit }) {
  if (min !== undefined && min === max) return text(min) + unit;
  if (min !== undefined && max !== undefined) return `${text(min)} … ${text(max)}${unit}`;
  if (min !== undefined) return `≥ ${text(min)}${unit}`;
  return max === undefined ? '–' : `≤ ${text(max)}${unit}`;
}

const stateOf = (check) => {
  if (!check) return 'none';
  if (check.pass) return 'pass';
  return check.min !== undefined && check.value < check.min ? 'low' : 'high';
};

export class ChecksPanel {
  #note = $('checks-note');
  #rows = new Map(
    CHECKS.map(([name, label, , about]) => {
      const lamp = make(
        'span',
        { class: 'lamp' },
        icon('dash'),
        make('span', {}, STATES.none.text),
      );
      const row = make(
        'tr',
        { 'data-check': name },
        make('th', { scope: 'row', title: about }, label),
        make('td', { class: 'value' }, '–'),
        make('td', { class: 'limits' }, '–'),
        make('td', {}, lamp),
      );
      return [name, row];
    }),
  );

  constructor() {
    $('checks').append(...this.#rows.values());
    this.show(null);
  }

  /** @param {import('../js/engine/engine.js').Quality | null} quality
   * @param {string} [note]  of what */
  show(quality, note = '') {
    for (const [name, , how] of CHECKS) {
      const check = quality?.checks[name];
      const row = this.#rows.get(name);
      const state = stateOf(check);
      setText(row.children[1], check ? how.text(check.value) + how.unit : '–');
      setText(row.children[2], check ? limits(check, how) : '–');
      if (row.dataset.state === state) continue;
      row.dataset.state = state;
      row.querySelector('use').setAttribute('href', `#i-${STATES[state].icon}`);
      setText(row.querySelector('.lamp span'), STATES[state].text);
    }
    setText(this.#note, note);
  }
}
