// SPDX-License-Identifier: MIT
// node tests/honest.mjs [SESSIONS]: so many honest sessions of the default model, each with noise
// of its own, are verified by one worker. All must be accepted; prints how fast, and how large
// they are.

import { loadLiveness } from '../js/node/node.js';
import { createVerifier } from '../js/server/server.js';
import { runSession, sessionFrames } from './records.mjs';
import { median, sleep } from './support.mjs';

const sessions = Number(process.argv[2] ?? 1000);
const liveness = await loadLiveness();
const verifier = await createVerifier({ size: 1, ttlMs: 2 ** 31 - 1 });
/** Issued before the second of the clip, which a quick machine does not take to look at it.
 * @type {string[]} */
const nonces = Array.from({ length: sessions }, () => verifier.issue());
await sleep(2000);
const times = [];
const sizes = [];
let accepted = 0;
for (let seed = 0; seed < sessions; seed++) {
  const frames = await sessionFrames(seed);
  const { record, score } = await runSession(liveness, frames, { verified: nonces[seed] });
  const start = process.cpuUsage(); // neighbours on the machine do not count
  const answer = await verifier.verify(record).catch((error) => error);
  const { user, system } = process.cpuUsage(start);
  times.push((user + system) / 1000);
  sizes.push(record.length);
  if (answer.verdict === 'live' && answer.score === score) accepted++;
  else console.log(`session ${seed}: ${answer}`);
  if ((seed + 1) % 100 === 0) console.log(`${accepted} of ${seed + 1}`);
}
await verifier.close();
await liveness.close();
const [ms, bytes] = [median(times), median(sizes)];
console.log(
  `${accepted} of ${sessions} accepted; a record of ${Math.round(bytes / 1000)} kB (at most ` +
    `${Math.round(Math.max(...sizes) / 1000)}) takes ${Math.round(ms)} ms of a core: ` +
    `${Math.round(60_000 / ms)} a minute`,
);
process.exitCode = accepted === sessions ? 0 : 1;
