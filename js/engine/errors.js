// SPDX-License-Identifier: MIT
// @ts-check
// The one error of this package.

/** @typedef {import('./engine.js').Stage} Stage */

/** @type {Record<string, Stage>} */
const STAGES = {
  API: 'api',
  BAD: 'api',
  CAMERA: 'camera',
  CLIP: 'clip',
  DECODE: 'decode',
  ENV: 'load',
  FRAME: 'frame',
  MODEL: 'model',
  RECORD: 'record',
  WEIGHTS: 'model',
};
// The same call may succeed later; every other failure repeats itself.
const RETRYABLE = new RegExp(
  '^(RECORD_NONCE_EXPIRED|API_(ABORTED|BUSY)|CAMERA_(FROZEN|IN_USE|LOST|TIMEOUT)|DECODE_TIMEOUT|' +
    'ENV_(CANVAS_BLOCKED|FETCH|TIMEOUT|WORKER_DEAD))$',
);

export class LivenessError extends Error {
  /**
   * @param {string} code  a status of livedepth.h ("WEIGHTS_BAD_SHAPE") or one of JavaScript's own
   * @param {string} detail  what is wrong, for a person
   * @param {{file?: string, offset?: number, cause?: unknown, retryable?: boolean}} [more]
   */
  constructor(code, detail, { file, offset, cause, retryable = RETRYABLE.test(code) } = {}) {
    const text = file ? `${file}: ${detail}` : detail;
    super(`${code}: ${text}`, cause === undefined ? undefined : { cause });
    this.name = 'LivenessError';
    this.code = code;
    this.detail = detail;
    this.stage = STAGES[code.split('_')[0]] ?? 'engine';
    this.retryable = retryable;
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
  const known =
    error instanceof LivenessError ? error : new LivenessError('INTERNAL', textOf(error));
  const { code, detail, file, offset } = known;
  return { code, detail, file, offset };
}

/** @param {ReturnType<typeof packError>} packed */
export const unpackError = ({ code, detail, file, offset }) =>
  new LivenessError(code, detail, { file, offset });

/** What a part of the package that is imported on demand fails with.
 * @param {unknown} error @returns {never} */
export function notFetched(error) {
  throw new LivenessError('ENV_FETCH', textOf(error), { cause: error });
}

/** @param {string} detail */
export const badArgument = (detail) => new LivenessError('BAD_ARGUMENT', detail);

/** Of a frame whose getter threw. @param {string} what @param {unknown} cause */
export const unreadable = (what, cause) =>
  new LivenessError('BAD_ARGUMENT', `push: a field of ${what} cannot be read`, { cause });

/** Text of whatever was thrown; never throws. @param {unknown} error */
export function textOf(error) {
  try {
    return String(error);
  } catch {
    return show(error);
  }
}

/** Text of a value for an error: short, and never throws. @param {unknown} value */
export function show(value) {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  }
  if (value === null || !['object', 'function'].includes(typeof value)) return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
