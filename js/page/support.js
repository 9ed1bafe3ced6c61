// SPDX-License-Identifier: MIT
// @ts-check
// What this browser and page can do, before anything is downloaded.

import { features } from '../engine/features.js';
import { cameraObstacle, cameraPermission, captureWay } from './camera-support.js';

// Facebook, Instagram, WeChat, Line, TikTok, Android's WebView in any other app.
const IN_APP = new RegExp(
  '\\bFB(AN|AV|_IAB)\\b|Instagram|MicroMessenger|\\bLine/|TikTok|' + 'musical_ly|Bytedance|; wv\\)',
  'i',
);

/** @type {typeof import('./support.js').checkSupport} */
export async function checkSupport() {
  const { navigator, Worker } = /** @type {any} */ (globalThis);
  const { simd, relaxed, threads } = features();
  const obstacle = cameraObstacle();
  /** @type {import('./support.js').Missing[]} */
  const missing = [];
  if (typeof WebAssembly !== 'object') missing.push('wasm');
  else if (!simd) missing.push('simd');
  if (typeof Worker !== 'function') missing.push('worker');
  if (obstacle) missing.push(obstacle);
  return {
    ok: missing.length === 0,
    missing,
    relaxedSimd: relaxed,
    threads: threads && navigator?.hardwareConcurrency > 1,
    capture: captureWay(),
    permission: await cameraPermission(),
    inAppBrowser: IN_APP.test(navigator?.userAgent ?? ''),
  };
}
