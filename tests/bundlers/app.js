// SPDX-License-Identifier: MIT
// The page that every bundler builds: a clip of raw frames from its server, scored.

import { loadLiveness } from 'livedepth';

/** @param {import('livedepth').LoadOptions} [options] */
export async function main(options) {
  const { width, height, timestamps } = await (await fetch('/clip.json')).json();
  const bytes = new Uint8Array(await (await fetch('/clip.bin')).arrayBuffer());
  const size = bytes.length / timestamps.length;
  const frames = timestamps.map((timestamp, i) => (
    { data: bytes.subarray(i * size, (i + 1) * size), width, height, format: 'I420', timestamp }));

  const liveness = await loadLiveness({ variant: 'simd', ...options });
  const { score, engine } = await liveness.analyze(frames);
  await liveness.close();
  return { score, variant: engine.variant, threads: engine.threads };
}
