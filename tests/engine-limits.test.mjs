// SPDX-License-Identifier: MIT
// The engine at its limits: wrong options and files, closing, traps, memory.

import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import workerThreads, { Worker } from 'node:worker_threads';
import { DEFAULT_MODEL, Engine, features, loadLiveness } from '../js/node/node.js';
import { Heap } from '../js/engine/heap.js';
import { chooseVariant } from '../js/engine/variant.js';
import { LOAD_MS } from '../js/node/threads.js';
import { DETECTOR, failure, modelWith, path, temporaryFolder } from './support.mjs';
import {
  detector,
  detectorWeights,
  engine,
  factory,
  frames,
  good,
  network,
  session,
  weights,
} from './engine_rig.mjs';

test('wrong options are refused', async () => {
  const rows = [
    { network: null },
    { network: {} },
    { network: detector },
    { detector: {} },
    { detector: null },
    { detector: network },
    { crop: 'head' },
    { crop: 1 },
    { liveThreshold: NaN },
    { liveThreshold: 1.01 },
    { liveThreshold: -0.1 },
    { liveThreshold: '0.5' },
    { spoofThreshold: Infinity },
    { liveThreshold: 0.2, spoofThreshold: 0.4 },
    { threshold: 0.5 },
    { clips: 0 },
    { clips: 1001 },
    { clips: 1.5 },
    { clips: '6' },
    { toString: 1 },
  ].map((row) => ({ network, detector, ...row }));
  rows.push(null, 7, [], 'x', {
    network,
    get crop() {
      throw new Error('no');
    },
  });
  for (const [i, options] of rows.entries()) {
    assert.equal((await failure(() => engine.session(options))).code, 'BAD_ARGUMENT', `row ${i}`);
  }
});

/** Nobody's files here. */
const FOREIGN = [
  ...['http://localhost/m/', 'file://host/m/', 'file:///a%2fb/', 'file:///a%00b/'].map(
    (address) => new URL(address),
  ),
  Object.create(URL.prototype),
];

test('wrong options of loadLiveness and analyze', async (t) => {
  const rows = [
    null,
    { threads: 0 },
    { threads: 65 },
    { threads: 1.5 },
    { threads: '2' },
    { variant: 'fast' },
    { variant: null },
    { model: 7 },
    { model: null },
    { model: '' },
    { model: [] },
    { detector: 7 },
    { baseUrl: 'build' },
    { modelPath: 'x' },
    ...FOREIGN.flatMap((url) => [{ model: url }, { detector: url }, { baseUrl: url }]),
    ...[[], new Map(), new URL('file:///m'), Promise.resolve({}), new Date()],
  ];
  for (const [i, options] of rows.entries()) {
    const { code, detail } = await failure(loadLiveness(options));
    assert.equal(code, 'BAD_ARGUMENT', `row ${i}`);
    const [name = 'options'] = Object.keys(options ?? []);
    assert.ok(detail.includes(name), `row ${i}: ${detail}`);
  }
  const nowhere = new URL('file:///nowhere/');
  assert.equal((await failure(loadLiveness({ baseUrl: nowhere }))).code, 'ENV_MODULE_MISSING');
  assert.equal((await failure(loadLiveness({ model: 'nothing' }))).code, 'MODEL_NOT_FOUND');
  assert.equal((await failure(loadLiveness({ model: '/dev/null' }))).code, 'MODEL_NOT_FILE');
  assert.equal((await failure(loadLiveness({ model: DETECTOR }))).code, 'WEIGHTS_BAD_METADATA');

  const liveness = await loadLiveness({ detector: null });
  t.after(() => liveness.close());
  for (const [source, options] of [
    [7],
    [null],
    [[], { depth: 'all' }],
    [[], { signal: {} }],
    [[], { threads: 2 }],
    [frames, []],
    [[]],
  ]) {
    const { code } = await failure(liveness.analyze(source, options));
    assert.equal(code, 'BAD_ARGUMENT');
  }
  assert.equal((await failure(liveness.analyze([], { crop: 'none' }))).code, 'CLIP_EMPTY');
  const aborted = { crop: 'none', signal: AbortSignal.abort() };
  assert.equal((await failure(liveness.analyze(frames, aborted))).code, 'API_ABORTED');
  const controller = new AbortController();
  const onFrame = third(() => controller.abort());
  const during = { crop: 'none', signal: controller.signal, onFrame };
  assert.equal((await failure(liveness.analyze(endless(), during))).code, 'API_ABORTED');
});
function* endless() {
  for (let i = 0; ; i++) yield { ...good, timestamp: i * 1e5 };
}
/** For onFrame. */
function third(work) {
  let count = 0;
  return () => {
    if (++count === 3) work();
  };
}

