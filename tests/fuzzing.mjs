// SPDX-License-Identifier: MIT
// What the scripts of `make fuzz` share: chance that a seed repeats, damage, and a loop in a thread
// of its own, so that the main thread sees when an input hangs.

import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { LivenessError } from '../js/engine/errors.js';

const HANG_MS = 30_000; // of a machine with more to do

/** xorshift32. @returns {(below: number) => number} */
export function random(seed) {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** One to four edits: a byte, a bit, an end, a word put in, a part taken out or doubled.
 * @param {Uint8Array} seed @param {(below: number) => number} below
 * @param {readonly string[]} words  latin1 */
export function damage(seed, below, words) {
  let bytes = Buffer.from(seed);
  for (let edits = 1 + below(4); edits > 0; edits--) {
    const at = below(bytes.length + 1);
    const end = Math.min(bytes.length, at + below(20));
    const word = Buffer.from(words[below(words.length)], 'latin1');
    const kinds = [
      () => {
        if (bytes.length) bytes[at % bytes.length] = below(256);
      },
      () => {
        if (bytes.length) bytes[at % bytes.length] ^= 1 << below(8);
      },
      () => {
        bytes = bytes.subarray(0, at);
      },
      () => {
        bytes = Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at)]);
      },
      () => {
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
      },
      () => {
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
      },
    ];
    kinds[below(kinds.length)]();
  }
  return bytes;
}

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {(below: (below: number) => number) => any} input  the next one
 * @property {(input: any, below: (below: number) => number) => Promise<string | void>} run  rejects
 *   with a LivenessError, or says what came out
 */

/** The loop, in its thread. @param {string} name @param {readonly Target[]} targets */
async function loop(name, targets, { seconds, seed, beats }) {
  const beat = new Int32Array(beats);
  const below = random(seed);
  const end = performance.now() + seconds * 1000;
  const outcomes = new Map();
  let count = 0;
  for (; performance.now() < end; count++) {
    const target = targets[below(targets.length)];
    const input = await target.input(below);
    Atomics.add(beat, 0, 1);
    let outcome;
    try {
      outcome = (await target.run(input, below)) ?? 'read';
    } catch (error) {
      if (!(error instanceof LivenessError)) {
        const text = input instanceof Uint8Array ? Buffer.from(input).toString('hex') : input;
        console.error(`${target.name}, seed ${seed}, input ${count}:`, text);
        throw error;
      }
      outcome = error.code;
    }
    const row = `${target.name} ${outcome}`;
    outcomes.set(row, (outcomes.get(row) ?? 0) + 1);
  }
  for (const [row, times] of [...outcomes].sort())
    console.log(`  ${String(times).padStart(9)} ${row}`);
  console.log(`${name}: ${count} inputs, seed ${seed}: only typed errors`);
}

/**
 * Runs the targets for FUZZ_SECONDS (10); FUZZ_SEED repeats a run. Called in the main thread it
 * starts the same script in another one.
 *
 * @param {string} script  import.meta.url of who calls
 * @param {string} name
 * @param {() => Promise<{targets: readonly Target[], end?: () => Promise<void>}>} prepare
 */
export async function fuzz(script, name, prepare) {
  if (!isMainThread) {
    const { targets, end } = await prepare();
    await loop(name, targets, workerData);
    await end?.();
    return;
  }
  const seconds = Number(process.env.FUZZ_SECONDS ?? 10);
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  const beats = new SharedArrayBuffer(4);
  const worker = new Worker(new URL(script), { workerData: { seconds, seed, beats } });
  let seen = 0; // the thread is still starting
  const watch = setInterval(() => {
    const now = Atomics.load(new Int32Array(beats), 0);
    if (now > 0 && now === seen) {
      console.error(`${name}: input ${now} of seed ${seed} takes more than ${HANG_MS} ms`);
      process.exit(1);
    }
    seen = now;
  }, HANG_MS);
  worker.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  worker.on('exit', () => clearInterval(watch));
}
