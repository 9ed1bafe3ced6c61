// SPDX-License-Identifier: MIT
// @ts-check
// A worker of pool.js: one engine, one clip at a time. It hears
//
//     clip    a path, or frames that it asks for one by one, or a photo, likewise
//     next    a frame that was asked for, or the end of them
//     cancel  nobody waits for the clip any more
//     close
//
// and says `ready` or `failed` once, `next` for each frame, `done` for each clip.

import { parentPort, workerData } from 'node:worker_threads';
import { LivenessError, packError } from '../engine/errors.js';
import { loadLiveness, readClip } from './node.js';

/** @typedef {import('./node.js').RawFrame} RawFrame */

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);

/** See pack() in pool.js.
 * @param {{shared?: SharedArrayBuffer, url?: string, given?: unknown}} value */
function unpack({ shared, url, given }) {
  if (shared) return new Uint8Array(shared).slice();
  return url === undefined ? given : new URL(url);
}

/**
 * @typedef {{
 *   controller: AbortController, asked: {resolve: Function, reject: Function} | null,
 * }} Clip  how to stop it, and the frame it waits for
 */

/** @type {Clip | null} */ let clip = null;

/** @param {Clip} own */
async function* askedFrames(own) {
  for (;;) {
    own.controller.signal.throwIfAborted();
    const { done, frame } = await new Promise((resolve, reject) => {
      own.asked = { resolve, reject };
      port.postMessage({ type: 'next' });
    });
    if (done) return;
    yield/** @type {RawFrame} */ (frame);
  }
}

/**
 * @param {import('./node.js').Liveness} liveness
 * @param {{path: any, photo?: boolean, fps?: any, options: object}} task
 */
async function work(liveness, { path, photo, fps, options }) {
  const own = { controller: new AbortController(), asked: null };
  const { signal } = own.controller;
  clip = own;
  let answer;
  try {
    const wish = { ...options, signal };
    const frames = path === undefined ? askedFrames(own) : null;
    answer = {
      result: photo
        ? await liveness.analyzePhoto(frames ? (await frames.next()).value : path, wish)
        : await liveness.analyze(frames ?? readClip(path, { fps, signal }), wish),
    };
  } catch (error) {
    answer = { error: packError(error) };
  }
  clip = null;
  port.postMessage({ type: 'done', ...answer });
}

function cancel() {
  const aborted = new LivenessError('API_ABORTED', 'by the pool');
  clip?.controller.abort(aborted);
  clip?.asked?.reject(aborted);
}

try {
  const load = Object.entries(workerData).map(([name, value]) => [name, unpack(value)]);
  const liveness = await loadLiveness(Object.fromEntries(load));
  /** @type {Promise<void>} */ let last = Promise.resolve();
  port.on('message', async ({ type, ...rest }) => {
    switch (type) {
      case 'clip':
        last = work(liveness, rest);
        break;
      case 'next':
        clip?.asked?.resolve(rest);
        break;
      case 'cancel':
        cancel();
        break;
      case 'close':
        cancel();
        await last;
        await liveness.close();
        port.close();
        break;
    }
  });
  port.postMessage({ type: 'ready' });
} catch (error) {
  port.postMessage({ type: 'failed', error: packError(error) });
}
