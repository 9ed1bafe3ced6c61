// SPDX-License-Identifier: MIT
// What a page may do wrong: a typed error, and the engine goes on.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage } from './support.mjs';

const hooks = [];
let page;
before(async () => {
  const t = { after: (hook) => hooks.push(hook) };
  ({ page } = await openPage(t, await launch(t), { answer: (path) => path === '/slow' }));
  await page.evaluate(async () => {
    const { loadLiveness, LivenessError } = await import('/livedepth/index.js');
    const load = (options) => loadLiveness({ variant: 'simd', threads: 1, ...options });
    const frame = (i, seed = 0) => ({
      data: new Uint8Array(64 * 64 * 4).map((_, j) => (j * 31 + i * 97 + seed * 57) & 255),
      width: 64,
      height: 64,
      format: 'RGBA',
      timestamp: i * 1e5,
    });
    const frames = (count = 6, seed = 0) => Array.from({ length: count }, (_, i) => frame(i, seed));
    /** The code of the error of a call or promise; another outcome as it is. */
    const code = async (work) => {
      try {
        return await (typeof work === 'function' ? work() : work);
      } catch (error) {
        return error instanceof LivenessError ? error.code : `bare ${error}`;
      }
    };
    const none = { crop: 'none' };
    const bits = ({ score, depth }) => JSON.stringify([score, [...depth.data]]);
    Object.assign(globalThis, { load, frame, frames, code, none, bits, LivenessError });
    globalThis.liveness = await load();
  });
});
after(() => Promise.all(hooks.map((hook) => hook())));
const inPage = (work, argument) => page.evaluate(work, argument);

test('87 after close(): API_CLOSED everywhere; 89 close() twice is fine', async () => {
  assert.deepEqual(
    await inPage(async () => {
      const own = await load();
      const session = own.start(none);
      const before = session.result;
      await session.close();
      await session.close();
      const answers = [await code(before), await code(session.push(frame(0))), session.state];
      await own.close();
      await own.close();
      answers.push(await code(own.analyze(frames(), none)), await code(own.start(none).result));
      const other = await load();
      const open = other.start(none);
      await open.push(frame(0));
      await other.close();
      const late = new VideoFrame(new Uint8Array(16), {
        format: 'RGBA',
        codedWidth: 2,
        codedHeight: 2,
        timestamp: 1e5,
      });
      answers.push(await code(open.push(late)), late.codedWidth);
      return answers;
    }),
    ['API_CLOSED', 'API_CLOSED', 'closed', 'API_CLOSED', 'API_CLOSED', 'API_CLOSED', 0],
  );
});

test('88 two loads at once: two engines, the same bits, one may go', async () => {
  const [a, b, c] = await inPage(async () => {
    const [one, two] = await Promise.all([load(), load()]);
    const before = [await one.analyze(frames(), none), await two.analyze(frames(), none)].map(bits);
    await one.close();
    const last = bits(await two.analyze(frames(), none));
    await two.close();
    return [...before, last];
  });
  assert.equal(a, b);
  assert.equal(b, c);
});

test('90 pushes at once: one is taken, the others are dropped and counted', async () => {
  const [taken, dropped] = await inPage(async () => {
    const session = liveness.start(none);
    const pushed = await Promise.all(frames(4).map((each) => session.push(each)));
    const answer = [pushed.map(({ accepted }) => accepted), session.dropped];
    await session.close();
    return answer;
  });
  assert.deepEqual(taken, [true, false, false, false]);
  assert.equal(dropped, 3);
});

test('91 two sessions at once: isolated, equal to one after the other', async () => {
  const [together, serial] = await inPage(async () => {
    const both = await Promise.all([1, 2].map((seed) => liveness.analyze(frames(8, seed), none)));
    const one = [];
    for (const seed of [1, 2]) one.push(await liveness.analyze(frames(8, seed), none));
    return [both.map(bits), one.map(bits)];
  });
  assert.deepEqual(together, serial);
  assert.notEqual(serial[0], serial[1]);
});

test('92 signals: before, while loading, in a stuck reader, in a session: at once', async () => {
  const { codes, ms, same } = await inPage(async () => {
    const reference = bits(await liveness.analyze(frames(), none));
    const gone = AbortSignal.abort();
    const codes = [
      await code(load({ signal: gone })),
      await code(liveness.analyze(frames(), { ...none, signal: gone })),
      await code(() => liveness.start({ ...none, signal: gone })),
    ];
    const ms = [];
    /** start() calls its second argument when it is in the middle, where it would stay. */
    const timed = async (start) => {
      const stop = new AbortController();
      let at = 0;
      codes.push(
        await code(
          start(stop.signal, () => {
            at ||= performance.now();
            stop.abort();
          }),
        ),
      );
      ms.push(performance.now() - at);
    };
    await timed((signal, onProgress) => load({ signal, model: '/slow', onProgress }));
    async function* stuck(then) {
      yield frame(0);
      then();
      await new Promise(() => {});
    }
    await timed((signal, then) => liveness.analyze(stuck(then), { ...none, signal }));
    await timed((signal, then) => {
      const session = liveness.start({ ...none, signal });
      session.push(frame(0)).then(then);
      return session.result;
    });
    return { codes, ms, same: reference === bits(await liveness.analyze(frames(), none)) };
  });
  assert.deepEqual(codes, Array(6).fill('API_ABORTED'));
  // None of the three ends by itself.
  assert.ok(Math.max(...ms) < 10_000, `${ms} ms`);
  assert.ok(same);
});

