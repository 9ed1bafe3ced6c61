// SPDX-License-Identifier: MIT
// Side by side: in each round each contender has one turn, so that what else the machine does hits
// all alike. Every one is ready before the first round, unless they are so large that memory holds
// only one. The processor time of the first of its works, a clip or a frame, comes with its time on
// the clock: on a busy machine it is the one to trust, with one thread.

import { sleep } from '../support.mjs';

const PAUSE_MS = 150; // threads of the one before spin for a while

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const variant = (name, threads) => ({
  id: `livedepth ${name} ${threads}`,
  name: 'livedepth',
  options: { variant: name, threads },
});
const peer = (name, threads) => ({ id: `${name} ${threads}`, name, options: { threads } });

/** @param {'chromium' | 'node'} where @param {number[]} threads */
export function contendersOf(where, threads) {
  return threads.flatMap((n) => [
    ...['simd', 'relaxed'].map((name) => variant(name, n)),
    peer('onnxruntime', n),
    ...(where === 'chromium' ? [peer('litert', n)] : []), // it wants a page
    ...(where === 'chromium' || n === 1 ? [peer('tfjs', n)] : []), // no threads in Node
  ]);
}

/** How many times as many multiply-adds two processes do at once as one alone: what two threads
 * could gain at best on this machine at this moment. */
async function machineScaling([one, other]) {
  const rate = async (stage) => {
    const { simd } = await stage.call('turn', 'peak');
    return median(simd);
  };
  const alone = await rate(one);
  const [a, b] = await Promise.all([rate(one), rate(other)]);
  return (a + b) / alone;
}

/**
 * @param {() => Promise<any>} openStage @param {ReturnType<typeof contendersOf>} contenders
 * @param {string} set
 * @param {{rounds: number, warm: number, alone: boolean}} how  alone: a stage for each turn
 * @typedef {{errors: object, memory: number, samples: Record<string, number[]>}} Measured
 * @returns {Promise<Map<string, Measured>>}
 */
export async function measure(openStage, contenders, set, { rounds, warm, alone }) {
  const peaks = await Promise.all([openStage(), openStage()]);
  const [peak] = peaks;
  const stages = new Map();
  const results = new Map([['peak', { errors: {}, memory: 0, samples: {} }]]);
  const add = (id, found) => {
    const { samples } = results.get(id);
    for (const [work, values] of Object.entries(found)) (samples[work] ??= []).push(...values);
  };
  const close = async (id) => {
    await stages.get(id).close();
    stages.delete(id);
  };
  /** Checks the answers, too, which warms up. */
  const start = async ({ id, name, options }) => {
    const stage = await openStage();
    stages.set(id, stage);
    stage.works = await stage.call('open', name, set, options);
    const checked = await stage.call('check');
    if (results.has(id)) return;
    results.set(id, { ...checked, samples: {} });
    const errors = Object.entries(checked.errors).map(
      ([answer, error]) => `${answer} ${error.toExponential(1)}`,
    );
    console.log(`    ${id.padEnd(22)} off by ${errors.join(', ')}`);
  };
  try {
    for (const each of peaks) await each.call('open', 'peak', set, {});
    if (!alone) for (const each of contenders) await start(each);
    for (let round = -warm; round < rounds; round++) {
      add('peak', { scaling: [await machineScaling(peaks)] });
      for (let i = 0; i < contenders.length; i++) {
        const at = (i + Math.max(0, round)) % contenders.length; // each is first in turn
        const { id } = contenders[at];
        if (alone) await start(contenders[at]);
        const stage = stages.get(id);
        await sleep(PAUSE_MS);
        add('peak', await peak.call('turn', 'peak'));
        for (const work of stage.works) {
          const before = await stage.cpu();
          const found = await stage.call('turn', work);
          const after = await stage.cpu();
          if (round < 0) continue;
          add(id, found);
          if (work === stage.works[0]) add(id, { cpu: [(after - before) / found[work].length] });
        }
        if (alone) await close(id);
      }
    }
  } finally {
    await Promise.all([...peaks, ...stages.values()].map((stage) => stage.close()));
  }
  return results;
}
