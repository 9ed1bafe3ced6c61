// SPDX-License-Identifier: MIT
// The picture and what is drawn over it: face, landmarks, the squares that the scorers see, the
// oval to keep the face in, the hint.

import { $, make, makeSvg, setText } from './dom.js';
import { HINTS } from './words.js';

// Of the picture's height and of the oval's: a face at a good distance.
const OVAL_HEIGHT = 0.72;
const OVAL_MIDDLE = 0.46; // from the top: the hint has the bottom
const OVAL_ASPECT = 0.74;

/** Of the views, in turn; to be seen on skin and on both themes. */
const COLOURS = ['#2cc4b4', '#f5923c', '#b08cff', '#8cc82e'];
const DASH = 12; // pixels of the screen: a dash and its gap, as in demo.css
const LABEL = 16; // likewise, from a view's name to the next

const clamp = (value) => Math.min(Math.max(value, 0), 255);

/** BT.601 to RGBA, for the eye only: the engine gets the frame as it is.
 * @param {import('../js/check/liveness.js').RawFrame} frame */
function toImageData({ data: y, width, height, fullRange }) {
  const image = new ImageData(width, height);
  const { data } = image;
  const half = (width + 1) >> 1;
  const size = half * ((height + 1) >> 1);
  const [base, gain] = fullRange ? [0, 1] : [16, 255 / 219];
  const chroma = fullRange ? 1 : 255 / 224;
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i++) {
      const at = width * height + (row >> 1) * half + (column >> 1);
      const luma = (y[i] - base) * gain;
      const cb = (y[at] - 128) * chroma;
      const cr = (y[at + size] - 128) * chroma;
      data[i * 4] = clamp(luma + 1.402 * cr);
      data[i * 4 + 1] = clamp(luma - 0.344 * cb - 0.714 * cr);
      data[i * 4 + 2] = clamp(luma + 1.772 * cb);
      data[i * 4 + 3] = 255;
    }
  }
  return image;
}

export class Stage {
  video = $('video');
  #screen = $('screen');
  #canvas = $('picture');
  #context = this.#canvas.getContext('2d');
  #overlay = $('overlay');
  #hint = $('hint');
  #oval = makeSvg('ellipse', { class: 'oval' });
  #squares = makeSvg('g');
  /** By view. @type {Map<string, {square: SVGElement, label: SVGElement}>} */ #views = new Map();
  #face = makeSvg('rect', { class: 'face' });
  #points = Array.from({ length: 6 }, () => makeSvg('circle', { class: 'point' }));
  #width = 0;
  #height = 0;
  #mirrored = false;
  #unit = 1; // pixels of the picture in one of the screen

  constructor() {
    this.#overlay.append(this.#oval, this.#squares, this.#face, ...this.#points);
    new ResizeObserver(() => this.#measure()).observe(this.#screen);
    this.video.addEventListener('resize', () => {
      this.#fit(this.video.videoWidth, this.video.videoHeight);
    });
    this.idle();
  }

  /** What the scorers see: a square each, with its name, and its line in the legend.
   * @param {readonly {name: string}[]} views */
  views(views) {
    this.#views = new Map(
      views.map(({ name }, i) => {
        const stroke = COLOURS[i % COLOURS.length];
        const label = makeSvg('text', { class: 'view-name', fill: stroke, hidden: '' });
        label.textContent = name;
        const square = makeSvg('rect', { class: 'view', stroke, 'data-view': name, hidden: '' });
        // Squares that shrank to the frame lie on each other: their dashes take turns.
        square.setAttribute('stroke-dashoffset', String((i * DASH) / 2));
        return [name, { square, label }];
      }),
    );
    const all = [...this.#views.values()];
    this.#squares.replaceChildren(...all.flatMap(({ square, label }) => [square, label]));
    $('marks')
      .querySelectorAll('.mark-view')
      .forEach((mark) => mark.remove());
    $('marks').append(
      ...views.map(({ name }, i) => {
        const mark = make('li', { class: 'mark-view' }, `view ${name}`);
        mark.style.setProperty('--view', COLOURS[i % COLOURS.length]);
        return mark;
      }),
    );
  }

  /** The empty page. */
  idle() {
    this.#show('idle');
    this.clear();
    this.say(null);
  }

  /** The camera's element; mirrored, as people know themselves. */
  camera({ mirrored }) {
    this.#show('camera');
    this.#turn(mirrored);
    this.#fit(this.video.videoWidth, this.video.videoHeight);
  }

  clip() {
    this.#show('clip');
    this.#turn(false);
  }

  /** @param {any} frame  a RawFrame or VideoFrame of a clip; stays the caller's */
  picture(frame) {
    const raw = frame.data !== undefined;
    const turned = !raw && (frame.rotation ?? 0) % 180 !== 0;
    const { width, height } = raw ? frame : frame.visibleRect;
    this.#fit(...(turned ? [height, width] : [width, height]));
    if (this.#canvas.width !== this.#width || this.#canvas.height !== this.#height) {
      this.#canvas.width = this.#width;
      this.#canvas.height = this.#height;
    }
    if (raw) this.#context.putImageData(toImageData(frame), 0, 0);
    else this.#context.drawImage(frame, 0, 0, this.#width, this.#height);
  }

  /** @param {import('../js/check/liveness.js').FrameResult} result */
  draw({ state, face, views, turn }) {
    if (state === 'skipped') return;
    this.#place(this.#face, face?.box);
    const about = [turn, this.#width / 2, this.#height / 2].map((each) => each.toFixed(1));
    this.#squares.setAttribute('transform', `rotate(${about.join(' ')})`);
    this.#drawViews(views);
    const radius = this.#width / 140;
    this.#points.forEach((point, i) => {
      const at = face?.landmarks[i];
      point.toggleAttribute('hidden', !at);
      if (at) this.#set(point, { cx: at.x, cy: at.y, r: radius });
    });
    this.#oval.toggleAttribute('hidden', Object.keys(views).length > 0);
  }

