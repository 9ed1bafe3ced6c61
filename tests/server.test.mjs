// SPDX-License-Identifier: MIT
// The server beside the forgeries: options, nonces of several servers, Redis, a full queue,
// streams, the example server over HTTP, and sessions in the page's API that are verified.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { loadLiveness, VARIANTS } from '../js/node/node.js';
import { issueNonce, readNonce } from '../js/server/nonces.js';
import { createVerifier, memoryStore } from '../js/server/server.js';
import { redisStore } from '../web/redis-store.mjs';
import { startServer } from '../web/serve.mjs';
import { startVerifying } from '../web/verify.mjs';
import { runSession, SECRET, sessionFrames, take } from './records.mjs';
import { bundleOf, failure, liveFrames, noiseOf, temporaryFolder } from './support.mjs';

/** Two views and small networks: a record costs little. */
const SMALL = bundleOf(
  {
    near: { scale: 1.5, size: 128, follows: 'run', filter: 'triangle' },
    wide: { scale: 2.5, size: 128, follows: 'face', filter: 'triangle' },
  },
  { a: { view: 'near', use: 'needed', weight: 1 }, b: { view: 'wide', use: 'needed', weight: 1 } },
  { trained: 'yes' },
);
let liveness;
let frames;

before(async () => {
  liveness = await loadLiveness({ model: SMALL });
  frames = await sessionFrames(1);
});
after(() => liveness?.close());

/** A record with a nonce that was issued long enough ago. */
async function recordFor(subject = '') {
  const verified = issueNonce(SECRET, subject, Date.now() - 10_000);
  return (await runSession(liveness, frames, { verified })).record;
}
const open = async (t, options) => {
  const store = memoryStore(-Infinity); // of nonces that are older than it
  const verifier = await createVerifier({
    ...{ model: SMALL, size: 1, secret: SECRET, store },
    ...options,
  });
  t.after(() => verifier.close());
  return verifier;
};

test('the record is there for a verified session with all its clips alone', async () => {
  const nonce = 'n'.repeat(22);
  assert.equal((await runSession(liveness, frames)).record, null);
  assert.ok((await runSession(liveness, frames, { verified: nonce })).record instanceof Uint8Array);
  const session = liveness.start({ verified: nonce, timeoutMs: 1 });
  assert.equal((await session.result).record, null);
});

test('a nonce may be fetched; no frame is taken before it is there', async () => {
  let give;
  const asked = new Promise((resolve) => {
    give = resolve;
  });
  const session = liveness.start({ verified: () => asked });
  const pushed = session.push(frames[0]);
  assert.equal((await session.push(frames[1])).accepted, false, 'the first one waits');
  give('n'.repeat(22));
  await pushed;
  for (const frame of frames.slice(1)) await session.push(frame);
  assert.ok((await session.result).record);
});

test('what is no nonce, no engine or no crop for it is refused', async () => {
  for (const verified of ['', 'short', 'ü'.repeat(30), 5, null, {}]) {
    assert.equal((await failure(liveness.start({ verified }).result)).code, 'BAD_ARGUMENT');
  }
  const verified = 'n'.repeat(22);
  const error = await failure(liveness.start({ verified, crop: 'none' }).result);
  assert.equal(error.code, 'BAD_ARGUMENT');
  const late = liveness.start({ verified: () => 'short' });
  assert.equal((await failure(late.result)).code, 'BAD_ARGUMENT');
  const offline = liveness.start({ verified: () => Promise.reject(new Error('offline')) });
  assert.equal((await failure(offline.result)).code, 'ENV_FETCH');
  const never = liveness.start({ verified: () => new Promise(() => {}), timeoutMs: 1 });
  assert.equal((await never.result).verdict, 'undecided');
});

test('a session that is reset or paused leaves the record of what came after', async (t) => {
  const verifier = await open(t);
  const verified = issueNonce(SECRET, '', Date.now() - 10_000);
  const session = liveness.start({ verified });
  for (const frame of frames.slice(0, 6)) await session.push(frame);
  await session.reset();
  for (const frame of frames) await session.push({ ...frame, timestamp: frame.timestamp + 1e6 });
  const { record, score } = await session.result;
  assert.equal((await verifier.verify(record)).score, score);
});

