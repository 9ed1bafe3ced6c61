// SPDX-License-Identifier: MIT
// What a run has shown so far: times, scores, checks, the last result. The panels and the report
// read it.

const WINDOW = 300; // results
const RATE_MS = 2000;

/** @param {number[]} sorted @param {number} share */
const percentile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];

/** p50 and p95, or null: it did not run. @param {number[]} times */
function spread(times) {
  if (times.length === 0) return null;
  const sorted = [...times].sort((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), count: sorted.length };
}

export class Record {
  /** Milliseconds of each stage, and by scorer, in the frames in which it ran.
   * @type {{[stage: string]: number[]}} */
  #stages = { detect: [], views: [], push: [] };
  /** @type {{[scorer: string]: number[]}} */ #scorers = {};
  #looks = [];
  /** @type {{time: number, clip: number, mean: number}[]} */ scores = [];
  /** Of the newest frame that was looked at. */
  /** @type {import('../js/check/liveness.js').Quality | null} */ quality = null;
  /** @type {import('../js/check/liveness.js').DepthMap | null} */ depth = null;
  /** @type {any} */ frame = null;
  /** @type {import('../js/check/liveness.js').ClipResult | null} */ result = null;
  frames = 0;

  /** @param {'camera' | 'sample' | 'file' | 'none'} source */
  constructor(source = 'none') {
    this.source = source;
  }

  /**
   * @param {any} result  a FrameResult
   * @param {number} time  in seconds
   * @param {number} [ms]  of the push
   */
  add(result, time, ms) {
    this.frame = result;
    this.frames++;
    const { detect, views, scorers } = result.ms;
    const push = result.state === 'skipped' ? 0 : ms;
    for (const [stage, value] of Object.entries({ detect, views, push })) {
      this.#time(this.#stages, stage, value);
    }
    for (const [name, value] of Object.entries(scorers)) this.#time(this.#scorers, name, value);
    if (result.state !== 'skipped') {
      this.#looks.push(performance.now());
      this.quality = result.quality ?? null;
    }
    if (result.state !== 'scored') return;
    this.scores.push({ time, clip: result.clipScore, mean: result.score });
    if (result.depth) this.depth = result.depth;
  }

  /** @param {any} result  a ClipResult */
  finish(result) {
    this.result = result;
    if (result.depth) this.depth = result.depth;
  }

  /** @param {{[name: string]: number[]}} table @param {string} name @param {number} [ms] */
  #time(table, name, ms = 0) {
    table[name] ??= [];
    if (ms > 0) table[name].push(ms);
    if (table[name].length > WINDOW) table[name].shift();
  }

  /** Of each stage, and by scorer, see spread(). */
  get times() {
    const all = (table) =>
      Object.fromEntries(Object.entries(table).map(([name, times]) => [name, spread(times)]));
    return { ...all(this.#stages), scorers: all(this.#scorers) };
  }

  /** Frames looked at per second, of late. */
  get rate() {
    const now = performance.now();
    while (this.#looks.length > 0 && now - this.#looks[0] > RATE_MS) this.#looks.shift();
    if (this.#looks.length < 2) return null;
    return ((this.#looks.length - 1) * 1000) / (this.#looks.at(-1) - this.#looks[0]);
  }
}

/** @param {{data: Float32Array}} depth */
export function depthRange({ data }) {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  for (const value of data) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { min, mean: sum / data.length, max };
}
