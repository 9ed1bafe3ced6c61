// SPDX-License-Identifier: MIT
// @ts-check
// The one error of this package, and the reading of options that nobody vouches for.

/** @typedef {import('./engine.js').Stage} Stage */

/** @type {Record<string, Stage>} */
const STAGES = {
  API: 'api', BAD: 'api', CAMERA: 'camera', CLIP: 'clip', DECODE: 'decode', ENV: 'load',
  FRAME: 'frame', MODEL: 'model', WEIGHTS: 'model',
};
// The same call may succeed later; every other failure repeats itself.
const RETRYABLE = new Set([
  'API_ABORTED', 'API_BUSY', 'CAMERA_FROZEN', 'CAMERA_IN_USE', 'CAMERA_LOST', 'CAMERA_TIMEOUT',
  'DECODE_TIMEOUT', 'ENV_FETCH', 'ENV_TIMEOUT', 'ENV_WORKER_DEAD',
]);

export class LivenessError extends Error {
  /**
   * @param {string} code  a status of livedepth.h ("WEIGHTS_BAD_SHAPE") or one of JavaScript's own
   * @param {string} detail  what is wrong, for a person
   * @param {{file?: string, offset?: number, cause?: unknown}} [where]
   */
  constructor(code, detail, { file, offset, cause } = {}) {
    const text = file ? `${file}: ${detail}` : detail;
    super(`${code}: ${text}`, cause === undefined ? undefined : { cause });
    this.name = 'LivenessError';
    this.code = code;
    this.detail = detail;
    this.stage = STAGES[code.split('_')[0]] ?? 'engine';
    this.retryable = RETRYABLE.has(code);
    /** The file at fault, where there is one. */
    this.file = file;
    /** The byte of the (unpacked) clip at fault, where there is one. */
    this.offset = offset;
  }

  /** The same error with the name of its file, unless it has one. @param {string} file */
  inFile(file) {
    if (this.file !== undefined) return this;
    const { code, detail, offset, cause } = this;
    return new LivenessError(code, detail, { file, offset, cause });
  }
}

/**
 * What of an error crosses a thread, and back: a LivenessError loses its class and its cause there,
 * any other error becomes INTERNAL.
 *
 * @param {unknown} error
 */
export function packError(error) {
  const known = error instanceof LivenessError ? error : new LivenessError('INTERNAL', `${error}`);
  const { code, detail, file, offset } = known;
  return { code, detail, file, offset };
}

/** @param {ReturnType<typeof packError>} packed */
export const unpackError = ({ code, detail, file, offset }) => (
  new LivenessError(code, detail, { file, offset }));

/** @param {string} detail */
export const badArgument = (detail) => new LivenessError('BAD_ARGUMENT', detail);

/** Text of a value for an error: short, and never throws. @param {unknown} value */
export function show(value) {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  }
  if (value === null || !['object', 'function'].includes(typeof value)) return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/**
 * Copies the known options of `given` over the defaults. Only own properties count, so a polluted
 * Object.prototype sets nothing; an unknown name is an error, and so is a getter that throws.
 *
 * @template {Record<string, unknown>} T
 * @param {unknown} given
 * @param {T} defaults
 * @param {string} where  the function, for the error
 * @returns {T}
 */
export function readOptions(given, defaults, where) {
  if (given === undefined) return { ...defaults };
  if (given === null || typeof given !== 'object') {
    throw badArgument(`${where}: options are ${show(given)}`);
  }
  /** @type {Record<string, unknown>} */
  const options = { ...defaults };
  try {
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

export const MAX_CLIPS = 1000; // LIVEDEPTH_MAX_CLIPS

/** Clips that a verdict rests on; undefined: the model's own. @param {unknown} value */
export const readClips = (value) => (
  value === undefined ? undefined : readNumber(value, 'clips', 1, MAX_CLIPS, { whole: true }));

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

/** @param {AbortSignal | undefined} signal @param {string} where */
export function checkSignal(signal, where) {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw badArgument(`${where}: signal is ${show(signal)}, not an AbortSignal`);
  }
  if (signal?.aborted) throw new LivenessError('API_ABORTED', where, { cause: signal.reason });
}