test('frames without a usable face in between are no break', async (t) => {
  const verifier = await open(t, { clips: 3 });
  const verified = issueNonce(SECRET, '', Date.now() - 10_000);
  const session = liveness.start({ verified, clips: 3 });
  const states = [];
  session.on('frame', ({ state, clips }) => states.push(`${state} ${clips}`));
  for (const [i, frame] of frames.slice(0, 12).entries()) {
    const data = i === 6 ? frame.data.map(() => 16) : frame.data;
    await session.push({ ...frame, data, timestamp: i * 1e5 });
  }
  assert.equal(states[6], 'waiting 2');
  const { record, score } = await session.result;
  const { header } = take(record, liveness.info.model.views);
  assert.deepEqual(
    header.frames.map(({ paused }) => paused),
    Array.from({ length: 11 }, (_, i) => i === 6),
  );
  assert.equal((await verifier.verify(record)).score, score);
});

test('what moved before the first clip and a pause counts for nobody', async (t) => {
  const thresholds = { liveThreshold: 0, spoofThreshold: 0 };
  const verifier = await open(t, thresholds);
  const seen = await liveFrames();
  for (const moves of [0, 4]) {
    const noise = noiseOf(7);
    const verified = issueNonce(SECRET, '', Date.now() - 10_000);
    const session = liveness.start({ verified, ...thresholds });
    for (let i = 0; i < 20 && session.state !== 'done'; i++) {
      const { data } = seen[Math.min(3 * i, 3 * Math.max(moves - 1, 0))];
      const dark = moves > 0 && i === moves;
      const bytes = dark ? data.map(() => 16) : noise(data);
      await session.push({ ...seen[0], data: bytes, timestamp: i * 1e5 });
    }
    const { verdict, reason, record } = await session.result;
    assert.deepEqual([verdict, reason], ['undecided', 'flat_motion'], `${moves} move`);
    assert.equal((await verifier.verify(record)).reason, 'flat_motion');
  }
});

test('clips that no record can hold, and a page that packs none, are refused', async (t) => {
  const most = 40 - liveness.info.model.frames + 1;
  const clips = most + 1;
  assert.equal((await failure(open(t, { clips }))).code, 'BAD_ARGUMENT');
  const verified = 'n'.repeat(22);
  assert.equal((await failure(liveness.start({ verified, clips }).result)).code, 'BAD_ARGUMENT');
  const session = liveness.start({ verified, clips: most });
  session.result.catch(() => {});
  await session.push(frames[0]);
  await session.close();
  const { CompressionStream } = globalThis;
  delete globalThis.CompressionStream;
  try {
    const { code } = await failure(liveness.start({ verified }).result);
    assert.equal(code, 'ENV_UNSUPPORTED');
  } finally {
    globalThis.CompressionStream = CompressionStream;
  }
});

test('a store is told whole milliseconds', async (t) => {
  const told = [];
  const store = { spend: async (_, ms) => told.push(ms) > 0 };
  const verifier = await open(t, { store, ttlMs: 60_000.25 });
  await verifier.verify(await recordFor());
  assert.deepEqual(told, [120_001]);
});

test('views again give the bits that frames gave, in every variant that has its own', async () => {
  const { views } = liveness.info.model;
  const { record } = await runSession(liveness, frames, { verified: 'n'.repeat(22) });
  const { header, bytes } = take(record, views);
  const box = ([x, y, width, height]) => ({ x, y, width, height });
  const again = header.frames.map(({ face, squares, ...rest }, i) => ({
    format: 'VIEWS',
    data: bytes[i],
    face: box(face),
    squares: Object.fromEntries(views.map(({ name }, v) => [name, box(squares[v])])),
    ...rest,
  }));
  for (const variant of VARIANTS.filter((name) => name.startsWith('simd'))) {
    const engine = await loadLiveness({ model: SMALL, variant });
    const { score, scores } = await engine.analyze(again, { crop: 'none', depth: 'none' });
    assert.deepEqual({ score, scores }, { score: header.score, scores: header.scores });
    const session = engine.session({ crop: 'none' });
    for (const [change, code] of [
      [{ data: bytes[0].subarray(1) }, 'FRAME_BAD_BUFFER'],
      [{ data: 'no bytes' }, 'FRAME_BAD_BUFFER'],
      [{ timestamp: -1 }, 'FRAME_BAD_TIMESTAMP'],
      [{ timestamp: '1' }, 'FRAME_BAD_TIMESTAMP'],
      [{ width: 0 }, 'FRAME_BAD_SIZE'],
      [{ width: 1.5 }, 'FRAME_BAD_SIZE'],
      [{ height: 4097 }, 'FRAME_BAD_SIZE'],
      [{ face: { x: 0, y: 0, width: NaN, height: 9 } }, 'BAD_ARGUMENT'],
      [{ face: { x: 0, y: 0, width: 9, height: 9 } }, 'BAD_ARGUMENT'],
      [{ face: null }, 'BAD_ARGUMENT'],
      [{ squares: {} }, 'BAD_ARGUMENT'],
      [{ squares: null }, 'BAD_ARGUMENT'],
      [{ paused: 1 }, 'BAD_ARGUMENT'],
    ]) {
      const error = await failure(() => session.push({ ...again[0], ...change }));
      assert.equal(error.code, code, error.message);
    }
    assert.equal(session.push(again[0]).runFrames, 1, 'a refused one changes nothing');
    session.close();
    const cutting = engine.session();
    assert.equal((await failure(() => cutting.push(again[0]))).code, 'BAD_ARGUMENT');
    cutting.close();
    await engine.close();
  }
});

