// SPDX-License-Identifier: MIT
// The quick part of tests/bundlers/matrix.mjs: no bundler, one that needs baseUrl, one that does
// not. `make bundlers` runs all.

import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { CHROMIUM, launch } from './browser/support.mjs';
import { check, makeClip, pack, prepare } from './bundlers/matrix.mjs';

const skip = existsSync(CHROMIUM) ? false : `no ${CHROMIUM}`;
let bench;
before(async () => {
  if (skip) return;
  const browser = await launch({ after() {} });
  bench = { browser, clip: await makeClip(), tarball: pack() };
});
after(async () => {
  if (!bench) return;
  rmSync(bench.tarball);
  await bench.browser.close();
});

for (const name of ['plain', 'esbuild-0.28.2', 'vite-8.3.8']) {
  test(`${name}: the built page gives Node's bits, isolated or not`, { skip }, async (t) => {
    try {
      prepare(name, bench.tarball);
    } catch (error) {
      t.skip(`cannot be installed: ${error.message}`); // no registry, no bundler
      return;
    }
    const { pages } = await check(name, bench);
    for (const { how, score, variant, errors } of pages) {
      assert.deepEqual(errors, []);
      assert.equal(score, bench.clip.score);
      assert.equal(variant, how === 'isolated' ? 'simd-mt' : 'simd');
    }
  });
}
