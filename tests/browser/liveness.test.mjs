// SPDX-License-Identifier: MIT
// The package in a real browser: the same answers as in Node, bit for bit, and a typed error for
// every way in which loading can fail.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { DEFAULT_MODEL, loadLiveness, readY4m } from '../../js/node/node.js';
import { collect, path } from '../support.mjs';
import { launch, openPage, STRICT_CSP } from './support.mjs';

const CLIPS = { live: 'tests/clips/live.y4m.gz', spoof: 'tests/clips/replay.y4m.gz' };
const sha1 = (bytes) => createHash('sha1').update(bytes).digest('hex');

let node;
before(async () => {
  node = await loadLiveness();
});
after(() => node.close());

let shared; // a browser without a camera, for what needs none
const hooks = [];
before(async () => {
  shared = await launch({ after: (hook) => hooks.push(hook) });
});
after(() => Promise.all(hooks.map((hook) => hook())));

/** The y4m file that Chromium takes for a camera, and the frames by their hash. */
async function camera(clip) {
  const file = join(tmpdir(), `livedepth-${clip}-${process.pid}.y4m`);
  writeFileSync(file, gunzipSync(readFileSync(path(CLIPS[clip]))));
  const frames = await collect(readY4m(path(CLIPS[clip])));
  return { file, byHash: new Map(frames.map((frame) => [sha1(frame.data), frame])) };
}

