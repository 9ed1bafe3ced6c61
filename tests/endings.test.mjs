// SPDX-License-Identifier: MIT
// No wait outlives abort, close and time, and nothing that was taken is kept: over an engine of
// which any step may hang or fail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Ending } from '../js/check/ending.js';
import { LivenessError } from '../js/engine/errors.js';
import { Liveness } from '../js/check/liveness.js';

const NEVER = new Promise(() => {});
const RESULT = {
  state: 'scored',
  verdict: 'live',
  reason: null,
  score: 0.9,
  scores: { one: 0.9 },
  votes: { one: 2 },
  clips: 1,
  clipsNeeded: 1,
  frames: 5,
  quality: { pass: true, hint: 'ok', hints: [], checks: { yaw: { value: 1, pass: true } } },
  ms: { detect: 1, views: 1, scorers: { one: 1 } },
};
const STEPS = ['open', 'push', 'depth', 'best', 'close'];
const FRAME = { data: new Uint8Array(4), width: 1, height: 1, format: 'RGBA', timestamp: 0 };

/** What a call that must fail rejects with. */
const failure = (call) =>
  call().then(
    () => assert.fail('no error'),
    (error) => error,
  );

/** An engine that counts its sessions; what stands in `steps` by a step's name takes its place. */
function engine(threads, steps = {}) {
  const counts = { opened: 0, shut: 0 };
  const step = (name, value) => (steps[name] ? steps[name]() : Promise.resolve(value));
  const backend = {
    memoryBytes: 0,
    async open() {
      await step('open');
      counts.opened++;
      return {
        push: () => step('push', structuredClone(RESULT)),
        depth: () => step('depth', { width: 1, height: 1, data: [0] }),
        best: () => step('best', null),
        reset: async () => {},
        close: async () => {
          counts.shut++;
          await step('close');
        },
      };
    },
    pictures: () => step('pictures', { read: async () => FRAME }),
    close: async () => {},
  };
  const thresholds = { live: 0.8, spoof: 0.4 };
  const model = { thresholds, scorers: [{ name: 'one' }], photo: { ...thresholds, weights: {} } };
  return { liveness: new Liveness(backend, { model, threads }), counts };
}

/** Frames whose n-th hangs. */
async function* hangingAt(n) {
  for (let i = 0; i < n; i++) yield FRAME;
  await NEVER;
}

async function settle() {
  for (let i = 0; i < 20; i++) await setImmediate();
}

