// SPDX-License-Identifier: MIT
// node tests/digest.mjs VARIANT THREADS: prints, as JSON, the score of the live clip and a hash of
// every bit of the answers. One process for each, so that another Node or a flag can be tried.

import { loadLiveness } from '../js/node/node.js';
import { liveFrames, play } from './support.mjs';

const [variant, threads] = process.argv.slice(2);
const liveness = await loadLiveness({ variant, threads: Number(threads) });
const session = liveness.session();
const { results, digest } = play(session, await liveFrames());
session.close();
// Again: a module with threads must take them back from the session before.
const again = liveness.session();
const repeated = play(again, (await liveFrames()).slice(0, 5)).results.length;
liveness.close();
console.log(
  JSON.stringify({ score: results.at(-1).score, digest, repeated, node: process.version }),
);
