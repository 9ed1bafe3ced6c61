// SPDX-License-Identifier: MIT
// node tests/scale.mjs [SECONDS [MOST]]: pools of 1 to MOST (as many as there are cores) workers
// score the live clip for SECONDS (10) each, in turn: checks a second, processor time of a check
// (with reading the file), memory of the process. Then what sessions beside each other take.

import { availableParallelism } from 'node:os';
import { createPool, loadLiveness } from '../dist/node.js';
import { LIVE } from './support.mjs';

const SECONDS = Number(process.argv[2] ?? 10);
const MOST = Number(process.argv[3] ?? availableParallelism());
const ROUNDS = 2;
const SESSIONS = 4;
const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);
const processorMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function measure(size) {
  const pool = await createPool({ size });
  const each = async (until) => {
    let count = 0;
    for (; performance.now() < until; count++) await pool.analyze(LIVE);
    return count;
  };
  const all = (until) => Promise.all(Array.from({ length: size }, () => each(until)));
  await all(performance.now() + 1); // each worker's first clip
  const [start, used] = [performance.now(), processorMs()];
  const checks = (await all(start + (1000 * SECONDS) / ROUNDS)).reduce((sum, n) => sum + n, 0);
  const [ms, processor] = [performance.now() - start, processorMs() - used];
  const { rss } = process.memoryUsage();
  await pool.close();
  return { checks, ms, processor, rss };
}

const found = Array.from({ length: MOST }, () => ({ checks: 0, ms: 0, processor: 0, rss: 0 }));
for (let round = 0; round < ROUNDS; round++) {
  for (const [i, sum] of found.entries()) {
    const { checks, ms, processor, rss } = await measure(i + 1);
    sum.checks += checks;
    sum.ms += ms;
    sum.processor += processor;
    sum.rss = rss;
  }
}
const rate = ({ checks, ms }) => (1000 * checks) / ms;
for (const [i, sum] of found.entries()) {
  const times = (rate(sum) / rate(found[0])).toFixed(2);
  console.log(
    `${i + 1} workers: ${rate(sum).toFixed(2)} checks a second (${times} times one's), ` +
      `${(sum.processor / sum.checks).toFixed(0)} ms of a processor each, ${mib(sum.rss)} MiB`,
  );
}

const liveness = await loadLiveness();
const sizes = [liveness.memoryBytes];
for (let i = 0; i < SESSIONS; i++) {
  liveness.session();
  sizes.push(liveness.memoryBytes);
}
console.log(`linear memory with 0 to ${SESSIONS} sessions: ${sizes.map(mib).join(', ')} MiB`);
await liveness.close();