for (const threads of [1, 2]) {
  test(`close ends an analysis that waits at any step, threads ${threads}`, async () => {
    for (const name of STEPS) {
      const { liveness } = engine(threads, { [name]: () => NEVER });
      const waiting = failure(() => liveness.analyze([FRAME]));
      await settle();
      await liveness.close();
      assert.equal((await waiting).code, 'API_CLOSED', name);
    }
    const { liveness, counts } = engine(threads);
    const waiting = failure(() => liveness.analyze(hangingAt(2)));
    await settle();
    await liveness.close();
    assert.equal((await waiting).code, 'API_CLOSED');
    await settle();
    assert.deepEqual(counts, { opened: 1, shut: 1 });
    assert.equal((await failure(() => liveness.analyze([FRAME]))).code, 'API_CLOSED');
    assert.equal((await failure(() => liveness.start().result)).code, 'API_CLOSED');
  });

  test(`close ends a session that waits at any step, threads ${threads}`, async () => {
    for (const name of STEPS) {
      const { liveness } = engine(threads, { [name]: () => NEVER });
      const session = liveness.start();
      const settled = session.result.catch((error) => error);
      session.push(FRAME).catch(() => {});
      await settle();
      await session.close();
      if (name !== 'close') assert.equal((await settled).code, 'API_CLOSED', name);
      await liveness.close();
    }
  });

  test(`close, abort and time end who waits for a camera, threads ${threads}`, async () => {
    for (const end of ['session', 'engine', 'abort', 'time']) {
      const { liveness, counts } = engine(threads, { push: async () => ({ ...RESULT, clips: 0 }) });
      const ending = new AbortController();
      const { signal } = ending;
      const session = liveness.start({ clips: 6, signal, timeoutMs: end === 'time' ? 5 : 1e6 });
      const feed = { frames: () => hangingAt(2) };
      const attached = session.attach(feed).catch((error) => error);
      await settle();
      if (end === 'session') await session.close();
      if (end === 'engine') await liveness.close();
      if (end === 'abort') ending.abort();
      const { code, reason } = await attached;
      const known = { abort: 'API_ABORTED', time: 'timeout' }[end] ?? 'API_CLOSED';
      assert.equal(code ?? reason, known, end);
      await settle();
      assert.deepEqual(counts, { opened: 1, shut: 1 }, end);
    }
  });

  test(`an ended session gives its feed to the next one at once, threads ${threads}`, async () => {
    for (const end of ['close', 'abort', 'time']) {
      const { liveness } = engine(threads, { push: () => NEVER });
      const ending = new AbortController();
      const { signal } = ending;
      let readers = 0;
      const feed = {
        async *frames() {
          assert.equal(readers++, 0, end);
          try {
            for (;;) yield FRAME;
          } finally {
            readers--;
          }
        },
      };
      const options = { clips: 6, depth: 'none', signal, timeoutMs: end === 'time' ? 5 : 1e6 };
      const session = liveness.start(options);
      session.attach(feed).catch(() => {});
      await settle();
      if (end === 'close') await session.close();
      if (end === 'abort') ending.abort();
      await session.result.catch(() => {});
      await settle();
      const next = liveness.start();
      const attached = next.attach(feed).catch((error) => error);
      await settle();
      await next.close();
      assert.equal((await attached).code, 'API_CLOSED', end);
      await liveness.close();
    }
  });

  test(`abort ends an analysis that waits at any step, threads ${threads}`, async () => {
    for (const name of STEPS) {
      const { liveness } = engine(threads, { [name]: () => NEVER });
      const ending = new AbortController();
      const { signal } = ending;
      const waiting = failure(() => liveness.analyze([FRAME], { signal }));
      await settle();
      ending.abort();
      assert.equal((await waiting).code, 'API_ABORTED', name);
    }
  });

  test(`abort and close end a photo that waits at any step, threads ${threads}`, async () => {
    for (const name of ['open', 'pictures', 'push', 'close']) {
      for (const code of ['API_ABORTED', 'API_CLOSED']) {
        const { liveness } = engine(threads, { [name]: () => NEVER });
        const ending = new AbortController();
        const waiting = failure(() => liveness.analyzePhoto(FRAME, { signal: ending.signal }));
        if (name !== 'pictures') await settle(); // there also before it is asked for
        if (code === 'API_ABORTED') ending.abort();
        else await liveness.close();
        assert.equal((await waiting).code, code, name);
      }
    }
  });

  test(`abort ends a session while its result is made, threads ${threads}`, async () => {
    for (const name of ['depth', 'best']) {
      const { liveness, counts } = engine(threads, { [name]: () => NEVER });
      const ending = new AbortController();
      const session = liveness.start({ signal: ending.signal });
      const waiting = failure(() => session.result);
      await session.push(FRAME);
      await settle();
      ending.abort();
      assert.equal((await waiting).code, 'API_ABORTED', name);
      await settle();
      assert.deepEqual(counts, { opened: 1, shut: 1 }, name);
    }
  });

  test(`a step that fails leaves no session behind, threads ${threads}`, async () => {
    const boom = () => Promise.reject(new Error('boom'));
    for (const name of STEPS) {
      const { liveness, counts } = engine(threads, { [name]: boom });
      assert.equal((await failure(() => liveness.analyze([FRAME]))).message, 'boom', name);
      await settle();
      assert.ok(counts.shut >= counts.opened, name);
    }
    const { liveness, counts } = engine(threads);
    const readers = [
      { [Symbol.iterator]: () => assert.fail('boom') },
      { [Symbol.iterator]: () => ({ next: () => assert.fail('boom') }) },
      { [Symbol.iterator]: () => ({}) },
      { [Symbol.asyncIterator]: () => ({ next: async () => assert.fail('boom') }) },
    ];
    for (const frames of readers) await assert.rejects(liveness.analyze(frames));
    for (const frames of [{ [Symbol.iterator]: 5 }, 5, 'clip.y4m', null, undefined]) {
      assert.equal((await failure(() => liveness.analyze(frames))).code, 'BAD_ARGUMENT');
    }
    await settle();
    assert.equal(counts.shut, counts.opened);
    assert.equal((await liveness.analyze([FRAME])).verdict, 'live'); // the turn was passed on
  });
}

test('who waits for the turn of a threaded engine can abort, and passes it on', async () => {
  const { liveness, counts } = engine(2);
  const [first, second] = [new AbortController(), new AbortController()];
  const stuck = failure(() => liveness.analyze(hangingAt(1), { signal: first.signal }));
  const behind = failure(() => liveness.analyze([FRAME], { signal: second.signal }));
  const third = liveness.analyze([FRAME]);
  await settle();
  second.abort();
  assert.equal((await behind).code, 'API_ABORTED');
  assert.equal(counts.opened, 1);
  first.abort();
  assert.equal((await stuck).code, 'API_ABORTED');
  assert.equal((await third).verdict, 'live');
  assert.deepEqual(counts, { opened: 2, shut: 2 });
});

test('a session whose turn never comes ends by its time', async () => {
  const { liveness } = engine(2);
  const ending = new AbortController();
  let begin = () => {};
  const begun = new Promise((resolve) => {
    begin = resolve;
  });
  async function* frames() {
    begin();
    yield* hangingAt(1);
  }
  const stuck = failure(() => liveness.analyze(frames(), { signal: ending.signal }));
  await begun;
  const result = await liveness.start({ timeoutMs: 5 }).result;
  assert.equal(result.verdict, 'undecided');
  assert.equal(result.depth, null);
  ending.abort();
  await stuck;
  await liveness.close();
});