test('93 close() while a frame is at work: it resolves, and nobody is called later', async () => {
  assert.deepEqual(
    await inPage(async () => {
      const own = await load();
      const session = own.start(none);
      let late = 0;
      const pushed = code(session.push(frame(0)));
      await session.close();
      session.addEventListener('frame', () => {
        late++;
      });
      const first = await pushed;
      const engine = code(own.analyze(frames(), none));
      await own.close();
      const second = await engine;
      await liveness.analyze(frames(), none); // time enough for another one
      return [first.accepted ?? first, second, late];
    }),
    [false, 'API_CLOSED', 0],
  );
});

test('94 wrong types, a polluted prototype, getters that throw: typed errors', async () => {
  const codes = await inPage(async () => {
    const throwing = Object.defineProperty({}, 'crop', {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    });
    const detached = new Uint8Array(64 * 64 * 4);
    structuredClone(detached, { transfer: [detached.buffer] });
    const closed = new VideoFrame(new Uint8Array(16), {
      format: 'RGBA',
      codedWidth: 2,
      codedHeight: 2,
      timestamp: 0,
    });
    closed.close();
    /** What comes of each as the first frame of a session. */
    const push = async (options) => {
      const answers = [];
      for (const given of [
        null,
        {},
        { ...frame(0), width: 0 },
        { ...frame(0), format: 'P010' },
        { ...frame(0), data: detached },
        { ...frame(0), timestamp: NaN },
        { ...frame(0), width: 9999 },
        { ...frame(0), rotation: 45 },
        closed,
        {
          ...frame(0),
          get data() {
            throw new Error('no');
          },
        },
        frame(0),
      ]) {
        const session = liveness.start(options);
        const answer = await code(session.push(given));
        await session.close();
        answers.push(answer.accepted ?? answer);
      }
      return answers;
    };
    return {
      options: await Promise.all(
        [
          3,
          'x',
          null,
          { unknown: 1 },
          throwing,
          { depth: 'some' },
          { onFrame: 1 },
          { signal: {} },
        ].map((each) => code(liveness.analyze(frames(), each))),
      ),
      start: await Promise.all(
        [
          { clips: 0 },
          { clips: 1001 },
          { clips: 1.5 },
          { timeoutMs: 0 },
          { timeoutMs: '1' },
          { depth: 1 },
        ].map((each) => code(() => liveness.start(each))),
      ),
      frames: await Promise.all(
        [null, 7, 'x', undefined].map((each) => code(liveness.analyze(each, none))),
      ),
      push: await push(none),
      best: await push({ ...none, best: true }),
      polluted: await (async () => {
        Object.prototype.crop = 'face'; // eslint-disable-line no-extend-native
        Object.prototype.liveThreshold = 0;
        try {
          const { thresholds } = await liveness.analyze(frames(), { crop: 'none' });
          return thresholds.live > 0;
        } finally {
          delete Object.prototype.crop;
          delete Object.prototype.liveThreshold;
        }
      })(),
    };
  });
  assert.deepEqual(codes.options, Array(8).fill('BAD_ARGUMENT'));
  assert.deepEqual(codes.start, Array(6).fill('BAD_ARGUMENT'));
  assert.deepEqual(codes.frames, Array(4).fill('BAD_ARGUMENT'));
  assert.deepEqual(codes.best, codes.push);
  assert.deepEqual(codes.push, [
    'BAD_ARGUMENT',
    'FRAME_BAD_FORMAT',
    'FRAME_BAD_SIZE',
    'FRAME_BAD_FORMAT',
    'FRAME_BAD_BUFFER',
    'FRAME_BAD_TIMESTAMP',
    'FRAME_TOO_LARGE',
    'FRAME_BAD_ROTATION',
    'FRAME_BAD_FRAME',
    'BAD_ARGUMENT',
    true,
  ]);
  assert.equal(codes.polluted, true);
});

test('95 thresholds that are none: BAD_ARGUMENT', async () => {
  const wrong = [
    { liveThreshold: NaN },
    { liveThreshold: 2 },
    { spoofThreshold: -1 },
    { liveThreshold: 0.2, spoofThreshold: 0.5 },
    { liveThreshold: '1' },
  ];
  const codes = await inPage(
    (given) =>
      Promise.all(
        given.flatMap((each) => [
          code(liveness.analyze(frames(), { ...none, ...each })),
          code(liveness.start({ ...none, ...each }).result),
        ]),
      ),
    wrong,
  );
  // NaN becomes null on the way into the page: no number either.
  assert.deepEqual(codes, Array(10).fill('BAD_ARGUMENT'));
});

test('96 a listener that throws is reported, and the session goes on', async () => {
  const [clips, reported] = await inPage(async () => {
    let reported = 0;
    globalThis.addEventListener('error', (event) => {
      reported++;
      event.preventDefault();
    });
    const session = liveness.start({ ...none, clips: 2 });
    session.on('frame', () => {
      throw new Error('listener');
    });
    for (const each of frames(6)) await session.push(each);
    return [(await session.result).frames.clips, reported];
  });
  assert.equal(clips, 2);
  assert.equal(reported, 6);
});

test("97 a result is the caller's own; what is shared is frozen", async () => {
  const [same, frozen] = await inPage(async () => {
    const first = await liveness.analyze(frames(), none);
    const before = bits(first);
    first.depth.data.fill(7);
    first.verdict = 'live';
    const frozen = [first.engine, first.engine.model, liveness.info].every(Object.isFrozen);
    return [before === bits(await liveness.analyze(frames(), none)), frozen];
  });
  assert.ok(same);
  assert.ok(frozen);
});
