// SPDX-License-Identifier: MIT
// Side by side: every contender is ready before the first round, and in each round each has one
// turn, so that what else the machine does hits all alike.

const PAUSE_MS = 150; // threads of the one before spin for a while

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const variant = (name, threads) => ({
  id: `livedepth ${name} ${threads}`, name: 'livedepth', options: { variant: name, threads },
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

/**
 * @param {() => Promise<any>} openStage @param {ReturnType<typeof contendersOf>} contenders
 * @param {string} set @param {{rounds: number, warm: number}} times
 * @typedef {{errors: object, memory: number, samples: Record<string, number[]>}} Measured
 * @returns {Promise<Map<string, Measured>>}
 */
export async function measure(openStage, contenders, set, { rounds, warm }) {
  const peak = { id: 'peak', name: 'peak', options: {} };
  const stages = [];
  const results = new Map();
  try {
    for (const each of [...contenders, peak]) {
      const stage = await openStage();
      stages.push(stage);
      await stage.call('open', each.name, set, each.options);
      results.set(each.id, { ...await stage.call('check'), samples: {} });
      if (each !== peak) {
        const errors = Object.entries(results.get(each.id).errors).map(([name, error]) => (
          `${name} ${error.toExponential(1)}`));
        console.log(`    ${each.id.padEnd(22)} off by ${errors.join(', ')}`);
      }
    }
    const all = [...contenders, peak];
    for (let round = -warm; round < rounds; round++) {
      for (let i = 0; i < all.length; i++) {
        const at = (i + Math.max(0, round)) % all.length; // each is first in turn
        await sleep(PAUSE_MS);
        const found = await stages[at].call('round');
        if (round < 0) continue;
        const { samples } = results.get(all[at].id);
        for (const [work, values] of Object.entries(found)) {
          (samples[work] ??= []).push(...values);
        }
      }
    }
  } finally {
    await Promise.all(stages.map((stage) => stage.close()));
  }
  return results;
}
