// SPDX-License-Identifier: MIT
// @ts-check
// Chooses a build of the module that this JavaScript engine can run.

import { LivenessError } from './errors.js';
import { readChoice, readNumber } from './options.js';
import { features } from './features.js';

/** The list for all JavaScript; wasm/variants.mk has the flags of each. */
export const VARIANTS = /** @type {const} */ (['simd', 'simd-mt', 'relaxed', 'relaxed-mt']);
export const MAX_THREADS = 64;

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
    throw new LivenessError('ENV_UNSUPPORTED', `no ${base} here`);
  }
  if (threaded && !has.threads) {
    throw new LivenessError('ENV_UNSUPPORTED', 'no shared memory here');
  }
  return { variant: threaded ? `${base}-mt` : base, threads: count };
}

const AUTO_THREADS = 2; // more cost real-time models more in waiting than they win

/**
 * The fastest build for a wish with 'auto' in it, and why it is not a faster one.
 *
 * @param {unknown} variant
 * @param {unknown} threads
 * @param {number} cores
 */
export function chooseFastest(variant, threads, cores) {
  const has = features();
  /** @type {import('./engine.js').Fallback[]} */ const fallback = [];
  let base = variant;
  if (variant === 'auto') {
    base = has.relaxed ? 'relaxed' : 'simd';
    if (!has.relaxed) fallback.push('no_relaxed_simd');
  }
  let count = threads;
  if (threads === 'auto') {
    count = has.threads ? Math.min(cores, AUTO_THREADS) : 1;
    if (!has.threads) fallback.push('not_isolated');
    else if (cores === 1) fallback.push('one_core');
  }
  return { ...chooseVariant(base, count), fallback };
}
