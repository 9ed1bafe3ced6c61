#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Our engine beside the runtimes that a user would pick instead: the same networks, weights and
// frames, in one run. Needs dist/, third_party/venv and Chromium (make all environment tools), and
// the first time the network, for the peers' packages.
//
//     third_party/node24/bin/node tests/peers/bench.mjs     5 to 10 minutes, by what else runs
//       --full            256x256, width 1, besides: half an hour
//       --sets LIST       these networks instead, SIZExWIDTH or minifasnet-v2, with commas
//       --parts LIST      of chromium,node,cold,growth
//       --threads LIST    1,2
//       --rounds N, --tries N
//
// Prints a table, and writes build/bench/results.json and pictures of it.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { coldStarts } from './cold.mjs';
import { makeGrowthModels, measureGrowth } from './growth.mjs';
import { printCold, printGrowth, printScaling, printSet, rowsOf } from './report.mjs';
import { contendersOf, measure } from './rounds.mjs';
import { BENCH, copyDist, installPeers, makeSet, parseSet, ROOT } from './setup.mjs';
import { openChromium, openProcess } from './stages.mjs';

const QUICK = ['128x0.25', '128x0.125', 'minifasnet-v2', 'minifasnet-v1se'];
const LARGE = '256x1';
/** size^2 x width: from here on few rounds, and one contender in memory at a time. */
const LARGE_WORK = 256 * 256 * 0.5;

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    sets: { type: 'string' },
    parts: { type: 'string', default: 'chromium,node,cold,growth' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '9' },
    tries: { type: 'string', default: '7' },
  },
});
const parts = options.parts.split(',');
const sets = (options.sets?.split(',') ?? [...QUICK, ...(options.full ? [LARGE] : [])]).map(
  parseSet,
);
const rounds = Number(options.rounds);
const threadCounts = options.threads.split(',').map(Number);

const packageVersion = (name) =>
  JSON.parse(
    readFileSync(join(ROOT, 'third_party/peers/node_modules', name, 'package.json'), 'utf8'),
  ).version;

installPeers();
copyDist();
sets.forEach(makeSet);
if (parts.includes('growth')) makeGrowthModels();

const chromium = await openChromium();
const results = {
  date: new Date().toISOString(),
  machine: {
    cpu: cpus()[0].model,
    cores: cpus().length,
    memory_bytes: totalmem(),
    load_before: loadavg(),
  },
  versions: {
    livedepth: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: ROOT,
      encoding: 'utf8',
    }).stdout.trim(),
    chromium: chromium.version,
    node: process.version,
    ...Object.fromEntries(
      ['onnxruntime-web', '@litertjs/core', '@tensorflow/tfjs-backend-wasm'].map((name) => [
        name,
        packageVersion(name),
      ]),
    ),
  },
  /** @type {any[]} */ rows: [],
  /** @type {any[]} */ contenders: [],
  /** @type {any[]} */ peaks: [],
};
/** @type {Record<string, () => Promise<any>>} */
const STAGES = { chromium: chromium.contender, node: openProcess };

for (const set of sets) {
  const about = join(BENCH, 'models', set.name, 'expected.json');
  const { gflop } = JSON.parse(readFileSync(about, 'utf8'));
  const large = set.work >= LARGE_WORK;
  for (const where of ['chromium', 'node'].filter((each) => parts.includes(each))) {
    console.log(`\n# ${set.title}, ${where}`);
    const measured = await measure(STAGES[where], contendersOf(where, threadCounts), set.name, {
      rounds: large ? Math.min(3, rounds) : rounds,
      warm: large ? 0 : 2,
      alone: large,
    });
    const { rows, contenders, peaks } = rowsOf(measured, { title: set.title, where, gflop });
    results.rows.push(...rows);
    results.contenders.push(...contenders);
    results.peaks.push({ title: set.title, where, ...peaks });
    printSet(rows, contenders, peaks);
    printScaling(contenders, peaks);
  }
}
if (parts.includes('cold')) {
  results.cold = await coldStarts(chromium, sets[0].name, Number(options.tries));
  printCold(results.cold, sets[0]);
}
await chromium.close();
if (parts.includes('growth')) {
  results.growth = await measureGrowth({ rounds: Math.min(7, rounds), throughputMs: 4000 });
  printGrowth(results.growth);
}
results.machine.load_after = loadavg();
const file = join(BENCH, 'results.json');
writeFileSync(file, JSON.stringify(results, null, 1));
console.log(`\n${file}`);
const python = process.env.PYTHON ?? join(ROOT, 'third_party/venv/bin/python');
if (existsSync(python)) {
  spawnSync(python, [join(ROOT, 'tests/bench_plots.py'), file], { stdio: 'inherit' });
}
