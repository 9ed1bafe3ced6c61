// SPDX-License-Identifier: MIT
// How our cost grows with the length of the clip, the resolution, the width, and the number of
// sessions at once; in this process, and for sessions in one worker thread each.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { BENCH, makeGrowth } from './setup.mjs';
import { median } from './rounds.mjs';

const WIDTHS = [0.0625, 0.125, 0.25, 0.5];
const SIZES = [64, 96, 128, 160, 192, 256];
const LENGTHS = [2, 3, 5, 8, 12, 16];
const SESSIONS = [1, 2, 3, 4];
const [SIZE, WIDTH, FRAMES] = [128, 0.25, 5];

const file = (width, size, frames) =>
  join(BENCH, 'models', `growth-${width}`, `growth-${width}-${size}-${frames}.safetensors`);

export function makeGrowthModels() {
  for (const width of WIDTHS) {
    makeGrowth(
      width,
      width === WIDTH
        ? [
            ...SIZES.map((size) => [size, FRAMES]),
            ...LENGTHS.filter((n) => n !== FRAMES).map((frames) => [SIZE, frames]),
          ]
        : [[SIZE, FRAMES]],
    );
  }
}

/** An engine's cost: milliseconds of a clip and of the next one, bytes of memory. */
async function open(model) {
  const { loadLiveness } = await import(pathToFileURL(join(BENCH, 'dist/node.js')).href);
  const liveness = await loadLiveness({ model, detector: null, variant: 'relaxed', threads: 1 });
  const {
    views: [{ size: inputSize }],
    frames,
    frameIntervalMs,
  } = liveness.info.model;
  const session = liveness.session({ crop: 'none' });
  const data = new Uint8Array(inputSize ** 2 * 4).map((_, i) => (i * 7919) & 255);
  const push = (i) =>
    session.push({
      data,
      width: inputSize,
      height: inputSize,
      format: 'RGBA',
      timestamp: i * frameIntervalMs * 1000,
    });
  const clip = () => {
    session.reset();
    const start = performance.now();
    for (let i = 0; i < frames; i++) push(i);
    return performance.now() - start;
  };
  const turn = () => {
    const ms = clip();
    const start = performance.now();
    push(frames);
    return { clip: ms, next: performance.now() - start };
  };
  return { clip, turn, memory: () => liveness.memoryBytes, close: () => liveness.close() };
}

async function cost(models, rounds) {
  const engines = [];
  for (const model of models) engines.push({ engine: await open(model), turns: [] });
  for (let round = -1; round < rounds; round++) {
    for (const { engine, turns } of engines) {
      const turn = engine.turn();
      if (round >= 0) turns.push(turn);
    }
  }
  return engines.map(({ engine, turns }) => {
    const memory = engine.memory();
    engine.close();
    return {
      clip_ms: median(turns.map(({ clip }) => clip)),
      next_ms: median(turns.map(({ next }) => next)),
      memory_bytes: memory,
    };
  });
}

/** Clips a second of `count` workers that score clips without a pause for `ms`. */
async function throughput(count, ms) {
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL(import.meta.url), { workerData: file(WIDTH, SIZE, FRAMES) }),
  );
  const answer = (worker, message) =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      if (message) worker.postMessage(message);
    });
  const answers = (message) => Promise.all(workers.map((worker) => answer(worker, message)));
  await answers(null);
  const all = await answers({ ms });
  await Promise.all(workers.map((worker) => worker.terminate()));
  return {
    clips_per_s: all.reduce((sum, { clips, elapsed }) => sum + clips / elapsed, 0) * 1000,
    clip_ms: median(all.flatMap(({ times }) => times)),
    memory_bytes: all.reduce((sum, { memory }) => sum + memory, 0),
  };
}

/** @param {{rounds: number, throughputMs: number}} times */
export async function measureGrowth({ rounds, throughputMs }) {
  const rows = async (name, values, model) => {
    const costs = await cost(values.map(model), rounds);
    return values.map((value, i) => ({ [name]: value, ...costs[i] }));
  };
  const growth = {
    frames: await rows('frames', LENGTHS, (frames) => file(WIDTH, SIZE, frames)),
    size: await rows('size', SIZES, (size) => file(WIDTH, size, FRAMES)),
    width: await rows('width', WIDTHS, (width) => file(width, SIZE, FRAMES)),
    sessions: [],
  };
  for (const sessions of SESSIONS) {
    growth.sessions.push({ sessions, ...(await throughput(sessions, throughputMs)) });
  }
  return growth;
}

if (!isMainThread && typeof workerData === 'string') {
  const engine = await open(workerData);
  engine.clip();
  parentPort.on('message', ({ ms }) => {
    const start = performance.now();
    const times = [];
    while (performance.now() < start + ms) times.push(engine.clip());
    const elapsed = performance.now() - start;
    parentPort.postMessage({ times, clips: times.length, elapsed, memory: engine.memory() });
  });
  parentPort.postMessage('ready');
}
