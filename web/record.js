// SPDX-License-Identifier: MIT
// What a run has shown so far: times, scores, checks, the last result. The panels and the report
// read it.

const WINDOW = 300; // results
const RATE_MS = 2000;
export const STAGES = ['detect', 'crop', 'trunk', 'pair', 'recurrent', 'push'];

/** @param {number[]} sorted @param {number} share */
const percentile = (sorted, share) => (
  sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]);

/** Not every stage is worth a time in every frame. */
const ran = (stage, state) => (
  stage === 'recurrent' ? state === 'scored' : stage !== 'push' || state !== 'skipped');

export class Record {
  /** Milliseconds of each stage in which it ran. @type {{[stage: string]: number[]}} */
  #times = Object.fromEntries(STAGES.map((stage) => [stage, []]));
  #looks = [];
  /** @type {{time: number, clip: number, mean: number}[]} */ scores = [];
  /** Of the newest frame that was looked at. */
  /** @type {import('../js/liveness.js').Quality | null} */ quality = null;
  /** @type {import('../js/liveness.js').DepthMap | null} */ depth = null;
  /** @type {any} */ frame = null;
  /** @type {import('../js/liveness.js').ClipResult | null} */ result = null;
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
    for (const stage of STAGES) {
      const value = stage === 'push' ? ms : result.ms[stage];
      if (!(value > 0) || !ran(stage, result.state)) continue;
      this.#times[stage].push(value);
      if (this.#times[stage].length > WINDOW) this.#times[stage].shift();
    }
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

  /** p50 and p95 of each stage, or null where it did not run. */
  get times() {
    return Object.fromEntries(STAGES.map((stage) => {
      const sorted = [...this.#times[stage]].sort((a, b) => a - b);
      return [stage, sorted.length === 0 ? null
        : { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), count: sorted.length }];
    }));
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
