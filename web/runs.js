// SPDX-License-Identifier: MIT
// The two ways frames reach the engine here: a recorded clip as a whole, a camera check by check.

/**
 * @typedef {{
 *   picture?(frame: any, at: {index: number, timestamp: number}): void,
 *   frame(result: any, seconds: number, ms?: number): void,
 *   hint?(hint: string): void,
 *   progress?(progress: {clips: number, needed: number}): void,
 *   result(result: import('../js/check/liveness.js').ClipResult): void,
 * }} Show
 */

/**
 * All frames of a clip, none dropped, when the player says so.
 *
 * @param {import('../js/check/liveness.js').Liveness} liveness
 * @param {import('./sources.js').Clip} clip
 * @param {import('./player.js').Player} player
 * @param {Show} show
 * @param {AbortSignal} signal
 */
export async function runClip(liveness, clip, player, show, signal) {
  let index = 0;
  let seconds = 0;
  let start = 0;
  async function* frames() {
    for await (const frame of clip.frames()) {
      const { timestamp } = frame;
      try {
        await player.turn(timestamp, signal);
        show.picture?.(frame, { index, timestamp });
      } catch (error) {
        frame.close?.();
        throw error;
      }
      seconds = timestamp / 1e6;
      start = performance.now();
      yield frame;
      index++;
    }
  }
  const result = await liveness.analyze(frames(), {
    signal,
    depth: 'mean',
    onFrame: (each) => show.frame(each, seconds, performance.now() - start),
  });
  show.result(result);
}

/**
 * One check after the other, until the signal or the end of the camera.
 *
 * @param {import('../js/check/liveness.js').Liveness} liveness
 * @param {import('../js/page/camera.js').Camera} camera
 * @param {Show} show
 * @param {AbortSignal} signal
 */
export async function runCamera(liveness, camera, show, signal) {
  const begin = performance.now();
  let handed = 0;
  const feed = {
    get dropped() {
      return camera.dropped;
    },
    get paused() {
      return camera.paused;
    },
    get signals() {
      return camera.signals;
    },
    addEventListener: camera.addEventListener.bind(camera),
    removeEventListener: camera.removeEventListener.bind(camera),
    /** The camera's, with a look at the clock. @returns {AsyncIterableIterator<any>} */
    frames() {
      const iterator = camera.frames();
      return {
        async next() {
          const step = await iterator.next();
          handed = performance.now();
          return step;
        },
        async return() {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
  };
  while (!signal.aborted && camera.track.readyState === 'live') {
    const session = liveness.start({ signal, depth: 'mean' });
    session.on('frame', (each) => {
      const now = performance.now();
      show.frame(each, (now - begin) / 1000, now - handed);
    });
    session.on('hint', ({ hint }) => show.hint?.(hint));
    session.on('progress', (progress) => show.progress?.(progress));
    show.result(await session.attach(feed));
  }
}
