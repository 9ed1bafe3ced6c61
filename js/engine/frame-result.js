// SPDX-License-Identifier: MIT
// @ts-check
// Reads a frame's result out of C's memory; livedepthw_layout() says where each field stands.

import { LivenessError } from './errors.js';
import { frameQuality } from './quality.js';

/**
 * @typedef {import('./engine.js').FrameResult} FrameResult
 * @typedef {import('./heap.js').Heap} Heap
 * @typedef {{
 *   size: number, fields: Record<string, ['i32' | 'f32', number, number]>,
 *   state: Record<string, number>, verdict: Record<string, number>, format: Record<string, number>,
 *   crop: Record<string, number>, pair: Record<string, number>, checks: string[],
 *   maxSide: number, maxViews: number,
 * }} Layout
 */

/**
 * @param {Heap} heap
 * @param {number} address  of the result
 * @param {Layout} layout
 * @param {import('./engine.js').ModelDescription} about
 * @param {() => FrameResult['depth']} depth  the clip's map, asked for if one was scored
 * @returns {Omit<FrameResult, 'timestamp'>}
 */
export function readResult(heap, address, layout, about, depth) {
  const { size, fields, state, verdict } = layout;
  const { views, scorers, checks } = about;
  const view = heap.view(address, size);
  /** @param {string} field @param {number} [index] */
  const read = (field, index = 0) => {
    const [kind, offset] = fields[field];
    const at = offset + 4 * index;
    return kind === 'i32' ? view.getInt32(at, true) : view.getFloat32(at, true);
  };
  /** NaN: there is none. @param {string} field @param {number} [index] */
  const score = (field, index) => {
    const value = read(field, index);
    return Number.isFinite(value) ? value : null;
  };
  /** @param {string} field @param {number} [which] */
  const box = (field, which = 0) => {
    const [x, y, width, height] = [0, 1, 2, 3].map((i) => read(field, 4 * which + i));
    return { x, y, width, height };
  };
  /** @template T @param {(i: number) => T} value @returns {Record<string, T>} */
  const byScorer = (value) => Object.fromEntries(scorers.map(({ name }, i) => [name, value(i)]));
  /** @param {number} number @returns {FrameResult['reason']} */
  const reason = (number) =>
    number === 0
      ? null
      : /** @type {any} */ (heap.text(heap.call('livedepth_reason_text', number)));
  const frameReason = reason(read('frame_reason'));
  const faces = read('faces');
  const stateName = /** @type {FrameResult['state']} */ (nameOf(state, read('state')));
  const values = Object.keys(checks).map((_, i) => read('checks', i));
  return {
    state: stateName,
    verdict: /** @type {FrameResult['verdict']} */ (nameOf(verdict, read('verdict'))),
    reason: reason(read('reason')),
    frameReason,
    score: score('score'),
    clipScore: score('clip_score'),
    scores: byScorer((i) => score('scores', i)),
    votes: byScorer((i) => score('votes', i)),
    clips: read('clips'),
    clipsNeeded: read('clips_needed'),
    frames: read('frames'),
    runFrames: read('run_frames'),
    clipFrames: read('clip_frames'),
    size: { width: read('width'), height: read('height') },
    faces,
    face:
      faces === 0
        ? null
        : {
            box: box('box'),
            confidence: read('confidence'),
            landmarks: Array.from({ length: fields.landmarks[2] / 2 }, (_, i) => ({
              x: read('landmarks', 2 * i),
              y: read('landmarks', 2 * i + 1),
            })),
          },
    views: Object.fromEntries(
      views
        .map(({ name }, i) => /** @type {const} */ ([name, box('views', i)]))
        .filter(([, { width }]) => width > 0),
    ),
    turn: read('turn'),
    quality: stateName === 'skipped' ? null : frameQuality(checks, values, frameReason),
    depth: stateName === 'scored' ? depth() : null,
    ms: {
      detect: read('detect_ms'),
      views: read('view_ms'),
      scorers: byScorer((i) => read('scorer_ms', i)),
    },
  };
}

/** @param {Record<string, number>} table @param {number} number */
function nameOf(table, number) {
  const name = Object.keys(table).find((key) => table[key] === number);
  if (name === undefined) {
    throw new LivenessError('INTERNAL', `${number} is none of ${Object.keys(table)}`);
  }
  return name;
}