test('two servers with one secret know the nonces of each other; others do not', async (t) => {
  const store = memoryStore(-Infinity);
  const [a, b] = [await open(t, { store }), await open(t, { store })];
  const record = await recordFor('me');
  const stranger = await open(t, { secret: undefined });
  assert.equal((await failure(stranger.verify(record, 'me'))).code, 'RECORD_NONCE_FOREIGN');
  assert.equal((await b.verify(record, 'me')).verdict, 'undecided');
  assert.equal((await failure(a.verify(record, 'me'))).code, 'RECORD_NONCE_USED');
  const nonce = stranger.issue('me');
  assert.match(nonce, /^[\w-]{51}$/);
  assert.notEqual(nonce, stranger.issue('me'));
});

test('nonces end with their time', () => {
  const nonce = issueNonce(SECRET, 'me', 1000);
  assert.equal(readNonce(SECRET, nonce, 'me', 1180, 180), 1000);
  assert.throws(() => readNonce(SECRET, nonce, 'me', 1181, 180), { code: 'RECORD_NONCE_EXPIRED' });
  assert.throws(() => readNonce(SECRET, nonce, 'you', 1000, 180), { code: 'RECORD_NONCE_FOREIGN' });
});

test('the store in memory forgets what has expired, and nothing before', async (t) => {
  const store = memoryStore();
  const nonce = (now = Date.now()) => issueNonce(SECRET, '', now);
  const [a, b] = [nonce(), nonce()];
  assert.equal(await store.spend(a, 1e6), true);
  assert.equal(await store.spend(a, 1e6), false);
  const short = memoryStore();
  assert.equal(await short.spend(b, 0), true);
  assert.equal(await short.spend(b, 0), true, 'its time is over');
  // One of a clock that is a year ahead is in front of all others.
  const full = memoryStore(-Infinity, 3);
  const { now } = Date;
  const clock = t.mock.method(Date, 'now', () => now() + 3e10);
  await full.spend(nonce(), 1000);
  clock.mock.mockImplementation(() => now() - 5000);
  const steady = t.mock.method(performance, 'now', () => 0);
  for (let i = 0; i < 2; i++) assert.equal(await full.spend(nonce(), 1000), true);
  assert.equal((await failure(full.spend(nonce(), 1000))).code, 'API_BUSY');
  clock.mock.mockImplementation(now);
  steady.mock.mockImplementation(() => 5000);
  for (let i = 0; i < 2; i++) assert.equal(await full.spend(nonce(), 1000), true);
  // Issued in the millisecond in which the store began, and spent before the steady clock has one.
  clock.mock.mockImplementation(() => 1001);
  steady.mock.mockImplementation(() => 100.9);
  assert.equal(await memoryStore(100.6).spend(nonce(1000), 1000), true);
  assert.equal(await memoryStore(100.6).spend(nonce(990), 1000), false);
});

test('a server that was started again takes no record that the one before has taken', async (t) => {
  const record = await recordFor();
  const first = await open(t);
  assert.equal((await first.verify(record)).verdict, 'undecided');
  await first.close();
  const second = await open(t, { store: memoryStore() });
  assert.equal((await failure(second.verify(record))).code, 'RECORD_NONCE_USED');
});

