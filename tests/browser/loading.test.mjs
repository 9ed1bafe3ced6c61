// SPDX-License-Identifier: MIT
// The package in a page that lacks something: a typed error for every way in which loading can
// fail, and what goes on without.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { DEFAULT_MODEL } from '../../js/node/node.js';
import { launch, openPage, STRICT_CSP } from './support.mjs';

let shared; // a browser without a camera
const hooks = [];
before(async () => {
  shared = await launch({ after: (hook) => hooks.push(hook) });
});
after(() => Promise.all(hooks.map((hook) => hook())));

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
/** In whichever worker it asks for. */
const patchWorker = (from, to) => (path, response) =>
  /\/worker-[\w-]+\.js$/.test(path) &&
  instead(path.split('/').at(-1), (file) => {
    const text = file.toString();
    assert.ok(text.includes(from));
    return { body: text.replace(from, to) };
  })(path, response);
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
      answer: patchWorker('var SHARED_BYTES = 2 ** 27', 'var SHARED_BYTES = 2 ** 24'),
      options: { threads: 2 },
      big: true,
    },
  ],
  [
    '76 the engine hangs while loading (worker patched)',
    'ENV_TIMEOUT',
    {
      answer: patchWorker('engine = await Engine.load(', 'for (;;) {} engine = await Engine.load('),
      options: { ...THREAD, watchdogMs: 5000 },
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
    'a shipped model with another hash',
    'ENV_INTEGRITY',
    { options: { ...THREAD, modelSha256: '0'.repeat(64) } },
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
  const { page, server } = await openPage(t, shared, {
    answer: patchWorker('return new WebAssembly.Memory({', 'throw new RangeError("no"); ({'),
  });
  const { variant, fallback } = await loadIn(page, { variant: 'simd' });
  assert.deepEqual([variant, fallback], ['simd', ['threads_failed']]);
  const weights = server.requests.filter((path) => path.endsWith('.safetensors'));
  assert.equal(weights.length, 2, 'what had come is not fetched again');
});

/** From now on the page's time goes on when the test says so, and only then. */
async function stopTime(page) {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt('2000-01-01');
}

const FILES = {
  wasm: 'livedepth-simd.wasm',
  model: WEIGHTS,
  detector: 'blazeface-short.safetensors',
  worker: 'worker-simd.js',
};
const PAUSE = 15_000; // of the 20 s in which something must come

/** A page without time whose engine loads, over a line that brings what the test sends.
 * loading: the error's code and detail, or undefined. */
async function slowPage(t) {
  const asked = {}; // file to response
  const arrivals = {}; // what comes to whom it is told
  const waits = Object.keys(FILES).map(
    (file) =>
      new Promise((resolve) => {
        asked[file] = resolve;
      }),
  );
  const { page } = await openPage(t, shared, {
    answer(path, response) {
      const file = Object.keys(FILES).find((each) => path.endsWith(`/${FILES[each]}`));
      if (file) asked[file](response);
      return file !== undefined;
    },
  });
  await page.exposeFunction('came', (...what) => arrivals[what]?.());
  await stopTime(page);
  const loading = page.evaluate(async (options) => {
    globalThis.Worker = class extends Worker {
      constructor(...args) {
        super(...args);
        this.addEventListener('message', () => globalThis.came('worker'), { once: true });
      }
    };
    const { digest } = SubtleCrypto.prototype; // of whole files: their download is over
    SubtleCrypto.prototype.digest = function (name, bytes) {
      globalThis.came('whole', bytes.byteLength);
      return digest.call(this, name, bytes);
    };
    const { loadLiveness } = await import('/livedepth/index.js');
    const onProgress = ({ file, loaded }) => globalThis.came(file, loaded);
    return loadLiveness({ ...options, onProgress }).then(
      (liveness) => liveness.close(),
      ({ code, detail }) => ({ code, detail }),
    );
  }, THREAD);
  const responses = await Promise.all(waits);
  /** The file from one share of its bytes to another; done when the page has it, or has failed. */
  const send = (file, from = 0, to = 1) =>
    new Promise((resolve) => {
      loading.then(resolve);
      const response = responses[Object.keys(FILES).indexOf(file)];
      const body = readFileSync(`dist/${FILES[file]}`);
      const [start, end] = [from, to].map((share) => Math.round(share * body.length));
      const what = file === 'worker' ? [file] : to === 1 ? ['whole', end] : [file, end];
      arrivals[what] = resolve;
      if (start === 0) {
        response.writeHead(200, {
          'content-type': file === 'worker' ? 'text/javascript' : 'application/octet-stream',
          'cross-origin-embedder-policy': 'require-corp',
        });
      }
      response.write(body.subarray(start, end));
      if (to === 1) response.end();
    });
  return { page, loading, send };
}

