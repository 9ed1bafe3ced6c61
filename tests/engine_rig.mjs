// SPDX-License-Identifier: MIT
// An engine for the tests of a file, made before them and closed after them.

import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import factory from '../build/livedepth-simd.mjs';
import { Engine } from '../js/node/node.js';
import { DETECTOR, liveFrames, MODEL } from './support.mjs';

export { factory };
export const weights = readFileSync(MODEL);
export const detectorWeights = readFileSync(DETECTOR);
export let engine;
export let network;
export let detector;
export let frames;
export let few; // enough for two clips
before(async () => {
  engine = await Engine.load(factory);
  network = engine.model(weights);
  detector = engine.model(detectorWeights);
  frames = await liveFrames();
  few = frames.slice(0, 16);
});
after(() => engine.close());

export const session = (t, options) => {
  const made = engine.session({ network, detector, ...options });
  t.after(() => made.close());
  return made;
};
export const plain = (t) => session(t, { detector: null, crop: 'none' });

/** A frame of one colour. */
export const good = {
  data: new Uint8Array(64 * 48 * 4),
  width: 64,
  height: 48,
  format: 'RGBA',
  timestamp: 1e6,
};