test('a camera that cannot be read leaves the session free for another', async () => {
  const { liveness, counts } = engine(1);
  const session = liveness.start();
  const broken = {
    frames: () => {
      throw new Error('boom');
    },
  };
  assert.equal((await failure(() => session.attach(broken))).message, 'boom');
  assert.equal((await session.attach({ frames: () => hangingAt(1) })).verdict, 'live');
  await settle();
  assert.deepEqual(counts, { opened: 1, shut: 1 });
});

test('frames that a camera drops count from the check on, and when it is done, too', async () => {
  const { liveness } = engine(1);
  const session = liveness.start();
  const feed = {
    dropped: 7, // before
    *frames() {
      feed.dropped += 3;
      yield FRAME;
    },
  };
  const { frames } = await session.attach(feed);
  assert.deepEqual([frames.dropped, session.dropped], [3, 3]);
});

test('who begins anew hears that no clip counts; what is over does not resume', async () => {
  const { liveness } = engine(1, { push: async () => ({ ...RESULT, clipsNeeded: 4 }) });
  const session = liveness.start({ timeoutMs: 1e6 });
  const told = [];
  session.on('progress', ({ clips, needed }) => told.push([clips, needed]));
  await session.push(FRAME);
  await session.reset();
  await session.reset();
  assert.deepEqual(told, [
    [1, 4],
    [0, 4],
  ]);
  session.pause('page_hidden');
  session.result.catch(() => {});
  const states = [];
  session.on('state', ({ state }) => states.push(state));
  const closing = session.close();
  session.resume();
  await closing;
  assert.deepEqual(states, ['done', 'closed']);
});

test('a photo that is a frame is closed, whatever goes wrong before it is taken', async () => {
  const boom = () => Promise.reject(new Error('boom'));
  for (const [steps, options] of [
    [{}, { signal: AbortSignal.abort() }],
    [{}, { unknown: 1 }],
    [{ open: boom }, {}],
    [{ pictures: boom }, {}],
  ]) {
    let closed = 0;
    const picture = { ...FRAME, close: () => closed++ };
    await failure(() => engine(1, steps).liveness.analyzePhoto(picture, options));
    assert.ok(closed > 0);
  }
});

test('an ending: the first error counts, a late value is handed over', async () => {
  const ending = new Ending();
  assert.equal(await ending.wait(Promise.resolve(1)), 1);
  let give = () => {};
  const late = [];
  const waiting = failure(() =>
    ending.wait(
      new Promise((resolve) => {
        give = resolve;
      }),
      (value) => late.push(value),
    ),
  );
  ending.end(new Error('first'));
  ending.end(new Error('second'));
  give(7);
  assert.equal((await waiting).message, 'first');
  assert.equal(
    (await failure(() => ending.wait(Promise.resolve(8), (v) => late.push(v)))).message,
    'first',
  );
  await settle();
  assert.deepEqual(late, [7, 8]);
});

/** What memory more each two fifths of the steps take: code that is compiled once counts in one of
 * them, what is kept of each step in both. */
async function growth(steps, step) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const used = [];
  for (let i = 0; i < steps; i++) {
    if (i === steps / 5 || i === (steps * 3) / 5 || i === steps - 1) {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      used.push(heapUsed + arrayBuffers);
    }
    await step();
  }
  return Math.min(used[1] - used[0], used[2] - used[1]);
}
const LENGTH = 50_000;
const LARGE = () => ({ ...FRAME, data: new Uint8Array(1000) });

test('a recording of any length needs the same memory', async () => {
  const { liveness } = engine(1);
  const feed = new TransformStream();
  const writer = feed.writable.getWriter();
  const { signal } = new AbortController();
  const analysis = liveness.analyze(feed.readable, { signal });
  const more = await growth(LENGTH, () => writer.write(LARGE()));
  await writer.close();
  const { frames, ms } = await analysis;
  assert.equal(frames.read, LENGTH);
  assert.equal(ms.detect.total, LENGTH);
  assert.equal(ms.detect.median, 1);
  assert.ok(more < 1e6, `${more} bytes more in two fifths of ${LENGTH} frames`);
});

test('so does a session that has no verdict yet, of frames that are read or refused', async () => {
  const refused = () => Promise.reject(new LivenessError('FRAME_BAD_SIZE', 'too small'));
  for (const push of [async () => ({ ...RESULT, clips: 0 }), refused]) {
    const { liveness } = engine(1, { push });
    const session = liveness.start({ clips: 6 });
    const more = await growth(LENGTH, () => session.push(LARGE()).catch(() => {}));
    assert.ok(more < 1e6, `${more} bytes more in two fifths of ${LENGTH} frames`);
    const closed = session.result.catch(({ code }) => code);
    await session.close();
    assert.equal(await closed, 'API_CLOSED');
  }
});

test('frames that are there at once leave time for timers', async () => {
  const { liveness } = engine(1);
  const MANY = 300_000;
  let read = 0;
  const feed = {
    paused: 'page_hidden',
    async *frames() {
      for (; read < MANY; read++) yield FRAME;
    },
  };
  const { reason } = await liveness.start({ timeoutMs: 5 }).attach(feed);
  assert.equal(reason, 'page_hidden');
  assert.ok(read < MANY, 'it ended with the feed');
});
