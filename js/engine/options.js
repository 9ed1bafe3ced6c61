// SPDX-License-Identifier: MIT
// @ts-check
// The reading of options that nobody vouches for.

import { badArgument, LivenessError, show } from './errors.js';

/**
 * Copies the known options of `given` over the defaults. Only own properties count, so a polluted
 * Object.prototype sets nothing; an unknown name is an error, and so is a getter that throws.
 *
 * @template {Record<string, unknown>} T
 * @param {unknown} given
 * @param {T} defaults
 * @param {string} where  the function, for the error
 * @returns {{[Name in keyof T]: unknown}}  each for a reader to check
 */
export function readOptions(given, defaults, where) {
  if (given === undefined) return { ...defaults };
  const none = () => badArgument(`${where}: options are ${show(given)}`);
  if (given === null || typeof given !== 'object') throw none();
  /** @type {Record<string, unknown>} */
  const options = { ...defaults };
  try {
    // An array, a URL, a signal, a promise: none of them is a set of options, empty or not.
    if (!/^\[object (Object|Module)\]$/.test(Object.prototype.toString.call(given))) throw none();
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(defaults, name)) {
        throw badArgument(`${where}: unknown option ${show(name)}`);
      }
      const value = /** @type {Record<string, unknown>} */ (given)[name];
      if (value !== undefined) options[name] = value;
    }
  } catch (error) {
    if (error instanceof LivenessError) throw error;
    const text = `${where}: an option cannot be read`;
    throw new LivenessError('BAD_ARGUMENT', text, { cause: error });
  }
  return /** @type {T} */ (options);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {number} min
 * @param {number} max
 * @param {{whole?: boolean}} [kind]
 * @returns {number}
 */
export function readNumber(value, name, min, max, { whole = false } = {}) {
  const inside = typeof value === 'number' && value >= min && value <= max;
  if (inside && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? 'a whole number' : 'a number';
  throw badArgument(`${name} is ${show(value)}, not ${kind} ${min} .. ${max}`);
}

/** The longest that a timer takes: of a longer one, it fires at once. */
export const MAX_MS = 2 ** 31 - 1;

/** A time limit. @param {unknown} value @param {string} name */
export const readMs = (value, name) => readNumber(value, name, 1, MAX_MS);

export const MAX_CLIPS = 1000; // LIVEDEPTH_MAX_CLIPS

/** Clips that a verdict rests on; undefined: the model's own. @param {unknown} value */
export const readClips = (value) =>
  value === undefined ? undefined : readNumber(value, 'clips', 1, MAX_CLIPS, { whole: true });

/**
 * @template {string} T
 * @param {unknown} value
 * @param {string} name
 * @param {readonly T[]} choices
 * @returns {T}
 */
export function readChoice(value, name, choices) {
  const found = choices.find((each) => each === value);
  if (found === undefined) {
    throw badArgument(`${name} is ${show(value)}, not ${choices.join(' | ')}`);
  }
  return found;
}

/** @param {unknown} value @param {string} name @returns {boolean} */
export function readFlag(value, name) {
  if (typeof value !== 'boolean') throw badArgument(`${name} is ${show(value)}, not true or false`);
  return value;
}

/** @param {unknown} signal @param {string} where @param {unknown} [cause] */
const noSignal = (signal, where, cause) =>
  new LivenessError('BAD_ARGUMENT', `${where}: signal is ${show(signal)}, not an AbortSignal`, {
    cause,
  });

/** A signal, which may have fired. @param {unknown} signal @param {string} where
 * @returns {AbortSignal | undefined} */
export function readSignal(signal, where) {
  if (signal === undefined) return undefined;
  if (!(signal instanceof AbortSignal)) throw noSignal(signal, where);
  try {
    signal.aborted;
  } catch (error) {
    throw noSignal(signal, where, error); // of the same prototype alone
  }
  return signal;
}

/** A signal that has not fired. @param {unknown} signal @param {string} where */
export function checkSignal(signal, where) {
  const until = readSignal(signal, where);
  if (until?.aborted) throw new LivenessError('API_ABORTED', where, { cause: until.reason });
  return until;
}

/** @param {unknown} value @param {string} name @returns {Function | undefined} */
export function readFunction(value, name) {
  if (value === undefined || typeof value === 'function') return value;
  throw badArgument(`${name} is ${show(value)}, not a function`);
}
