// SPDX-License-Identifier: MIT
// node tests/soak.mjs [FRAMES [OPENS [FPS]]]: so many frames (2,000) through one session at FPS
// (300) by their times, of which ten a second are looked at; so many sessions (200) opened and
// closed; and memory that stays where it was: linear memory to the byte, what JavaScript holds
// after a collection and the process within MiB.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadLiveness } from '../js/node/node.js';
import { liveFrames, MODEL } from './support.mjs';

const FRAMES = Number(process.argv[2] ?? 2000);
const OPENS = Number(process.argv[3] ?? 200);
const FPS = Number(process.argv[4] ?? 300);
/** Growth from a tenth of the way on. */
const MOST = { heap: 2, rss: 16 };
const MARKS = 10;

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc');
const mib = (bytes) => bytes / 2 ** 20;

const liveness = await loadLiveness({ model: MODEL, variant: 'simd' });
const clip = await liveFrames();
const round = [...clip, ...clip.slice(1, -1).reverse()];

/** Runs the step so many times and looks at memory ten times on the way. */
function soak(what, count, step) {
  const marks = [];
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    step(i);
    if ((i + 1) % Math.ceil(count / MARKS) && i + 1 < count) continue;
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    marks.push({ wasm: liveness.memoryBytes, heap: mib(heapUsed), rss: mib(rss) });
    const now = marks.at(-1);
    console.log(
      `${i + 1} ${what}: wasm ${mib(now.wasm).toFixed(1)} MiB, JavaScript ` +
        `${now.heap.toFixed(2)}, process ${now.rss.toFixed(0)}`,
    );
  }
  const [first, last] = [marks[0], marks.at(-1)];
  const seconds = (performance.now() - start) / 1000;
  const flat =
    last.wasm === first.wasm &&
    last.heap - first.heap <= MOST.heap &&
    last.rss - first.rss <= MOST.rss;
  console.log(`${count} ${what} in ${seconds.toFixed(0)} s: ${flat ? 'flat' : 'NOT FLAT'}`);
  return flat;
}

const session = liveness.session();
let scored = 0;
const frames = soak('frames', FRAMES, (i) => {
  const frame = { ...round[i % round.length], timestamp: Math.round((i * 1e6) / FPS) };
  const result = session.push(frame);
  if (result.state === 'scored') scored++;
});
session.close();
console.log(`${scored} clips were scored`);
const opens = soak('sessions', OPENS, (i) => {
  const short = liveness.session();
  if (i % 10 === 0) short.push({ ...clip[0], timestamp: 0 });
  short.close();
});
await liveness.close();
process.exitCode = frames && opens && scored > 0 ? 0 : 1;
