// SPDX-License-Identifier: MIT
// @ts-check
// Features of this JavaScript engine, found without a download. Imports nothing, so that support.js
// stays tiny.

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

/** Features of this engine. Threads need shared memory: only an isolated page has that. */
export function features() {
  if (typeof WebAssembly !== 'object') return { simd: false, relaxed: false, threads: false };
  return {
    simd: accepts(V128_ANY),
    relaxed: accepts([...V128_ANY, ...V128_ANY, ...I8X16_RELAXED_SWIZZLE]),
    threads:
      typeof SharedArrayBuffer === 'function' &&
      /** @type {any} */ (globalThis).crossOriginIsolated !== false,
  };
}