test('Redis as the store of two servers', async (t) => {
  const port = await freePort();
  const folder = temporaryFolder((hook) => t.after(hook));
  const socket = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const server = spawn('redis-server', socket, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  const clients = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    server.kill();
    await ended;
  });
  for await (const text of server.stdout) if (`${text}`.includes('Ready to accept')) break;
  for (let i = 0; i < 2; i++) {
    clients.push(await createClient({ url: `redis://127.0.0.1:${port}` }).connect());
  }
  const stores = clients.map(redisStore);
  const tries = await Promise.all(
    Array.from({ length: 20 }, (_, i) => stores[i % 2].spend('x', 1e5)),
  );
  assert.equal(tries.filter(Boolean).length, 1, 'one of twenty at once');
  assert.ok((await clients[0].pTTL('livedepth:x')) > 0, 'it goes by itself');
  const [a, b] = [await open(t, { store: stores[0] }), await open(t, { store: stores[1] })];
  const record = await recordFor();
  const all = await Promise.allSettled([a.verify(record), b.verify(record)]);
  const [refused] = all.filter(({ status }) => status === 'rejected');
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(refused.reason.code, 'RECORD_NONCE_USED');
});

/** A port of this machine that nobody has. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

test('a full queue refuses before a nonce is spent', async (t) => {
  const verifier = await open(t, { queue: 1 });
  const records = await Promise.all([recordFor(), recordFor()]);
  const first = verifier.verify(records[0]);
  while (verifier.pending === 0) await sleep(1);
  assert.equal((await failure(verifier.verify(records[1]))).code, 'API_BUSY');
  await first;
  assert.equal((await verifier.verify(records[1])).verdict, 'undecided');
});

test('a full queue spends no nonce of the many that come at once', async (t) => {
  const verifier = await open(t, { queue: 1 });
  const records = await Promise.all([recordFor(), recordFor(), recordFor()]);
  const all = await Promise.allSettled(records.map((record) => verifier.verify(record)));
  const busy = records.filter((_, i) => all[i].reason?.code === 'API_BUSY');
  assert.equal(busy.length, 2);
  for (const record of busy) assert.equal((await verifier.verify(record)).verdict, 'undecided');
  assert.equal(verifier.pending, 0);
});

test('a body that comes in takes a place in the queue', async (t) => {
  const verifier = await open(t, { queue: 1 });
  let go;
  async function* slow(record) {
    await new Promise((resolve) => {
      go = resolve;
    });
    yield record;
  }
  const records = await Promise.all([recordFor(), recordFor()]);
  const first = verifier.verify(slow(records[0]));
  assert.equal(verifier.pending, 1);
  assert.equal((await failure(verifier.verify(records[1]))).code, 'API_BUSY');
  go();
  await first;
  assert.equal((await verifier.verify(records[1])).verdict, 'undecided');
});

test('a body in many tiny pieces, or without end in empty ones, is refused', async (t) => {
  const verifier = await open(t);
  const record = await recordFor();
  const read = [];
  for (const size of [0, 1, 60]) {
    let pieces = 0;
    const body = {
      async *[Symbol.asyncIterator]() {
        for (; pieces < 100_000; pieces++) yield record.subarray(0, size);
      },
    };
    assert.equal((await failure(verifier.verify(body))).code, 'RECORD_FORMAT');
    read.push(pieces);
  }
  assert.deepEqual(read, [1000, 1000, 1000]);
});

test('a secret that is wiped afterwards is still the secret', async (t) => {
  const secret = Buffer.from(SECRET);
  const verifier = await open(t, { secret });
  secret.fill(0);
  assert.equal((await verifier.verify(await recordFor())).verdict, 'undecided');
  const forged = issueNonce(secret, '', Date.now() - 10_000);
  const { record } = await runSession(liveness, frames, { verified: forged });
  assert.equal((await failure(verifier.verify(record))).code, 'RECORD_NONCE_FOREIGN');
});

test('halves of characters, which are one in UTF-8, are no subjects', async (t) => {
  const verifier = await open(t);
  for (const subject of ['\ud800', 'a\udfff']) {
    assert.equal((await failure(async () => verifier.issue(subject))).code, 'BAD_ARGUMENT');
  }
  assert.ok(verifier.issue('\ufffd \u{1f600}'));
});

test('a store remembers for as long as a server whose clock is behind', async (t) => {
  const times = [];
  const store = { spend: async (_, ttlMs) => times.push(ttlMs) > 0 };
  const verifier = await open(t, { store, ttlMs: 60_000 });
  await verifier.verify(await recordFor());
  const { now } = Date;
  t.mock.method(Date, 'now', () => now() - 60_000); // behind the other by all that may be
  await verifier.verify(await recordFor());
  assert.deepEqual(times, [120_000, 120_000]);
});

test('a body or a store that never ends is not waited for', async (t) => {
  const NEVER = new Promise(() => {});
  async function* stuck() {
    yield new Uint8Array(10);
    await NEVER;
  }
  const store = { spend: () => NEVER };
  const record = await recordFor();
  const quick = await open(t, { store, timeoutMs: 5 });
  for (const body of [stuck(), record]) {
    assert.equal((await failure(quick.verify(body))).code, 'ENV_TIMEOUT');
    assert.equal(quick.pending, 0);
  }
  const closing = await open(t, { store });
  const waiting = [stuck(), record].map((body) => failure(closing.verify(body)));
  await closing.close();
  for (const { code } of await Promise.all(waiting)) assert.equal(code, 'API_CLOSED');
});

test('a verifier that is closed between two waits begins no other one', async (t) => {
  let asked = 0;
  const spend = () => {
    asked++;
    return new Promise(() => {});
  };
  const verifier = await open(t, { timeoutMs: 500, store: { spend } });
  const record = await recordFor();
  const now = Date.now();
  // It looks at the clock when the body is there, before it asks the store.
  t.mock.method(Date, 'now', () => {
    verifier.close();
    return now;
  });
  const { code } = await failure(verifier.verify(record));
  assert.deepEqual([code, asked], ['API_CLOSED', 0]);
});

test('a store that fails, or says anything but true, accepts nothing', async (t) => {
  let spend;
  const verifier = await open(t, { store: { spend: () => spend() } });
  const record = await recordFor();
  const boom = () => {
    throw Object.create(null); // no text can be made of it
  };
  for (const [how, code] of [
    [boom, 'ENV_FETCH'],
    [async () => boom(), 'ENV_FETCH'],
    [async () => 'OK', 'RECORD_NONCE_USED'],
    [() => undefined, 'RECORD_NONCE_USED'],
  ]) {
    spend = how;
    assert.equal((await failure(verifier.verify(record))).code, code);
  }
});

test('a clock that is set forward and back makes no nonce new', async (t) => {
  const verifier = await open(t);
  const [record, other] = [await recordFor(), await recordFor()];
  await verifier.verify(record);
  const { now } = Date;
  Date.now = () => now() + 3_600_000;
  try {
    assert.equal((await failure(verifier.verify(other))).code, 'RECORD_NONCE_EXPIRED');
    const later = issueNonce(SECRET, '', Date.now() - 10_000);
    const late = await runSession(liveness, frames, { verified: later });
    assert.equal((await verifier.verify(late.record)).verdict, 'undecided');
  } finally {
    Date.now = now;
  }
  assert.equal((await failure(verifier.verify(record))).code, 'RECORD_NONCE_USED');
});

test('a body comes as bytes or as a stream, of which no more is read than may be', async (t) => {
  const verifier = await open(t, { maxBytes: 500_000 });
  const record = await recordFor();
  async function* pieces() {
    for (let at = 0; at < record.length; at += 10_000) yield record.subarray(at, at + 10_000);
  }
  assert.equal((await verifier.verify(pieces())).verdict, 'undecided');
  let read = 0;
  async function* endless() {
    for (;;) {
      read++;
      yield Buffer.alloc(100_000);
    }
  }
  assert.equal((await failure(verifier.verify(endless()))).code, 'RECORD_TOO_LARGE');
  assert.equal(read, 6);
  for (const body of [null, 'text', 5, [1], {}]) {
    assert.equal((await failure(verifier.verify(body))).code, 'BAD_ARGUMENT');
  }
  assert.equal((await failure(verifier.verify(record, 5))).code, 'BAD_ARGUMENT');
  async function* gone() {
    yield record.subarray(0, 1000);
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
  }
  assert.equal((await failure(verifier.verify(gone()))).code, 'RECORD_FORMAT');
  for (const next of [async () => 5, () => undefined, undefined]) {
    const broken = { [Symbol.asyncIterator]: () => ({ next }) };
    assert.equal((await failure(verifier.verify(broken))).code, 'BAD_ARGUMENT');
  }
});

test('options that cannot be are refused', async () => {
  for (const options of [
    { secret: 'short' },
    { store: {} },
    { ttlMs: 0 },
    { queue: 0 },
    { maxBytes: -1 },
    { clips: 0 },
    { clips: 'x' },
    { liveThreshold: 0.5, spoofThreshold: 0.6 },
    { model: 'no such model' },
    { more: 1 },
  ]) {
    const error = await failure(createVerifier({ size: 1, ...options }));
    assert.match(error.code, /^(BAD_ARGUMENT|MODEL_NOT_FOUND)$/);
  }
  // Before anything is opened that nobody would close.
  const { code } = await failure(createVerifier({ model: 'no such model', clips: 0 }));
  assert.equal(code, 'BAD_ARGUMENT');
});

test('a verifier that is closed says so', async () => {
  const verifier = await createVerifier({ model: SMALL, size: 1, secret: SECRET });
  const record = await recordFor();
  await verifier.close();
  await verifier.close();
  assert.equal((await failure(verifier.verify(record))).code, 'API_CLOSED');
});

test('the example server: a nonce, a record, the answer; refusals by their code', async (t) => {
  const verifier = await open(t);
  const { origin, close } = await startVerifying({ verifier });
  t.after(close);
  const post = (path, body, cookie) =>
    fetch(origin + path, { method: 'POST', body, headers: cookie ? { cookie } : {} });
  const { now } = Date;
  const ago = t.mock.method(Date, 'now', () => now() - 1200); // the session's second has passed
  const given = await post('/nonce');
  ago.mock.restore();
  const [cookie] = given.headers.get('set-cookie').split(';');
  const { nonce } = await given.json();
  const { record } = await runSession(liveness, frames, { verified: nonce });
  const stranger = await post('/verify', record);
  assert.equal(stranger.status, 422);
  assert.deepEqual(await stranger.json(), { error: 'RECORD_NONCE_FOREIGN' });
  const answer = await post('/verify', record, cookie);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { verdict: 'undecided', reason: 'low_confidence' });
  assert.equal((await post('/verify', record, cookie)).status, 409);
  assert.equal((await post('/verify', new Uint8Array(5e6), cookie)).status, 413);
  assert.equal((await post('/verify', 'hello', cookie)).status, 422);
  assert.equal((await fetch(`${origin}/verify`)).status, 404);
  assert.equal((await fetch(`${origin}/verified.html`)).status, 200);
});

test('the example server outlives who asks for what it does not give, or goes', async (t) => {
  const errors = t.mock.method(console, 'error', () => {}).mock;
  const verifier = await open(t, { store: { spend: () => Promise.reject(new Error('down')) } });
  const { origin, close } = await startVerifying({ verifier });
  t.after(close);
  const outside = ['/..%2fpackage.json', '/clips/..%2f..%2fpackage.json', '/%00', '/clips/..%5cx'];
  for (const path of outside) assert.equal((await fetch(origin + path)).status, 404, path);
  const leaving = new AbortController();
  const body = new ReadableStream({
    pull(control) {
      control.enqueue(new Uint8Array(10));
      leaving.abort();
    },
  });
  const { signal } = leaving;
  await fetch(`${origin}/verify`, { method: 'POST', body, duplex: 'half', signal }).catch(() => {});
  const record = await recordFor();
  const own = await fetch(`${origin}/verify`, { method: 'POST', body: record });
  assert.deepEqual([own.status, await own.json()], [503, { error: 'ENV_FETCH' }]);
  assert.equal(errors.callCount(), 1, 'a store that is down is told, a client that goes is not');

  // A file that is there and cannot be read, as one that has just gone.
  const server = await startServer({ mounts: { '/': '/proc/self' } });
  t.after(server.close);
  await fetch(`${server.origin}/mem`).then(
    (answer) => answer.text(),
    () => {},
  );
  assert.equal((await fetch(`${server.origin}/nothing`)).status, 404);
});
