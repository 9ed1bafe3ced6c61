// SPDX-License-Identifier: MIT
// @ts-check
// What the frames of a clip add up to.

import { summarizeQuality } from './quality.js';

/**
 * @typedef {import('./engine.js').DepthMap} DepthMap
 * @typedef {import('./engine.js').FrameResult} FrameResult
 * @typedef {import('./liveness.js').ClipResult} ClipResult
 */

const STAGES = /** @type {const} */ (['detect', 'crop', 'trunk', 'pair', 'recurrent']);

export const DEPTH_CHOICES = /** @type {const} */ (['none', 'mean', 'every']);
export const SESSION_DEFAULTS = {
  crop: /** @type {unknown} */ ('face'),
  liveThreshold: /** @type {unknown} */ (undefined),
  spoofThreshold: /** @type {unknown} */ (undefined),
};

export class ClipSummary {
  #info;
  #options;
  /** @type {FrameResult | undefined} */ #last;
  /** @type {FrameResult['ms'][]} */ #times = [];
  /** @type {(import('./engine.js').Quality | null)[]} */ #qualities = [];
  #read = 0;
  #total = 0;

  /**
   * @param {import('./liveness.js').EngineInfo} info
   * @param {typeof SESSION_DEFAULTS} options  that the session was opened with
   */
  constructor(info, options) {
    this.#info = info;
    this.#options = options;
  }

  get read() {
    return this.#read;
  }

  get clips() {
    return this.#last?.clips ?? 0;
  }

  /** @param {FrameResult} result @param {number} ms  that the push took */
  add(result, ms) {
    this.#last = result;
    this.#read++;
    this.#total += ms;
    this.#times.push(result.ms);
    this.#qualities.push(result.quality);
  }

  /**
   * The mean map, then with 'every' those of the pairs.
   *
   * @param {import('./session.js').Stream} stream
   * @param {typeof DEPTH_CHOICES[number]} choice
   */
  async depths(stream, choice) {
    if (choice === 'none' || this.clips === 0) return [];
    const maps = [await stream.depth('mean')];
    const pairs = choice === 'every' ? this.#info.model.frames - 1 : 0;
    for (let pair = 0; pair < pairs; pair++) maps.push(await stream.depth(pair));
    return maps;
  }

  /** @param {(DepthMap | null)[]} depths @param {number} dropped @returns {ClipResult} */
  result(depths, dropped) {
    const { thresholds } = this.#info.model;
    const live = /** @type {number} */ (this.#options.liveThreshold ?? thresholds.live);
    const spoof = /** @type {number} */ (this.#options.spoofThreshold ??
      Math.min(thresholds.spoof, live));
    const last = this.#last;
    const [depth = null, ...pairs] = depths;
    return {
      verdict: last?.verdict ?? 'undecided',
      reason: last ? last.reason : 'clip_short',
      score: last?.score ?? null,
      thresholds: { live, spoof },
      frames: { read: this.#read, used: last?.frames ?? 0, clips: this.clips, dropped },
      depth,
      pairs: /** @type {DepthMap[]} */ (pairs),
      quality: summarizeQuality(this.#qualities),
      ms: { ...summarizeTimes(this.#times), total: this.#total },
      engine: this.#info,
    };
  }
}

/** Per stage the median over the frames in which it ran, and the sum.
 * @param {FrameResult['ms'][]} times */
function summarizeTimes(times) {
  const entries = STAGES.map((stage) => {
    const ran = times.map((ms) => ms[stage]).filter((ms) => ms > 0).sort((a, b) => a - b);
    const total = ran.reduce((sum, ms) => sum + ms, 0);
    return [stage, { median: ran.length ? ran[ran.length >> 1] : 0, total }];
  });
  return /** @type {Omit<ClipResult['ms'], 'total'>} */ (Object.fromEntries(entries));
}
