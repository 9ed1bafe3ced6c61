// SPDX-License-Identifier: MIT
// @ts-check
// Adds the results of a clip's frames up to the result of the clip.

import { summarizeQuality } from '../engine/quality.js';

/**
 * @typedef {import('../engine/engine.js').DepthMap} DepthMap
 * @typedef {import('../engine/engine.js').FrameResult} FrameResult
 * @typedef {import('./liveness.js').ClipResult} ClipResult
 */

export const DEPTH_CHOICES = /** @type {const} */ (['none', 'mean', 'every']);
export const SESSION_DEFAULTS = {
  crop: 'face',
  liveThreshold: undefined,
  spoofThreshold: undefined,
  clips: undefined,
};

/** Of loadLiveness(): a file of the package. */
export const DETECTOR = 'blazeface-short';

/** Medians are of so many newest frames: a recording of any length needs the same memory. */
const NEWEST = 1000;

/** @template T @param {T[]} list @param {T} item */
function keep(list, item) {
  if (list.push(item) > NEWEST) list.shift();
}

export class ClipSummary {
  #info;
  #options;
  /** @type {FrameResult | undefined} */ #last;
  /** By stage. @type {Map<string, {newest: number[], total: number}>} */ #times = new Map();
  /** @type {import('../engine/engine.js').Quality[]} */ #qualities = [];
  #read = 0;
  #total = 0;

  /**
   * @param {import('./liveness.js').EngineInfo} info
   * @param {{[Name in keyof typeof SESSION_DEFAULTS]?: unknown} & {photo?: boolean}} options  that
   *   the session was opened with
   */
  constructor(info, options) {
    this.#info = info;
    this.#options = options;
  }

  get read() {
    return this.#read;
  }

  /** 0 .. 1 of the clips that a verdict rests on. */
  get progress() {
    return this.#last ? Math.min(1, this.#last.clips / this.#last.clipsNeeded) : 0;
  }

  /** @param {FrameResult} result @param {number} ms  that the push took */
  add(result, ms) {
    this.#last = result;
    this.#read++;
    this.#total += ms;
    const { detect, views, scorers } = result.ms;
    for (const [stage, time] of Object.entries({ ...scorers, detect, views })) {
      if (time > 0) this.#ran(stage, time);
    }
    if (result.quality) keep(this.#qualities, result.quality);
  }

  /** @param {string} stage @param {number} ms */
  #ran(stage, ms) {
    const times = this.#times.get(stage) ?? { newest: [], total: 0 };
    this.#times.set(stage, times);
    keep(times.newest, ms);
    times.total += ms;
  }

  /**
   * The mean map, then with 'every' those of the pairs.
   *
   * @param {import('./session.js').Stream} stream
   * @param {typeof DEPTH_CHOICES[number]} choice
   */
  async depths(stream, choice) {
    if (choice === 'none') return [];
    let map = await stream.depth('mean');
    const maps = [map];
    for (let pair = 0; map && choice === 'every'; pair++) {
      map = await stream.depth(pair);
      if (map) maps.push(map);
    }
    return maps;
  }

  /** @param {(DepthMap | null)[]} depths @param {number} dropped
   * @returns {Omit<ClipResult, 'best'>} */
  result(depths, dropped) {
    const { photo, scorers } = this.#info.model;
    const basis = this.#options.photo ? 'photo' : 'clip';
    const thresholds = (this.#options.photo && photo) || this.#info.model.thresholds;
    const live = /** @type {number} */ (this.#options.liveThreshold ?? thresholds.live);
    const spoof = /** @type {number} */ (
      this.#options.spoofThreshold ?? Math.min(thresholds.spoof, live)
    );
    const last = this.#last;
    const names = scorers.map(({ name }) => name);
    const nothing = Object.fromEntries(names.map((name) => [name, null]));
    const [depth = null, ...pairs] = depths;
    return {
      verdict: last?.verdict ?? 'undecided',
      reason: last ? last.reason : 'clip_short',
      score: last?.score ?? null,
      scores: { ...(last?.scores ?? nothing) },
      votes: { ...(last?.votes ?? nothing) },
      thresholds: { live, spoof },
      basis,
      frames: {
        read: this.#read,
        used: last?.frames ?? 0,
        run: last?.runFrames ?? 0,
        clips: last?.clips ?? 0,
        dropped,
      },
      depth,
      pairs: /** @type {DepthMap[]} */ (pairs),
      quality: summarizeQuality(this.#qualities),
      ms: {
        detect: this.#time('detect'),
        views: this.#time('views'),
        scorers: Object.fromEntries(names.map((name) => [name, this.#time(name)])),
        total: this.#total,
      },
      engine: this.#info,
      record: null,
    };
  }

  /** The median of a stage over the newest frames in which it ran, and the sum over all.
   * @param {string} stage */
  #time(stage) {
    const { newest = [], total = 0 } = this.#times.get(stage) ?? {};
    const ran = [...newest].sort((a, b) => a - b);
    return { median: ran[ran.length >> 1] ?? 0, total };
  }
}