/** What a page does: camera, session, verdict; with a hash of each frame that went in. */
async function capture(options) {
  const { loadLiveness } = await import('/livedepth/index.js');
  const { openCamera } = await import('/livedepth/camera.js');
  const liveness = await loadLiveness(options);
  const opened = await openCamera();
  const session = liveness.start({ depth: 'every' });
  const seen = [];
  const hash = async (frame) => {
    const bytes = new Uint8Array(frame.allocationSize());
    await frame.copyTo(bytes);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  for await (const frame of opened.frames()) {
    const { timestamp } = frame;
    const digest = await hash(frame);
    const { accepted } = await session.push(frame);
    if (accepted) seen.push({ digest, timestamp });
    if (session.state === 'done') break;
  }
  const result = await session.result;
  await opened.close();
  await liveness.close();
  const maps = [result.depth, ...result.pairs].map(({ data }) => [...data]);
  const light = opened.track.readyState;
  return { ...result, depth: null, pairs: null, maps, seen, light };
}

// The replay is made, not recorded; the depth network alone calls it what it is.
for (const [clip, verdict, model] of [
  ['live', 'live', DEFAULT_MODEL],
  ['spoof', 'spoof', 'fas-sgtd-128-w8'],
]) {
  for (const [threads, isolated] of [
    [1, false],
    [2, true],
  ]) {
    test(`${clip} clip as a camera, ${threads} thread(s): Node's bits`, async (t) => {
      const { file, byHash } = await camera(clip);
      const browser = await launch(t, { camera: file });
      const { page, errors } = await openPage(t, browser, { isolated });
      const result = await page.evaluate(capture, { variant: 'simd', threads, model });
      const frames = result.seen.map(({ digest, timestamp }) => ({
        ...byHash.get(digest),
        timestamp,
      }));
      assert.ok(frames.length >= 10);
      assert.ok(
        frames.every(({ data }) => data),
        'a frame is not one of the file',
      );
      const node = await loadLiveness({ model });
      t.after(() => node.close());
      const own = await node.analyze(frames, { depth: 'every' });
      assert.deepEqual(
        [result.verdict, result.score, result.scores, result.votes],
        [own.verdict, own.score, own.scores, own.votes],
      );
      assert.equal(result.verdict, verdict);
      assert.deepEqual(
        result.maps,
        [own.depth, ...own.pairs].map(({ data }) => [...data]),
      );
      assert.deepEqual(result.frames, own.frames);
      assert.deepEqual(result.quality, JSON.parse(JSON.stringify(own.quality)));
      assert.deepEqual(
        [result.engine.variant, result.engine.threads],
        [threads > 1 ? 'simd-mt' : 'simd', threads],
      );
      assert.equal(result.engine.model.sha256, own.engine.model.sha256);
      assert.equal(result.light, 'ended');
      assert.deepEqual(errors, []);
    });
  }
}

test('a recorded clip: analyze() equals Node, relaxed is close, any kind of frame', async (t) => {
  const { page, errors } = await openPage(t, shared);
  const frames = await collect(readY4m(path(CLIPS.live)));
  const own = await node.analyze(frames);
  const given = frames.map(({ data, ...rest }) => ({
    ...rest,
    data: Buffer.from(data).toString('base64'),
  }));
  const results = await page.evaluate(async (given) => {
    const { loadLiveness } = await import('/livedepth/index.js');
    const frames = given.map((frame) => ({
      ...frame,
      data: Uint8Array.from(atob(frame.data), (c) => c.charCodeAt(0)),
    }));
    const video = () =>
      frames.map(
        ({ data, width, height, timestamp }) =>
          new VideoFrame(data, {
            format: 'I420',
            codedWidth: width,
            codedHeight: height,
            timestamp,
            colorSpace: { matrix: 'smpte170m', fullRange: false },
          }),
      );
    const answers = {};
    for (const variant of ['simd', 'relaxed']) {
      const liveness = await loadLiveness({ variant, threads: 1 });
      const opened = video();
      answers[variant] = [await liveness.analyze(frames), await liveness.analyze(opened)];
      answers.leaked = opened.filter((frame) => frame.codedWidth > 0).length;
      answers.intact = frames.every((frame) => frame.data.length === 180000);
      await liveness.close();
    }
    return JSON.parse(JSON.stringify(answers));
  }, given);
  for (const each of results.simd) {
    assert.equal(each.score, own.score);
    assert.deepEqual(Object.values(each.depth.data), [...own.depth.data]);
  }
  for (const each of results.relaxed) assert.ok(Math.abs(each.score - own.score) < 1e-3);
  assert.deepEqual([results.leaked, results.intact], [0, true]);
  assert.deepEqual(errors, []);
});

/** The error of loadLiveness(options) in a page, as plain data; or the engine's variant. */
const loadIn = (page, options = {}, before = '') =>
  page.evaluate(
    async ([options, before]) => {
      if (before) await import(before);
      const { loadLiveness } = await import('/livedepth/index.js');
      try {
        const liveness = await loadLiveness(options);
        const { variant, fallback } = liveness.info;
        await liveness.close();
        return { variant, fallback };
      } catch ({ name, code, detail, retryable, message }) {
        return { name, code, detail, retryable, message };
      }
    },
    [options, before],
  );

/** Serves text in place of a file of dist. */
const instead = (name, change) => (path, response) => {
  if (!path.endsWith(`/${name}`)) return false;
  const type = name.endsWith('.js') ? 'text/javascript' : 'application/octet-stream';
  const { status = 200, body, headers = {} } = change(readFileSync(`dist/${name}`));
  response.writeHead(status, {
    'content-type': type,
    'cross-origin-embedder-policy': 'require-corp',
    ...headers,
  });
  response.end(body);
  return true;
};
const script = (body) => (path, response) => {
  if (path !== '/before.js') return false;
  response.writeHead(200, { 'content-type': 'text/javascript' }).end(body);
  return true;
};
const patchWorker = (from, to) =>
  instead('worker.js', (file) => {
    const text = file.toString();
    assert.ok(text.includes(from));
    return { body: text.replace(from, to) };
  });
const THREAD = { variant: 'simd', threads: 1 };
const WEIGHTS = `${DEFAULT_MODEL}.safetensors`;

const ROWS = [
  [
    '70 no WebAssembly',
    'ENV_UNSUPPORTED',
    {
      answer: script('delete globalThis.WebAssembly;'),
      before: '/before.js',
    },
  ],
  [
    '71 no SIMD (validate() says no)',
    'ENV_UNSUPPORTED',
    {
      answer: script('WebAssembly.validate = () => false;'),
      before: '/before.js',
    },
  ],
  ['72 threads without isolation', 'ENV_UNSUPPORTED', { isolated: false, options: { threads: 2 } }],
  [
    '73 shared memory refused (worker patched)',
    'ENV_OOM',
    {
      answer: patchWorker('return new WebAssembly.Memory({', 'throw new RangeError("no"); ({'),
      options: { threads: 2 },
    },
  ],
  [
    '74 no memory left inside (worker patched)',
    'NO_MEMORY',
    {
      answer: patchWorker('const SHARED_BYTES = 2 ** 27', 'const SHARED_BYTES = 2 ** 24'),
      options: { threads: 2 },
      big: true,
    },
  ],
  [
    '76 the engine hangs while loading (worker patched)',
    'ENV_TIMEOUT',
    {
      answer: patchWorker('engine = await Engine.load(', 'for (;;) {} engine = await Engine.load('),
      options: { ...THREAD, watchdogMs: 1500 },
    },
  ],
  [
    "77 CSP without 'wasm-unsafe-eval'",
    'ENV_CSP_BLOCKED',
    {
      csp: STRICT_CSP.replace(" 'wasm-unsafe-eval'", ''),
    },
  ],
  [
    '79 wasm is not there',
    'ENV_FETCH',
    {
      answer: instead('livedepth-simd.wasm', () => ({ status: 404, body: 'no' })),
      options: THREAD,
    },
  ],
  [
    '80 download is cut',
    'ENV_FETCH',
    {
      answer: instead('livedepth-simd.wasm', (file) => ({
        body: file.subarray(0, 1000),
        headers: { 'content-length': file.length },
      })),
      options: THREAD,
    },
  ],
  [
    '81 wasm is damaged',
    'ENV_INTEGRITY',
    {
      answer: instead('livedepth-simd.wasm', (file) => {
        const body = Buffer.from(file);
        body[body.length >> 1] ^= 1;
        return { body };
      }),
      options: THREAD,
    },
  ],
  [
    '82 weights are others',
    'ENV_INTEGRITY',
    {
      answer: instead(WEIGHTS, (file) => ({ body: file.subarray(8) })),
    },
  ],
  [
    '20 weights are an HTML page',
    'ENV_INTEGRITY',
    {
      answer: instead(WEIGHTS, () => ({ body: '<!doctype html><p>app' })),
      says: /HTML/,
    },
  ],
  [
    '83 CSP blocks workers',
    'ENV_CSP_BLOCKED',
    {
      csp: STRICT_CSP.replace("worker-src 'self'", "worker-src 'none'"),
      says: /worker-src/,
    },
  ],
  [
    '77 CSP blocks fetch',
    'ENV_CSP_BLOCKED',
    {
      csp: STRICT_CSP.replace("connect-src 'self'", "connect-src 'none'"),
      says: /connect-src/,
    },
  ],
  [
    'worker file is not there',
    'ENV_WORKER_FAILED',
    {
      answer: instead('worker-simd.js', () => ({ status: 404, body: 'no' })),
      options: THREAD,
    },
  ],
  [
    'an own model with another hash',
    'ENV_INTEGRITY',
    {
      options: {
        ...THREAD,
        model: '/livedepth/fas-td-128-w8.safetensors',
        modelSha256: '0'.repeat(64),
      },
    },
  ],
  [
    'a model that is none',
    'WEIGHTS_BAD_METADATA',
    {
      options: { ...THREAD, model: '/livedepth/blazeface-short.safetensors' },
    },
  ],
  ['unknown option', 'BAD_ARGUMENT', { options: { simd: true } }],
  ['bad baseUrl', 'BAD_ARGUMENT', { options: { baseUrl: 'http://' } }],
  ['bad watchdog', 'BAD_ARGUMENT', { options: { watchdogMs: NaN } }],
];
for (const [name, code, { options, before: first, says = /./, big, ...served }] of ROWS) {
  test(`${name}: ${code}`, async (t) => {
    const { page } = await openPage(t, shared, served);
    const error = await (big ? pushLarge(page, options) : loadIn(page, options, first));
    assert.deepEqual([error.name, error.code], ['LivenessError', code], JSON.stringify(error));
    assert.match(error.detail, says);
    assert.equal(error.retryable, ['ENV_FETCH', 'ENV_TIMEOUT'].includes(code));
    // Nothing is left behind: the page can go on, with what it still has.
    assert.equal(await page.evaluate('1 + 1'), 2);
  });
}

/** A frame for which the module has no memory left. */
const pushLarge = (page, options) =>
  page.evaluate(async (options) => {
    const { loadLiveness } = await import('/livedepth/index.js');
    const liveness = await loadLiveness(options);
    const [width, height] = [3840, 2160];
    const frame = {
      data: new Uint8Array(width * height * 4),
      width,
      height,
      format: 'RGBA',
      timestamp: 0,
    };
    try {
      return await liveness.analyze([frame]);
    } catch ({ name, code, detail, retryable }) {
      return { name, code, detail, retryable };
    } finally {
      await liveness.close();
    }
  }, options);

test('73 with threads "auto" memory that is refused costs the threads only', async (t) => {
  const { page } = await openPage(t, shared, {
    answer: patchWorker('return new WebAssembly.Memory({', 'throw new RangeError("no"); ({'),
  });
  const { variant, fallback } = await loadIn(page, { variant: 'simd' });
  assert.deepEqual([variant, fallback], ['simd', ['threads_failed']]);
});

test('72 without isolation: one thread, and the result says why', async (t) => {
  const { page } = await openPage(t, shared, { isolated: false });
  const { variant, fallback } = await loadIn(page);
  assert.deepEqual([variant, fallback], ['relaxed', ['not_isolated']]);
});

test('78 a wrong MIME type, 84 offline after loading, 85 a clock set back: fine', async (t) => {
  const { page } = await openPage(t, shared, {
    answer: instead('livedepth-simd.wasm', (body) => ({
      body,
      headers: { 'content-type': 'text/html' },
    })),
  });
  const verdict = await page.evaluate(async () => {
    const { loadLiveness } = await import('/livedepth/index.js');
    const liveness = await loadLiveness({ variant: 'simd', threads: 1 });
    globalThis.liveness = liveness;
    Date.now = () => 0;
    return liveness.info.variant;
  });
  assert.equal(verdict, 'simd');
  await page.context().setOffline(true);
  const result = await page.evaluate(async () => {
    const frame = (i) => ({
      data: new Uint8Array(64 * 64 * 4).map((_, j) => (i * 37 + j) & 255),
      width: 64,
      height: 64,
      format: 'RGBA',
      timestamp: i * 1e5,
    });
    const frames = Array.from({ length: 6 }, (_, i) => frame(i));
    const {
      frames: { clips },
    } = await globalThis.liveness.analyze(frames, { crop: 'none' });
    return clips;
  });
  assert.equal(result, 2);
  await page.context().setOffline(false);
});

/** A page with an engine whose worker does `fault` when it gets a frame of 63 pixels' width. */
async function faultyPage(t, fault) {
  const { page } = await openPage(t, shared, {
    answer: patchWorker('let session;', `if (frame.width === 63) { ${fault} } let session;`),
  });
  await page.evaluate(async () => {
    const { loadLiveness } = await import('/livedepth/index.js');
    const liveness = await loadLiveness({ variant: 'simd', threads: 1, watchdogMs: 1500 });
    globalThis.run = async (side) => {
      const frames = Array.from({ length: 6 }, (_, i) => ({
        data: new Uint8Array(64 * 64 * 4),
        width: side,
        height: 64,
        format: 'RGBA',
        timestamp: i * 1e5,
      }));
      try {
        return (await liveness.analyze(frames, { crop: 'none' })).frames.used;
      } catch ({ code, retryable }) {
        return { code, retryable };
      }
    };
  });
  return page;
}

for (const [name, fault, code] of [
  [
    '75 the worker dies',
    'setTimeout(() => { throw new Error("boom"); }); await new Promise(() => {});',
    'ENV_WORKER_DEAD',
  ],
  ['76 the worker hangs', 'for (;;) {}', 'ENV_TIMEOUT'],
]) {
  test(`${name} (worker patched): ${code}, then once more, then no more`, async (t) => {
    const page = await faultyPage(t, fault);
    const answers = await page.evaluate(async () => [
      await run(64),
      await run(63),
      await run(64),
      await run(63),
      await run(64),
    ]);
    const dead = { code, retryable: true };
    assert.deepEqual(answers, [6, dead, 6, dead, dead]);
  });
}