test('a file that is not the one of this version is not run', async (t) => {
  const section = Buffer.from([0, 2, 1, 0x78]); // of a name and nothing: it would run
  const line = Buffer.from('globalThis.ranUnchecked = true;');
  for (const [file, more] of [
    ['livedepth-simd.wasm', section],
    ['core-simd.js', line],
  ]) {
    const folder = temporaryFolder((hook) => t.after(hook));
    for (const name of ['livedepth-simd.wasm', 'core-simd.js']) {
      const bytes = readFileSync(path(`dist/${name}`));
      writeFileSync(join(folder, name), name === file ? Buffer.concat([bytes, more]) : bytes);
    }
    const error = await failure(loadLiveness({ baseUrl: pathToFileURL(`${folder}/`) }));
    assert.deepEqual([error.code, error.file], ['ENV_INTEGRITY', join(folder, file)]);
  }
  assert.equal(globalThis.ranUnchecked, undefined);
});

test('a polluted Object.prototype sets no option', async (t) => {
  Object.prototype.liveThreshold = 'polluted';
  Object.prototype.crop = 'polluted';
  try {
    session(t, {});
    assert.equal(chooseVariant('simd', 1).variant, 'simd');
  } finally {
    delete Object.prototype.liveThreshold;
    delete Object.prototype.crop;
  }
});

test('bad weight files are refused by name', async () => {
  const rows = [
    [new Uint8Array(0), 'WEIGHTS_TRUNCATED'],
    [weights.subarray(0, 1000), 'WEIGHTS_TRUNCATED'],
    [weights.subarray(0, -1), 'WEIGHTS_TRUNCATED'],
    [Buffer.from('<!DOCTYPE html><title>404</title>'), /^WEIGHTS_/],
    [Buffer.concat([weights, Buffer.alloc(1)]), 'WEIGHTS_BAD_OFFSETS'],
    [modelWith({ format_version: '3' }), 'WEIGHTS_VERSION'],
    [modelWith({ format_version: '2' }), 'WEIGHTS_BAD_METADATA'],
    [modelWith({ frames: '1' }), 'WEIGHTS_BAD_METADATA'],
    [modelWith({ width: '0.5' }), /^WEIGHTS_/],
  ];
  for (const [bytes, code] of rows) {
    const error = await failure(() => engine.model(bytes));
    if (code instanceof RegExp) assert.match(error.code, code);
    else assert.equal(error.code, code);
    assert.equal(error.stage, 'model');
  }
  assert.equal((await failure(() => engine.model('model'))).code, 'BAD_ARGUMENT');
});

test('closing: twice is fine, after it every call says so', async () => {
  const own = await Engine.load(factory);
  const model = own.model(weights);
  const each = own.session({ network: model, crop: 'none' });
  model.close();
  model.close();
  assert.ok(each.push(good).frames === 1, 'a session keeps its closed model');
  assert.equal((await failure(() => model.info('frames'))).code, 'API_CLOSED');
  assert.equal(
    (await failure(() => own.session({ network: model, crop: 'none' }))).code,
    'API_CLOSED',
  );
  each.close();
  each.close();
  for (const call of [() => each.push(good), () => each.depth(), () => each.reset()]) {
    assert.equal((await failure(call)).code, 'API_CLOSED');
  }
  own.close();
  own.close();
  assert.equal((await failure(() => own.model(weights))).code, 'API_CLOSED');
});

test('an analysis under way ends when its engine is closed', async () => {
  const liveness = await loadLiveness({ detector: null });
  const onFrame = third(() => liveness.close());
  const { code } = await failure(liveness.analyze(endless(), { crop: 'none', onFrame }));
  assert.equal(code, 'API_CLOSED');
});

