// SPDX-License-Identifier: MIT
// @ts-check
// Which builds of the module this JavaScript engine can run.

import { LivenessError, readChoice, readNumber } from './errors.js';

export const VARIANTS = /** @type {const} */ (['simd', 'simd-mt', 'relaxed', 'relaxed-mt']);
export const MAX_THREADS = 64;

// One module each: type section () -> v128, one function, its body.
const HEADER = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
const I32_CONST_0 = [65, 0];
const I8X16_SPLAT = [253, 15];
const V128_ANY = [...I32_CONST_0, ...I8X16_SPLAT];
const I8X16_RELAXED_SWIZZLE = [253, 128, 2];

/** @param {number[]} code */
function accepts(code) {
  const body = [0, ...code, 11]; // no locals, code, end
  const section = [1, body.length, ...body];
  return WebAssembly.validate(new Uint8Array([...HEADER, 10, section.length, ...section]));
}

/** What this engine has. Threads need shared memory, which a page has only when it is isolated. */
export function features() {
  if (typeof WebAssembly !== 'object') return { simd: false, relaxed: false, threads: false };
  return {
    simd: accepts(V128_ANY),
    relaxed: accepts([...V128_ANY, ...V128_ANY, ...I8X16_RELAXED_SWIZZLE]),
    threads: typeof SharedArrayBuffer === 'function' &&
      /** @type {any} */ (globalThis).crossOriginIsolated !== false,
  };
}

/**
 * The build for the wish, or ENV_UNSUPPORTED: never a silent change of variant, because its name
 * stands for the bits of the result.
 *
 * @param {unknown} variant
 * @param {unknown} threads
 * @returns {{variant: import('./engine.js').Variant, threads: number}}
 */
export function chooseVariant(variant, threads) {
  const name = readChoice(variant, 'variant', VARIANTS);
  const count = readNumber(threads, 'threads', 1, MAX_THREADS, { whole: true });
  const threaded = count > 1 || name.endsWith('-mt');
  const base = name.startsWith('relaxed') ? 'relaxed' : 'simd';
  const has = features();
  if (!has[base]) {
    const text = `no ${base === 'simd' ? 'simd128' : 'relaxed SIMD'} in this WebAssembly engine`;
    throw new LivenessError('ENV_UNSUPPORTED', text);
  }
  if (threaded && !has.threads) {
    throw new LivenessError('ENV_UNSUPPORTED', 'no shared memory here, so one thread only');
  }
  return { variant: threaded ? `${base}-mt` : base, threads: count };
}

const AUTO_THREADS = 2; // more cost real-time models more in waiting than they win

/**
 * The fastest build for a wish with 'auto' in it, and why it is not a faster one.
 *
 * @param {unknown} variant
 * @param {unknown} threads
 */
export function chooseFastest(variant, threads) {
  const has = features();
  /** @type {import('./liveness.js').Fallback[]} */ const fallback = [];
  let base = variant;
  if (variant === 'auto') {
    base = has.relaxed ? 'relaxed' : 'simd';
    if (!has.relaxed) fallback.push('no_relaxed_simd');
  }
  let count = threads;
  if (threads === 'auto') {
    const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
    count = has.threads ? Math.min(cores, AUTO_THREADS) : 1;
    if (!has.threads) fallback.push('not_isolated');
    else if (cores === 1) fallback.push('one_core');
  }
  return { ...chooseVariant(base, count), fallback };
}
