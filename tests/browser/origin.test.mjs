// SPDX-License-Identifier: MIT
// The package on another origin, as on a CDN: imported from there, and named by baseUrl.

import assert from 'node:assert/strict';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { liveFrames, temporaryFolder } from '../support.mjs';
import { launch, openPage, startServer } from './support.mjs';

const browser = await launch({ after });
const given = (await liveFrames()).map(({ data, ...rest }) => ({
  ...rest,
  data: Buffer.from(data).toString('base64'),
}));
const DIST = { '/livedepth/': 'dist' };
const ALLOW = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
};

/** Another origin, with these headers. */
async function cdn(t, headers, mounts = DIST) {
  const server = await startServer({ mounts, isolated: false, csp: null, headers });
  t.after(() => server.close());
  return server.origin;
}

/** What comes of the clip there: the verdict and the engine, or the error. */
const analyze = (page, origin, how, options = {}) =>
  page.evaluate(
    async ([from, base, clip, more]) => {
      const { loadLiveness } = await import(from);
      try {
        const liveness = await loadLiveness({ ...(base ? { baseUrl: base } : {}), ...more });
        const frames = clip.map(({ data, ...rest }) => ({
          ...rest,
          data: Uint8Array.from(atob(data), (c) => c.charCodeAt(0)),
        }));
        const { verdict, engine } = await liveness.analyze(frames, { depth: 'none' });
        await liveness.close();
        return { verdict, threads: engine.threads, fallback: engine.fallback };
      } catch ({ code, detail }) {
        return { code, detail };
      }
    },
    [
      how === 'import' ? `${origin}/livedepth/index.js` : '/livedepth/index.js',
      how === 'import' ? null : `${origin}/livedepth/`,
      given,
      options,
    ],
  );

test('where policy allows it works, with one thread', async (t) => {
  const origin = await cdn(t, ALLOW);
  for (const isolated of [false, true]) {
    const csp =
      `default-src 'none'; script-src 'self' ${origin} 'wasm-unsafe-eval'; ` +
      `worker-src 'self' blob:; connect-src 'self' ${origin}`;
    const { page, errors } = await openPage(t, browser, { isolated, csp });
    for (const how of ['import', 'baseUrl']) {
      const { verdict, threads, fallback } = await analyze(page, origin, how);
      const what = `${how}, isolated: ${isolated}`;
      assert.deepEqual([verdict, threads], ['live', 1], what);
      assert.ok(fallback.includes(isolated ? 'threads_failed' : 'not_isolated'), what);
    }
    assert.deepEqual(errors, []);
  }
});

test('where it does not, an error says what to host', async (t) => {
  const origin = await cdn(t, ALLOW);
  const { page } = await openPage(t, browser, { csp: null, isolated: true });
  const threads = await analyze(page, origin, 'baseUrl', { threads: 2 });
  assert.equal(threads.code, 'ENV_WORKER_FAILED');
  assert.match(threads.detail, /own origin.*baseUrl/);

  const strict = await openPage(t, browser, {
    csp: `script-src 'self' ${origin} 'wasm-unsafe-eval'; worker-src 'self'; connect-src *`,
    isolated: false,
  });
  const blocked = await analyze(strict.page, origin, 'baseUrl');
  assert.equal(blocked.code, 'ENV_CSP_BLOCKED');
  assert.match(blocked.detail, /blob by worker-src/);

  const silent = await cdn(t, {});
  const open = await openPage(t, browser, { csp: null, isolated: false });
  const refused = await analyze(open.page, silent, 'baseUrl');
  assert.match(refused.code, /^ENV_(WORKER_FAILED|FETCH)$/);
});

test('a worker of another origin runs only as the bytes of this version', async (t) => {
  const folder = temporaryFolder((hook) => t.after(hook));
  cpSync('dist', folder, { recursive: true });
  appendFileSync(join(folder, 'worker-simd.js'), '\n'); // it would run
  const origin = await cdn(t, ALLOW, { '/livedepth/': folder });
  const csp =
    `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; ` +
    `worker-src blob:; connect-src ${origin}`;
  const { page } = await openPage(t, browser, { csp, isolated: false });
  const changed = await analyze(page, origin, 'baseUrl', { variant: 'simd' });
  assert.equal(changed.code, 'ENV_INTEGRITY');
  const other = await analyze(page, origin, 'baseUrl', { variant: 'relaxed' });
  assert.equal(other.verdict, 'live');
});
