// SPDX-License-Identifier: MIT
// @ts-check
// What this browser has, found without a download or a question to the person. Imports nothing, so
// that support.js stays tiny; safe in Node and under SSR.

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

/** How frames are taken here: by the first that there is. MediaStreamTrackProcessor on a page is
 * Chromium's only; Safari has it in workers, where it counts as missing.
 * @returns {import('./support.js').Support['capture']} */
export function captureWay() {
  const { MediaStreamTrackProcessor, HTMLVideoElement, VideoFrame } =
    /** @type {any} */ (globalThis);
  if (typeof VideoFrame !== 'function') return 'canvas';
  if (typeof MediaStreamTrackProcessor === 'function') return 'track_processor';
  return HTMLVideoElement?.prototype.requestVideoFrameCallback ? 'video_frame' : 'canvas';
}

/** Why no camera can be asked for on this page, whatever the person says; null: nothing known.
 * @returns {'secureContext' | 'getUserMedia' | 'cameraPolicy' | null} */
export function cameraObstacle() {
  const { isSecureContext, navigator, document } = /** @type {any} */ (globalThis);
  if (isSecureContext === false) return 'secureContext';
  if (typeof navigator?.mediaDevices?.getUserMedia !== 'function') return 'getUserMedia';
  const policy = document?.permissionsPolicy ?? document?.featurePolicy;
  return policy?.allowsFeature('camera') === false ? 'cameraPolicy' : null;
}
