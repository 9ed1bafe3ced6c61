// SPDX-License-Identifier: MIT
// @ts-check
// A worker whose script lies on another origin, as on a CDN. Browsers start none there; from bytes
// they do, and these can be checked before they run.

import { FAR_WORKERS } from '../../dist/assets.js';
import { LivenessError } from '../engine/errors.js';
import { checkHash } from '../engine/sha256.js';

const ADVICE = "host the package's dist on the page's own origin and name it by baseUrl";

/**
 * @param {string} variant @param {URL} beside  a file in the folder of the worker's script
 * @param {(url: URL) => Promise<Uint8Array>} download
 * @returns {Promise<() => Worker>}  may be called again
 */
export async function fetchWorker(variant, beside, download) {
  const name = `worker-${variant}.js`;
  // Such a worker starts others from there, which nothing here can help.
  if (variant.endsWith('-mt')) {
    throw new LivenessError('ENV_WORKER_FAILED', `no threads on another origin; ${ADVICE}`);
  }
  const url = new URL(name, beside);
  const bytes = await download(url).catch((error) => {
    const needs = `its origin must allow it (CORS), and the CSP here to connect; or ${ADVICE}`;
    throw new LivenessError('ENV_FETCH', `${error}; ${needs}`, { file: url.href, cause: error });
  });
  await checkHash(bytes, FAR_WORKERS[name], url.href);
  return () => {
    const script = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], {
      type: 'text/javascript',
    });
    const address = URL.createObjectURL(script);
    const worker = new Worker(address, { type: 'module' });
    worker.addEventListener('message', () => URL.revokeObjectURL(address), { once: true });
    return worker;
  };
}
