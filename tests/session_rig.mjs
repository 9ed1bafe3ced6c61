// SPDX-License-Identifier: MIT
// A capture session over a scripted engine, and a camera that feeds it.

import { setImmediate } from 'node:timers/promises';
import { CaptureSession } from '../js/check/session.js';

export const info = {
  model: { thresholds: { live: 0.8, spoof: 0.4 }, scorers: [{ name: 'one' }, { name: 'two' }] },
  threads: 1,
};
const ms = { detect: 1, views: 1, scorers: { one: 2, two: 0 } };

/** What the engine says of a frame; clips scored so far, of `own` that it wants. */
export const answer =
  (state, clips, more = {}) =>
  (own) => ({
    state,
    verdict: clips >= own ? 'live' : 'undecided',
    reason: clips >= own ? null : 'clip_short',
    frameReason: null,
    score: clips ? 0.9 : null,
    clipScore: null,
    scores: { one: clips ? 0.8 : null, two: null },
    votes: { one: clips ? 1.5 : null, two: null },
    clips,
    clipsNeeded: own,
    frames: 0,
    clipFrames: 0,
    faces: 1,
    face: null,
    views: {},
    quality: null,
    ms,
    ...more,
  });
export const hinted = (hint) => ({
  pass: hint === 'ok',
  hint,
  hints: hint === 'ok' ? [] : [hint],
  checks: {},
});

const MODEL_CLIPS = 6;
export const PAIRS = 2;

/** What runs the answers in turn (an Error is thrown), then repeats the last. */
export const engine =
  (answers, log = []) =>
  async ({ clips = MODEL_CLIPS }) => {
    let at = 0;
    return {
      async push() {
        const given = answers[Math.min(at++, answers.length - 1)];
        if (given instanceof Error) throw given;
        return given(clips);
      },
      async depth(pair) {
        log.push(`depth ${pair}`);
        return pair === 'mean' || pair < PAIRS ? { width: 1, height: 1, data: [0] } : null;
      },
      reset: async () => {
        log.push('reset');
      },
      close: async () => {
        log.push('close');
      },
    };
  };

/** A session with such an engine. */
export function scripted(t, answers, options = {}) {
  const log = [];
  const session = new CaptureSession(engine(answers, log), info, options);
  t.after(() => session.close());
  const events = [];
  for (const type of ['hint', 'state', 'progress', 'result', 'error']) {
    session.on(type, (detail) =>
      events.push([
        type,
        detail.state ?? detail.hint ?? detail.clips ?? detail.code ?? detail.verdict,
      ]),
    );
  }
  return { session, log, events };
}
let time = 0;
export const frame = () => ({
  timestamp: (time += 1e5),
  close() {
    this.closed = true;
  },
});
export const scored = [1, 2, 3, 4, 5, 6].map((clips) => answer('scored', clips));

/** A camera that gives frames until it is told to stop. */
export class Feed extends EventTarget {
  given = [];
  ended = false;
  async *frames() {
    try {
      for (;;) {
        await setImmediate();
        if (this.error) throw this.error;
        if (this.empty) return;
        this.given.push(frame());
        yield this.given.at(-1);
      }
    } finally {
      this.ended = true;
    }
  }
  tell(type, detail) {
    this.dispatchEvent(Object.assign(new Event(type), { detail }));
  }
}
