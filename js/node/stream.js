// SPDX-License-Identifier: MIT
// @ts-check
// The engine's own session, on this thread, as whole clips and sessions are fed to it.

import { setImmediate } from 'node:timers/promises';

const YIELD_MS = 20; // so that timers and signals are served between frames

/** @param {import('../engine/engine.js').Session} session
 * @returns {import('../check/session.js').Stream} */
export function asStream(session) {
  let pause = performance.now();
  return {
    async push(frame) {
      const result = session.push(/** @type {import('../engine/engine.js').RawFrame} */ (frame));
      if (performance.now() - pause > YIELD_MS) {
        await setImmediate();
        pause = performance.now();
      }
      return result;
    },
    depth: async (pair) => session.depth(pair),
    views: async () => session.views(),
    reset: async () => session.reset(),
    close: async () => session.close(),
  };
}
