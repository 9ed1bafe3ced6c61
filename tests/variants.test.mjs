// SPDX-License-Identifier: MIT
// The same clip through every build of the module: one build gives the same bits for any number of
// threads and any version of Node; relaxed SIMD differs by rounding only.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { cpus } from 'node:os';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import workerThreads from 'node:worker_threads';
import { failure, NODE18, NODE24, noNode18, noNode24, path, run } from './support.mjs';
import { features, loadLiveness } from '../js/node/node.js';

async function digest(variant, threads, options) {
  const { status, stdout, stderr } = await run([variant, threads], {
    ...options,
    script: 'tests/digest.mjs',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}
let reference;
before(async () => {
  reference = await digest('simd', 1);
});

for (const [variant, threads] of [
  ['simd-mt', 1],
  ['simd', 2],
  ['simd', 4],
]) {
  test(`${variant} with ${threads} threads: the same bits`, { timeout: 120_000 }, async () => {
    assert.deepEqual(await digest(variant, threads), reference);
  });
}

for (const [version, node, skip] of [
  [18, NODE18, noNode18],
  [24, NODE24, noNode24],
]) {
  test(`Node ${version}: the same bits`, { skip }, async () => {
    const other = await digest('simd', 1, { node });
    assert.match(other.engine, new RegExp(`^Node ${version}\\.`));
    assert.deepEqual(other.clips, reference.clips);
  });
}

// Node before 22 has relaxed SIMD behind a flag, Node 18 in an older encoding.
const relaxed = features().relaxed ? {} : { node: NODE24 };
for (const threads of [1, 2]) {
  test(`relaxed with ${threads} threads: the score within 1e-4`, { timeout: 120_000 }, async () => {
    const { clips } = await digest('relaxed', threads, relaxed);
    for (const [i, { score }] of clips.entries()) {
      const { score: ours } = reference.clips[i];
      assert.ok(Math.abs(score - ours) <= 1e-4, `${score} and ${ours}`);
    }
  });
}

for (const [version, node, skip] of [
  ['on PATH', process.execPath, false],
  [18, NODE18, noNode18],
]) {
  test(`threads 'auto' knows the cores: Node ${version}`, { skip }, async () => {
    const text = `const { loadLiveness } = await import('./js/node/node.js');
      const { info, close } = await loadLiveness({ detector: null, threads: 'auto' });
      console.log(info.threads, info.fallback.join());
      process.exit();`;
    const { stdout } = await promisify(execFile)(node, ['--input-type=module', '-e', text], {
      cwd: path('.'),
    });
    assert.equal(stdout.trim(), cpus().length > 1 ? '2' : '1 one_core');
  });
}

test('with threads: one session at a time, analyses queue up', { timeout: 120_000 }, async (t) => {
  const liveness = await loadLiveness({ detector: null, threads: 2 });
  t.after(() => liveness.close());
  const data = new Uint8Array(64 * 64 * 4);
  const frames = Array.from({ length: 6 }, (_, i) => ({
    data,
    width: 64,
    height: 64,
    format: 'RGBA',
    timestamp: i * 1e5,
  }));
  const results = await Promise.all(
    [1, 2, 3].map(() => liveness.analyze(frames, { crop: 'none' })),
  );
  for (const { score } of results) assert.equal(score, results[0].score);
  const session = liveness.session({ crop: 'none' });
  assert.equal((await failure(() => liveness.session({ crop: 'none' }))).code, 'API_BUSY');
  session.close();
  liveness.session({ crop: 'none' }).close();
});

test('closing ends the threads', { timeout: 120_000 }, async (t) => {
  const { Worker } = workerThreads;
  const ends = [];
  workerThreads.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      ends.push(once(this, 'exit'));
    }
  };
  syncBuiltinESMExports();
  t.after(() => {
    workerThreads.Worker = Worker;
    syncBuiltinESMExports();
  });
  const liveness = await loadLiveness({ detector: null, threads: 4 });
  liveness.session({ crop: 'none' }).close();
  liveness.close();
  assert.equal(ends.length, 3);
  await Promise.all(ends);
});