/* The module with some exports replaced. */
const faulty = (faults) => async (options) =>
  Object.assign(Object.create(await factory(options)), faults);

test('a trap ends the engine: every later call says so, closing still works', async () => {
  const own = await Engine.load(
    faulty({
      _livedepthw_session_push() {
        throw new WebAssembly.RuntimeError('unreachable');
      },
    }),
  );
  const model = own.model(weights);
  const each = own.session({ network: model, crop: 'none' });
  for (const call of [
    () => each.push(good),
    () => each.push(good),
    () => own.model(weights),
    () => each.reset(),
  ]) {
    const error = await failure(call);
    assert.deepEqual([error.code, error.stage], ['ENV_CRASHED', 'load']);
  }
  each.close();
  own.close();
});

test('memory that is refused is an error, and nothing is lost', async () => {
  let refuse = false;
  const own = await Engine.load(async (options) => {
    const module = await factory(options);
    const malloc = module._malloc;
    return Object.assign(Object.create(module), { _malloc: (size) => (refuse ? 0 : malloc(size)) });
  });
  const model = own.model(weights);
  const each = own.session({ network: model, crop: 'none' });
  refuse = true;
  for (const call of [
    () => each.push(good),
    () => own.model(weights),
    () => own.session({ network: model, crop: 'none' }),
  ]) {
    assert.equal((await failure(call)).code, 'NO_MEMORY');
  }
  refuse = false;
  assert.equal(each.push(good).frames, 1);
  own.close();
});

test('memory of 4 GiB and more, whose size wasm cuts, is refused first', async () => {
  const asked = [];
  const heap = new Heap({
    HEAPU8: new Uint8Array(64),
    _malloc: (size) => asked.push(size >>> 0),
    _free() {},
  });
  for (const size of [2 ** 32, 2 ** 32 + 8, 2 ** 40]) {
    const { code, detail } = await failure(() => heap.copyIn({ length: size }));
    assert.deepEqual([code, detail], ['NO_MEMORY', `${size} bytes`]);
  }
  assert.deepEqual(asked, []);
});

test('a thread that does not start is an error, and no other one stays', {
  timeout: 120_000,
}, async (t) => {
  let program;
  const threads = [];
  workerThreads.Worker = class extends Worker {
    constructor(_, options) {
      if (program === null) throw new Error('no more threads');
      super(program, { ...options, eval: true });
      threads.push(new Promise((resolve) => this.once('exit', resolve)));
    }
  };
  syncBuiltinESMExports();
  const { setTimeout } = globalThis;
  t.after(() => {
    globalThis.setTimeout = setTimeout;
    workerThreads.Worker = Worker;
    syncBuiltinESMExports();
  });
  const one = 'if (require("worker_threads").threadId % 2) setInterval(() => {}, 1e6); else ';
  for (const [text, detail, code = 'ENV_WORKER_FAILED'] of [
    [null, /no more threads/],
    ['setInterval(() => {}, 1e6)', /did not load/, 'ENV_TIMEOUT'],
    [`${one}process.exit(3)`, /exit status 3/],
    [`${one}throw new RangeError('no room')`, /RangeError: no room/],
  ]) {
    program = text;
    // Only where nothing else ends the wait: a thread may take longer than this to fail.
    const limit = code === 'ENV_TIMEOUT' ? 100 : LOAD_MS;
    globalThis.setTimeout = (call, ms) => setTimeout(call, ms === LOAD_MS ? limit : ms);
    const error = await failure(loadLiveness({ threads: 3, detector: null }));
    assert.deepEqual([error.code, detail.test(error.detail)], [code, true], `${error}`);
    await Promise.all(threads);
  }
});

test('a broken module is an error', async () => {
  for (const options of [{ wasmBinary: new Uint8Array(100) }, { wasmBinary: weights }]) {
    assert.equal((await failure(Engine.load(factory, options))).code, 'ENV_MODULE_BAD');
  }
  assert.equal((await failure(Engine.load({}))).code, 'BAD_ARGUMENT');
  for (const name of ['wasmBinary', 'wasmModule', 'wasmMemory', 'spawnPthread', 'createRequire']) {
    for (const value of [5, 'x', {}, []]) {
      const { code, detail } = await failure(Engine.load(factory, { [name]: value }));
      assert.deepEqual([code, detail.includes(name)], ['BAD_ARGUMENT', true], detail);
    }
  }
});

