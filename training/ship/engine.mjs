// SPDX-License-Identifier: MIT
// One clip of face crops through the wasm engine, for compare.py:
//     node training/ship/engine.mjs MODEL VARIANT THREADS SIZE < frames.rgba > result.json
// stdin: square RGBA pictures of SIZE pixels one after the other; stdout: the network's score and
// its fused maps.
import { readFileSync } from 'node:fs';
import { loadLiveness } from '../../js/node/node.js';

const [model, variant, threads, size] = process.argv.slice(2);
const side = Number(size);
const bytes = readFileSync(0);
const liveness = await loadLiveness({
  model,
  detector: null,
  variant: /** @type {any} */ (variant),
  threads: Number(threads),
});
const frames = Array.from({ length: bytes.length / (side * side * 4) }, (_, n) => ({
  data: bytes.subarray(n * side * side * 4, (n + 1) * side * side * 4),
  width: side,
  height: side,
  format: /** @type {const} */ ('RGBA'),
  timestamp: n * liveness.info.model.frameIntervalMs * 1000,
}));
const { scores, pairs } = await liveness.analyze(frames, { crop: 'none', depth: 'every' });
liveness.close();
const [score] = Object.values(scores);
process.stdout.write(JSON.stringify({ score, fused: pairs.map(({ data }) => [...data]) }));