for (const order of [
  ['wasm', 'model', 'detector', 'worker'],
  ['detector', 'worker', 'model', 'wasm'],
]) {
  test(`a slow line loads for as long as something comes: ${order.join(', ')}`, async (t) => {
    const { page, loading, send } = await slowPage(t);
    for (const file of order) {
      await page.clock.runFor(PAUSE);
      await send(file, 0, file === 'worker' ? 1 : 0.5);
      if (file === 'worker') continue; // of which the page sees the end only
      await page.clock.runFor(PAUSE);
      await send(file, 0.5, 1);
    }
    assert.equal(await loading, undefined);
  });
}

for (const [what, order, code, says] of [
  ['nothing at all', [], 'ENV_FETCH', /^no byte for 20000 ms$/],
  ['no second half', ['worker', 'wasm', 'model'], 'ENV_FETCH', /^no byte for 20000 ms$/],
  ['no worker', ['wasm', 'model', 'detector'], 'ENV_TIMEOUT', /20000 ms \(to start\)$/],
]) {
  test(`a line that brings ${what} is not waited for: ${code}`, async (t) => {
    const { page, loading, send } = await slowPage(t);
    for (const file of order) await send(file);
    if (what === 'no second half') await send('detector', 0, 0.5);
    let done = false;
    loading.then(() => {
      done = true;
    });
    await page.clock.runFor(20_000);
    assert.equal(done, false);
    await page.clock.runFor(2000);
    await page.clock.resume(); // for what follows
    const error = await loading;
    assert.equal(error.code, code);
    assert.match(error.detail, says);
  });
}

test('72 without isolation: one thread, and the result says why', async (t) => {
  const { page } = await openPage(t, shared, { isolated: false });
  const { variant, fallback } = await loadIn(page);
  assert.deepEqual([variant, fallback], ['relaxed', ['not_isolated']]);
});

test('a page asks for six files in all', async (t) => {
  const { page, server } = await openPage(t, shared);
  await loadIn(page, THREAD);
  const files = server.requests.filter((path) => path.startsWith('/livedepth/'));
  assert.deepEqual(
    files.map((path) => path.slice('/livedepth/'.length)).sort(),
    [
      'blazeface-short.safetensors',
      'common.js',
      WEIGHTS,
      'index.js',
      'livedepth-simd.wasm',
      'worker-simd.js',
    ].sort(),
  );
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
    const liveness = await loadLiveness({ variant: 'simd', threads: 1, watchdogMs: 5000 });
    globalThis.run = async (side) => {
      const frames = Array.from({ length: 6 }, (_, i) => ({
        data: new Uint8Array(64 * 64 * 4).fill(i),
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

test('a computer that sleeps in a frame keeps its engine', async (t) => {
  const page = await faultyPage(
    t,
    `await (globalThis.slept ??= new Promise((resolve) => {
      const nap = new BroadcastChannel('nap');
      nap.onmessage = resolve;
      nap.postMessage('here');
    }));`,
  );
  await stopTime(page);
  await page.evaluate(async () => {
    globalThis.nap = new BroadcastChannel('nap');
    const here = new Promise((resolve) => {
      nap.onmessage = resolve;
    });
    globalThis.answer = run(63);
    await here;
  });
  // Whatever is due when it wakes runs before the worker does.
  await page.clock.fastForward(3_600_000);
  const used = await page.evaluate(() => {
    nap.postMessage('go on');
    return answer;
  });
  assert.equal(used, 6);
});

test('75 a worker that is started again and cannot load is ended', async (t) => {
  const { page } = await openPage(t, shared);
  const found = await page.evaluate(async () => {
    const workers = [];
    globalThis.Worker = class extends Worker {
      constructor(...args) {
        super(...args);
        workers.push(this);
        this.alive = true;
      }
      postMessage(message, ...rest) {
        const again = message.name === 'load' && this !== workers[0];
        const broken = again && {
          ...message,
          args: [{ ...message.args[0], model: new Uint8Array(3) }],
        };
        super.postMessage(broken || message, ...rest);
      }
      terminate() {
        this.alive = false;
        super.terminate();
      }
    };
    const { loadLiveness } = await import('/livedepth/index.js');
    const liveness = await loadLiveness({ variant: 'simd', threads: 1 });
    workers[0].dispatchEvent(new ErrorEvent('error', { message: 'it died' }));
    const { code } = await liveness.start().result.catch((error) => error);
    return [code, workers.map(({ alive }) => alive)];
  });
  assert.deepEqual(found, ['WEIGHTS_TRUNCATED', [false, false]]);
});

test('79 parts that are loaded on demand and are not there', async (t) => {
  const { page } = await openPage(t, shared);
  const gone = ['best', 'best-picture', 'record'];
  for (const name of gone) await page.route(`**/${name}.js`, (route) => route.abort());
  const codes = await page.evaluate(async () => {
    const { loadLiveness } = await import('/livedepth/index.js');
    const liveness = await loadLiveness({ variant: 'simd', threads: 1 });
    const code = ({ code }) => code;
    const found = [
      await liveness.start({ best: true }).result.catch(code),
      await liveness.start({ verified: 'nonce' }).result.catch(code),
      await liveness.analyzePhoto(new Blob(['x'])).catch(code),
    ];
    await liveness.close();
    return found;
  });
  assert.deepEqual(codes, Array(3).fill('ENV_FETCH'));
});
