// SPDX-License-Identifier: MIT
// node tests/digest.mjs VARIANT THREADS: prints, as JSON, the scores of the live clip and the
// replay, and a hash of every bit of the answers. One process for each, so that another engine or a
// flag can be tried.

import { loadLiveness, readY4m } from '../js/node/node.js';
import { collect, liveFrames, path, play } from './support.mjs';

const [variant, threads] = process.argv.slice(2);
const liveness = await loadLiveness({ variant, threads: Number(threads) });
const replay = await collect(readY4m(path('tests/clips/replay.y4m.gz')));
const clips = [await liveFrames(), replay].map((frames) => {
  // A module with threads must take them back from the session before.
  const session = liveness.session();
  const { results, digest } = play(session, frames);
  session.close();
  return { score: results.at(-1).score, digest };
});
await liveness.close();
const { deno, bun, node } = process.versions;
const engine = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
console.log(JSON.stringify({ engine, clips }));
