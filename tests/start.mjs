// SPDX-License-Identifier: MIT
// third_party/node24/bin/node tests/start.mjs [TRIES [PACKAGE...]]: from the import on a plain page
// to the first result in Chromium, each try in a fresh profile, packages (dist) in turn: the
// default model on the live clip, and a small depth network alone. Prints medians of the clock,
// the processor time of the page and its worker, and the ratios to the first package's.

import { launch, openPage } from './browser/support.mjs';
import { liveFrames, median } from './support.mjs';

const TRIES = Number(process.argv[2] ?? 9);
const PACKAGES = process.argv.length > 3 ? process.argv.slice(3) : ['dist'];
const MODELS = ['fusion-sgtd', 'fas-sgtd-128-w8'];
const FRAMES = 5;

const hooks = [];
const browser = await launch({ after: (hook) => hooks.push(hook) });
const system = await browser.newBrowserCDPSession();
const clip = (await liveFrames()).filter((_, i) => i % 3 === 0).slice(0, FRAMES);
const bytes = Buffer.concat(clip.map(({ data }) => data));

/** Of all pages: those that wait use none. */
async function processorMs() {
  const { processInfo } = await system.send('SystemInfo.getProcessInfo');
  return processInfo
    .filter(({ type }) => type === 'renderer')
    .reduce((sum, { cpuTime }) => sum + 1000 * cpuTime, 0);
}

/** In the page: milliseconds from the import to each step. */
async function start([model, { width, height, format }, count]) {
  const all = new Uint8Array(await (await fetch('/frames')).arrayBuffer());
  const size = all.length / count;
  const steps = {};
  const begin = performance.now();
  const note = (name) => {
    steps[name] = performance.now() - begin;
  };
  const { loadLiveness } = await import('/livedepth/index.js');
  note('import');
  const liveness = await loadLiveness({ model });
  note('load');
  const session = liveness.start();
  for (let i = 0; i < count; i++) {
    const data = all.subarray(i * size, (i + 1) * size);
    const frame = { data, width, height, format, timestamp: i * 120_000 };
    const { accepted } = await session.push(frame);
    if (!accepted) throw new Error(`frame ${i} was not taken`);
    if (i === 0) note('frame');
  }
  note('frames');
  return steps;
}

async function once(dist, model) {
  const after = [];
  const { page } = await openPage({ after: (hook) => after.push(hook) }, browser, {
    isolated: false,
    mounts: { '/livedepth/': dist },
    answer(path, response) {
      if (path !== '/frames') return false;
      response.end(bytes);
      return true;
    },
  });
  await page.waitForTimeout(100);
  const before = await processorMs();
  const steps = await page.evaluate(start, [model, clip[0], FRAMES]);
  steps.processor = (await processorMs()) - before;
  await page.context().close();
  for (const hook of after) await hook();
  return steps;
}

const NAMES = ['import', 'load', 'frame', 'frames', 'processor'];
for (const model of MODELS) {
  const tries = PACKAGES.map(() => []);
  for (let i = -1; i < TRIES; i++) {
    for (const j of PACKAGES.keys()) {
      const k = (i + 1 + j) % PACKAGES.length; // none is always the first
      const steps = await once(PACKAGES[k], model);
      if (i >= 0) tries[k].push(steps);
    }
  }
  console.log(`${model}: ms since the import, medians of ${TRIES}; (ratio of neighbours)`);
  for (const [k, dist] of PACKAGES.entries()) {
    const line = NAMES.map((name) => {
      const ratio = median(tries[k].map((steps, i) => steps[name] / tries[0][i][name]));
      const least = Math.min(...tries[k].map((steps) => steps[name]));
      const ms = median(tries[k].map((steps) => steps[name])).toFixed(0);
      return `${name} ${ms} least ${least.toFixed(0)} (${ratio.toFixed(2)})`;
    });
    console.log(`  ${dist}: ${line.join(', ')}`);
  }
}
for (const hook of hooks) await hook();
