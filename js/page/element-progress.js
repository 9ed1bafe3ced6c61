// SPDX-License-Identifier: MIT
// @ts-check
// What the ring of <liveness-check> shows of a session.

import { inOval } from './element-oval.js';

/**
 * Calls told(progress 0 .. 1, paused) when either changes. The ring may go back without a face in
 * the oval, but not on.
 *
 * @param {import('../check/liveness.js').CaptureSession} session
 * @param {HTMLVideoElement} video  that shows the session's camera
 * @param {AbortSignal} signal
 * @param {(progress: number, paused: boolean) => void} told
 */
export function followProgress(session, video, signal, told) {
  let shown = 0;
  let captured = 0;
  let inside = true;
  let paused = false;
  const update = () => {
    shown = inside ? captured : Math.min(captured, shown);
    told(shown, paused);
  };
  session.on(
    'state',
    ({ state }) => {
      paused = state === 'paused';
      update();
    },
    { signal },
  );
  session.on(
    'progress',
    ({ clips, needed }) => {
      captured = Math.min(1, clips / needed);
      update();
    },
    { signal },
  );
  session.on(
    'frame',
    ({ face }) => {
      inside = face !== null && inOval(face.box, video.videoWidth, video.videoHeight);
      if (shown !== captured) update();
    },
    { signal },
  );
}
