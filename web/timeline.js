// SPDX-License-Identifier: MIT
// Scores over time, over the bands that the thresholds make.

import uPlot from '/vendor/uplot/uPlot.esm.js';
import { colour, fixed } from './dom.js';

const KEEP = 600; // points: a minute of a camera
const WINDOW = 30; // seconds

export class Timeline {
  #host;
  #readout;
  #plot;
  #idleText;
  /** [seconds, clip scores, scores of all clips so far]
   * @type {[number[], (number | null)[], (number | null)[]]} */
  #data = [[], [], []];
  #thresholds = { live: 1, spoof: 0 };
  #scheduled = false;

  /** @param {HTMLElement} host @param {HTMLElement} readout */
  constructor(host, readout) {
    this.#host = host;
    this.#readout = readout;
    this.#idleText = readout.textContent;
    this.#plot = new uPlot(this.#options(), this.#data, host);
    new ResizeObserver(
      ([
        {
          contentRect: { width, height },
        },
      ]) => {
        if (width > 0) this.#plot.setSize({ width: Math.floor(width), height: Math.floor(height) });
      },
    ).observe(host);
    const theme = matchMedia('(prefers-color-scheme: dark)');
    theme.addEventListener('change', () => this.#plot.redraw());
  }

  /** @param {{live: number, spoof: number}} thresholds */
  thresholds(thresholds) {
    this.#thresholds = thresholds;
    this.#plot.redraw();
  }

  clear() {
    this.#data = [[], [], []];
    this.#draw();
  }

  /** @param {{time: number, clip: number, mean: number}} score */
  add({ time, clip, mean }) {
    this.#put(time, clip, mean);
  }

  /** What comes next is another check: the lines end here. */
  gap() {
    const last = this.#data[0].at(-1);
    if (last !== undefined) this.#put(last + 1e-6, null, null);
  }

  #put(...values) {
    this.#data.forEach((list, i) => {
      list.push(values[i]);
      if (list.length > KEEP) list.shift();
    });
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw() {
    this.#plot.setData(this.#data);
    const clips = this.#data[1].filter((each) => each !== null);
    const mean = this.#data[2].findLast((each) => each !== null);
    this.#host.setAttribute(
      'aria-label',
      clips.length === 0
        ? 'No scores yet'
        : `Scores of ${clips.length} clips; the newest is ${fixed(clips.at(-1), 2)}, ` +
            `all together ${fixed(mean, 2)}`,
    );
  }

  /** @param {number | null | undefined} index */
  #read(index) {
    const [time, clip, mean] = this.#data.map((list) => list[index ?? -1] ?? null);
    this.#readout.textContent =
      clip === null
        ? this.#idleText
        : `${fixed(time, 2)} s: clip ${fixed(clip)}, all so far ${fixed(mean)}`;
  }

  /** The bands, before the grid. @param {uPlot} plot */
  #bands({ ctx, bbox: { left, width }, valToPos }) {
    const y = (value) => valToPos(value, 'y', true);
    const { live, spoof } = this.#thresholds;
    const bands = [
      ['live', live, 1],
      ['undecided', spoof, live],
      ['spoof', 0, spoof],
    ];
    ctx.save();
    for (const [name, from, to] of bands) {
      ctx.fillStyle = colour(`${name}-band`);
      ctx.fillRect(left, y(to), width, y(from) - y(to));
    }
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = devicePixelRatio;
    for (const [name, value] of [
      ['live', live],
      ['spoof', spoof],
    ]) {
      ctx.strokeStyle = colour(name);
      ctx.beginPath();
      ctx.moveTo(left, y(value));
      ctx.lineTo(left + width, y(value));
      ctx.stroke();
    }
    ctx.restore();
  }

  /** @returns {uPlot.Options} */
  #options() {
    const axis = {
      stroke: () => colour('quiet'),
      grid: { stroke: () => colour('grid'), width: 1 },
      ticks: { show: false },
      font: `12px ${getComputedStyle(document.body).fontFamily}`,
    };
    return {
      width: this.#host.clientWidth,
      height: this.#host.clientHeight,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
      scales: {
        x: {
          time: false,
          range: (_, _min, max) => [Math.max(0, (max ?? 0) - WINDOW), Math.max(max ?? 0, 2)],
        },
        y: { range: [0, 1] },
      },
      axes: [
        { ...axis, size: 32, values: (_, marks) => marks.map((mark) => `${+mark.toFixed(2)} s`) },
        {
          ...axis,
          size: 36,
          splits: () => [0, 0.25, 0.5, 0.75, 1],
          values: (_, marks) => marks.map(String),
        },
      ],
      series: [
        {},
        {
          stroke: () => colour('clip-line'),
          width: 1.5,
          dash: [3, 3],
          points: { show: true, size: 6, fill: () => colour('clip-line') },
        },
        { stroke: () => colour('mean-line'), width: 2.5, points: { show: false } },
      ],
      hooks: {
        drawClear: [(plot) => this.#bands(plot)],
        setCursor: [({ cursor: { idx } }) => this.#read(idx)],
      },
    };
  }
}
