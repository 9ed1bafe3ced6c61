// SPDX-License-Identifier: MIT
// @ts-check
// From the checks of a frame to what a person is told: each with its limits, one hint at a time.
//
// The limits are the model's, as livedepthw_model_describe() has them. The hint is, first, why the
// frame could not be used, and then the first in the order of HINTS whose check fails: who stands
// in the light and near enough can be told to hold still.

/**
 * @typedef {import('./engine.js').Check} Check
 * @typedef {import('./engine.js').CheckName} CheckName
 * @typedef {import('./engine.js').Hint} Hint
 * @typedef {import('./engine.js').ModelDescription} ModelDescription
 * @typedef {import('./engine.js').Quality} Quality
 * @typedef {import('./engine.js').Reason} Reason
 */

import { badArgument, show } from './errors.js';

// Hints of checks that are too low or too high. A frozen picture and a slow camera come last, for a
// person can do the least about them.
/** @type {[Hint, CheckName, 'low' | 'high'][]} */
const HINTS = [
  ['no_face', 'faceCount', 'low'],
  ['multiple_faces', 'faceCount', 'high'],
  ['too_dark', 'brightness', 'low'],
  ['too_bright', 'brightness', 'high'],
  ['low_contrast', 'contrast', 'low'],
  ['move_closer', 'faceSize', 'low'],
  ['move_back', 'faceSize', 'high'],
  ['center_face', 'centering', 'high'],
  ['hold_upright', 'roll', 'low'],
  ['hold_upright', 'roll', 'high'],
  ['look_straight', 'yaw', 'low'],
  ['look_straight', 'yaw', 'high'],
  ['look_straight', 'pitch', 'low'],
  ['look_straight', 'pitch', 'high'],
  ['hold_still', 'motion', 'high'],
  ['noisy', 'noise', 'high'],
  ['blurry', 'sharpness', 'low'],
  ['low_frame_rate', 'frameRate', 'low'],
  ['frozen_frames', 'frozenFrames', 'high'],
];

/** face_size -> faceSize @param {string} name @returns {CheckName} */
const camelCase = (name) =>
  /** @type {CheckName} */ (name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()));

/**
 * Limits by name, in the order in which C measures.
 *
 * @param {string[]} names  of the layout
 * @param {Record<string, [min: number | null, max: number | null]>} checks  of the description
 */
export function readLimits(names, checks) {
  return /** @type {ModelDescription['checks']} */ (
    Object.fromEntries(
      names.map((name) => {
        const [min, max] = checks[name];
        return [camelCase(name), { ...(min !== null && { min }), ...(max !== null && { max }) }];
      }),
    )
  );
}

/** @param {Check} check @param {'low' | 'high'} side */
function fails({ value, min = -Infinity, max = Infinity }, side) {
  return side === 'low' ? value < min : value > max;
}

/** @param {number} value @param {{min?: number, max?: number}} limits @returns {Check} */
function makeCheck(value, limits) {
  const check = { value, ...limits, pass: true };
  return { ...check, pass: !fails(check, 'low') && !fails(check, 'high') };
}

/** @param {Hint[]} hints @param {Quality['checks']} checks @returns {Quality} */
function makeQuality(hints, checks) {
  return { pass: hints.length === 0, hint: hints[0] ?? 'ok', hints, checks };
}

/**
 * The quality of a frame that was looked at.
 *
 * @param {ModelDescription['checks']} limits  in C's order
 * @param {number[]} values  NaN: not measured
 * @param {Reason | null} frameReason
 * @returns {Quality}
 */
export function frameQuality(limits, values, frameReason) {
  /** @type {Quality['checks']} */
  const checks = {};
  /** @type {CheckName[]} */ (Object.keys(limits)).forEach((name, i) => {
    if (!Number.isNaN(values[i])) checks[name] = makeCheck(values[i], limits[name]);
  });
  const hints = HINTS.filter(
    ([, name, side]) => checks[name] && fails(/** @type {Check} */ (checks[name]), side),
  ).map(([hint]) => hint);
  // A face that fills its part of the frame and is too small all the same has too few pixels.
  const first =
    frameReason === 'face_small'
      ? checks.faceSize?.pass
        ? 'low_resolution'
        : 'move_closer'
      : frameReason === 'roll'
        ? 'hold_upright'
        : HINTS.find(([hint]) => hint === frameReason)?.[0];
  return makeQuality([...new Set(first ? [first, ...hints] : hints)], checks);
}

/** Has it what a summary is made of? @param {any} each */
const isQuality = (each) =>
  each === null || (Array.isArray(each?.hints) && Object(each.checks) === each.checks);

/** @type {import('./engine.js').SummarizeQuality} */
export function summarizeQuality(list) {
  if (!Array.isArray(list)) throw badArgument(`summarizeQuality: the list is ${show(list)}`);
  const odd = list.findIndex((each) => !isQuality(each));
  if (odd >= 0) {
    const text = `summarizeQuality: entry ${odd} is ${show(list[odd])}, no quality and not null`;
    throw badArgument(text);
  }
  const looked = /** @type {Quality[]} */ (list.filter((each) => each !== null));
  /** @type {Quality['checks']} */
  const checks = {};
  for (const name of /** @type {CheckName[]} */ ([
    ...new Set(looked.flatMap((each) => Object.keys(each.checks))),
  ])) {
    const all = looked
      .flatMap(({ checks: { [name]: check } }) => check ?? [])
      .sort((a, b) => a.value - b.value);
    checks[name] = all[(all.length - 1) >> 1];
  }
  /** @param {Hint} hint */
  const led = (hint) => looked.filter((each) => each.hint === hint).length;
  const hints = [...new Set(looked.flatMap((each) => each.hints))]
    .filter((hint) => 2 * looked.filter((each) => each.hints.includes(hint)).length > looked.length)
    .sort((a, b) => led(b) - led(a));
  return looked.length > 0 ? makeQuality(hints, checks) : null;
}