test('a file in place of one of the package is read as far as any of these goes', async (t) => {
  const folder = temporaryFolder((hook) => t.after(hook));
  writeFileSync(join(folder, 'livedepth-simd.wasm'), '');
  truncateSync(join(folder, 'livedepth-simd.wasm'), 2 ** 25);
  const error = await failure(loadLiveness({ baseUrl: pathToFileURL(`${folder}/`) }));
  assert.deepEqual([error.code, error.cause.code], ['ENV_MODULE_MISSING', 'MODEL_TOO_LARGE']);
});

test('memory: a session of one network takes at most 20 MiB', async () => {
  const own = await Engine.load(factory);
  const each = own.session({ network: own.model(weights), detector: own.model(detectorWeights) });
  for (const frame of frames) each.push(frame);
  const { memoryBytes } = own;
  assert.ok(memoryBytes <= 20 * 2 ** 20, `${(memoryBytes / 2 ** 20).toFixed(1)} MiB`);
  console.log(`# wasm memory ${(memoryBytes / 2 ** 20).toFixed(1)} MiB`);
  own.close();
});

test('memory: a session of the model that is taken by default takes at most 40 MiB', async (t) => {
  const liveness = await loadLiveness();
  t.after(() => liveness.close());
  const each = liveness.session();
  const [width, height] = [1280, 720];
  each.push({ ...good, data: new Uint8Array(width * height * 4), width, height, timestamp: 0 });
  for (const frame of frames) each.push({ ...frame, timestamp: frame.timestamp + 1e6 });
  const mebibytes = liveness.memoryBytes / 2 ** 20;
  assert.ok(mebibytes <= 40, `${mebibytes.toFixed(1)} MiB`);
  console.log(`# wasm memory ${mebibytes.toFixed(1)} MiB`);
});

test('memory: opening, scoring and closing again and again needs no more', async () => {
  const own = await Engine.load(factory);
  const round = () => {
    const [model, face] = [own.model(weights), own.model(detectorWeights)];
    const each = own.session({ network: model, detector: face });
    each.push(frames[0]);
    for (const closing of [each, model, face]) closing.close();
  };
  for (let i = 0; i < 3; i++) round();
  const { memoryBytes } = own;
  for (let i = 0; i < 20; i++) round();
  assert.equal(own.memoryBytes, memoryBytes);
  own.close();
});

test('info: what a result says about its engine', async (t) => {
  const liveness = await loadLiveness({ detector: null });
  t.after(() => liveness.close());
  const { version, variant, threads, wasm, model, detector: none } = liveness.info;
  assert.deepEqual([version, variant, threads, none], [engine.version, 'simd', 1, null]);
  assert.match(wasm.sha256, /^[0-9a-f]{64}$/);
  assert.match(model.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual([model.id, model.trained, model.frames], [DEFAULT_MODEL, true, 5]);
  for (const { view } of model.scorers) assert.ok(model.views.some(({ name }) => name === view));
  const { sha256, ...about } = model;
  const own = engine.model(readFileSync(path(`models/${model.id}.safetensors`)));
  t.after(() => own.close());
  assert.deepEqual(about, own.describe());
});

test('a file that is no liveness model has nothing to describe', async () => {
  const error = await failure(() => detector.describe());
  assert.equal(error.code, 'WEIGHTS_BAD_METADATA');
  assert.match(error.detail, /^a blazeface-short, /);
});

test('variants: the build for a wish, or an error', async () => {
  assert.deepEqual(features().simd, true);
  assert.deepEqual(chooseVariant('simd', 1), { variant: 'simd', threads: 1 });
  assert.deepEqual(chooseVariant('simd', 2), { variant: 'simd-mt', threads: 2 });
  assert.deepEqual(chooseVariant('simd-mt', 1), { variant: 'simd-mt', threads: 1 });
  if (!features().relaxed) {
    assert.equal((await failure(() => chooseVariant('relaxed', 1))).code, 'ENV_UNSUPPORTED');
  }
  assert.equal((await failure(() => chooseVariant('simd', NaN))).code, 'BAD_ARGUMENT');
});