  /** A name goes into its square's left corner, as it is seen, below those that are there already.
   * @param {Record<string, import('../js/check/liveness.js').Box>} views */
  #drawViews(views) {
    const line = LABEL * this.#unit;
    /** @type {{x: number, y: number}[]} */ const taken = [];
    for (const [name, { square, label }] of this.#views) {
      const box = views[name];
      this.#place(square, box);
      label.toggleAttribute('hidden', !box);
      if (!box) continue;
      const x = this.#mirrored ? box.x + box.width - line / 2 : box.x + line / 2;
      const at = { x, y: box.y + line };
      const covered = (other) =>
        Math.abs(other.x - at.x) < 4 * line && Math.abs(other.y - at.y) < 0.99 * line;
      for (let other; (other = taken.find(covered)); ) at.y = other.y + line;
      taken.push(at);
      this.#set(label, at);
    }
  }

  clear() {
    const marks = [this.#face, ...this.#squares.children, ...this.#points];
    for (const each of marks) each.toggleAttribute('hidden', true);
    this.#oval.toggleAttribute('hidden', false);
  }

  /** @param {string | null} hint  a code of words.js; null: nothing */
  say(hint) {
    this.#hint.hidden = hint === null;
    if (hint === null) return;
    this.#hint.dataset.good = String(hint === 'ok');
    setText(this.#hint, HINTS[hint]);
  }

  /** @param {boolean} mirrored */
  #turn(mirrored) {
    this.#mirrored = mirrored;
    for (const id of ['mirror', 'depth', 'inset']) $(id).classList.toggle('mirrored', mirrored);
  }

  #show(what) {
    this.#screen.dataset.shows = what;
    $('welcome').hidden = what !== 'idle';
    this.video.hidden = what !== 'camera';
    this.#canvas.hidden = what !== 'clip';
    this.#overlay.toggleAttribute('hidden', what === 'idle');
    if (what === 'idle') this.#screen.style.removeProperty('--aspect');
  }

  #fit(width, height) {
    if (!width || !height || (width === this.#width && height === this.#height)) return;
    this.#width = width;
    this.#height = height;
    this.#screen.style.setProperty('--aspect', `${width} / ${height}`);
    this.#overlay.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#measure();
    const ry = (Math.min(height, width / OVAL_ASPECT) * OVAL_HEIGHT) / 2;
    this.#set(this.#oval, { cx: width / 2, cy: height * OVAL_MIDDLE, rx: ry * OVAL_ASPECT, ry });
  }

  #measure() {
    const { clientWidth, clientHeight } = this.#screen;
    if (!clientWidth || !this.#width) return;
    this.#unit = Math.max(this.#width / clientWidth, this.#height / clientHeight);
    this.#overlay.style.setProperty('--unit', this.#unit.toFixed(4));
  }

  #place(rect, box) {
    rect.toggleAttribute('hidden', !box);
    if (box) this.#set(rect, { ...box, rx: this.#width / 60 });
  }

  #set(element, values) {
    for (const [name, value] of Object.entries(values)) {
      element.setAttribute(name, value.toFixed(1));
    }
  }
}
