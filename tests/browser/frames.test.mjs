// SPDX-License-Identifier: MIT
// The frames of js/page/camera.js in Chromium: three ways to take them, one reader, pauses and
// breaks. "simulated" in a name: Chromium without a screen cannot be brought to do it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { liveFrames } from '../support.mjs';
import { inTab, JS, open, twoCameras } from './camera_page.mjs';
import { launch, liveCamera, startServer } from './support.mjs';

test('two cameras', async (t) => {
  const check = await twoCameras(t);

  const ways = {
    track_processor: () => {},
    video_frame: () => {
      delete globalThis.MediaStreamTrackProcessor;
    },
    canvas: () => {
      delete globalThis.VideoFrame;
    },
    'canvas without requestVideoFrameCallback': () => {
      delete globalThis.VideoFrame;
      delete HTMLVideoElement.prototype.requestVideoFrameCallback;
    },
  };
  for (const [name, without] of Object.entries(ways)) {
    await check(
      `frames by ${name}`,
      async () => {
        const camera = await openCamera({ width: 640, height: 480 });
        const hidden = document.querySelectorAll('video').length;
        const frames = await take(camera, 40);
        const now = performance.now() * 1000;
        const { capture, delivered, signals } = camera;
        await camera.close();
        return { frames, hidden, capture, delivered, signals, now };
      },
      ({ frames, hidden, capture, delivered, signals, now }) => {
        assert.equal(capture, name.split(' ')[0]);
        assert.equal(hidden, name === 'track_processor' ? 0 : 1);
        assert.equal(delivered, 40);
        for (const [i, { width, height, kind, timestamp }] of frames.entries()) {
          const wanted = [640, 480, capture === 'canvas' ? 'RGBA' : 'VideoFrame'];
          assert.deepEqual([width, height, kind], wanted);
          assert.ok(i === 0 || timestamp > frames[i - 1].timestamp, `${timestamp} at ${i}`);
        }
        const passed = frames.at(-1).timestamp - frames[0].timestamp; // 30 a second
        assert.ok(passed > 9e5 && passed < 5e6, `${passed} microseconds`);
        if (name !== 'track_processor') assert.ok(Math.abs(frames.at(-1).timestamp - now) < 5e5);
        const timed = name !== 'canvas without requestVideoFrameCallback';
        assert.equal(signals.constantTimestamps, timed ? false : null);
      },
      { without },
    );
  }

  await check(
    "the page's own video element shows the picture and gives the frames",
    async () => {
      const video = document.createElement('video');
      document.body.append(video);
      const camera = await openCamera({ video });
      const shown = video.srcObject === camera.stream;
      await take(camera, 3);
      const { videoWidth } = video;
      await camera.close();
      const videos = document.querySelectorAll('video').length;
      return { shown, videoWidth, after: video.srcObject, videos };
    },
    (result) => {
      assert.deepEqual(result, { shown: true, videoWidth: 1280, after: null, videos: 1 });
    },
    { without: ways.video_frame },
  );

  await check(
    '100 frames to a slow reader: none leaks, late ones are counted (68)',
    async () => {
      ask(({ video }) => real({ video: { ...video, frameRate: 60 } }));
      const camera = await openCamera({ width: 320, height: 240 });
      let most = 0;
      let count = 0;
      for await (const frame of camera.frames()) {
        await sleep(45);
        most = Math.max(most, openFrames());
        frame.close();
        if (++count === 100) break;
      }
      const left = openFrames();
      const { dropped, delivered } = camera;
      const seen = seenFrames();
      await camera.close();
      return { most, left, dropped, delivered, seen };
    },
    ({ most, left, dropped, delivered, seen }) => {
      assert.equal(most, 1, 'none waits beside the one at work');
      assert.equal(left, 0);
      assert.equal(delivered, 100);
      assert.ok(dropped > 20, `${dropped}`);
      assert.ok(Math.abs(seen - delivered - dropped) <= 1, `${seen} = ${delivered} + ${dropped}`);
    },
  );

  await check(
    'a reader that closes early finds the newest; leaving closes it',
    async () => {
      const camera = await openCamera();
      const frames = camera.frames();
      const times = [];
      for (let i = 0; i < 4; i++) {
        const { value } = await frames.next();
        times.push(value.timestamp);
        value.close();
        const { dropped: before } = camera;
        await until(() => camera.dropped > before + 2);
      }
      const waiting = openFrames();
      await frames.return();
      const left = openFrames();
      const { dropped, delivered } = camera;
      await camera.close();
      return { times, waiting, left, dropped, delivered };
    },
    ({ times, waiting, left, dropped, delivered }) => {
      assert.deepEqual([waiting, left, delivered], [1, 0, 4]);
      assert.ok(dropped >= 12, `${dropped}`);
      for (const [i, time] of times.entries()) {
        assert.ok(i === 0 || time - times[i - 1] > 60_000, `${times}: three frames between two`);
      }
    },
  );

  await check(
    'a page that keeps its frames stalls the camera: frozen (63, 68)',
    async () => {
      const camera = await openCamera();
      const kept = [];
      const error = await failure(
        (async () => {
          for await (const frame of camera.frames()) kept.push(frame);
        })(),
      );
      for (const frame of kept) frame.close();
      return { count: kept.length, code: error.code, retryable: error.retryable };
    },
    (result) => assert.deepEqual(result, { count: 2, code: 'CAMERA_FROZEN', retryable: true }),
  );

  await check(
    'one reader at a time; leaving the loop frees the place',
    async () => {
      const camera = await openCamera();
      const first = camera.frames();
      (await first.next()).value.close();
      const second = await failure(camera.frames().next());
      const pending = first.next();
      await first.return();
      const step = await pending;
      step.value?.close();
      const done = await first.next();
      const [frame] = await take(camera, 1);
      const unused = camera.frames();
      await unused.return();
      const never = await unused.next();
      await camera.close();
      return { second, done, never, frame };
    },
    ({ second, done, never, frame }) => {
      assert.equal(second.code, 'API_BUSY');
      assert.equal(done.done, true);
      assert.equal(never.done, true);
      assert.ok(frame.timestamp > 0);
    },
  );

  await check(
    'close() ends the reader; frames() after it is empty',
    async () => {
      const camera = await openCamera();
      const events = listen(camera);
      const frames = camera.frames();
      (await frames.next()).value.close();
      const [a, b] = [frames.next(), frames.next()];
      await camera.close();
      const steps = await Promise.all([a, b, frames.next()]);
      const again = await take(camera, 1);
      const switched = await failure(camera.switchTo('any'));
      return { steps, again, events, switched, lights: lights() };
    },
    ({ steps, again, events, switched, lights }) => {
      assert.deepEqual(
        steps.map(({ done }) => done),
        [true, true, true],
      );
      assert.deepEqual(again, []);
      assert.deepEqual(events, []);
      assert.equal(switched.code, 'API_CLOSED');
      assert.deepEqual(lights, ['ended']);
    },
  );

  await check(
    'the page stops the track: closed, not lost (61)',
    async () => {
      const camera = await openCamera();
      const events = listen(camera);
      let count = 0;
      for await (const frame of camera.frames()) {
        frame.close();
        if (++count === 3) camera.track.stop();
      }
      return events;
    },
    (events) => assert.deepEqual(events, []),
  );

  await check(
    'mute and unmute (62, simulated): pause, nothing comes, resume',
    async () => {
      const camera = await openCamera();
      const events = listen(camera);
      const mute = (muted) => {
        Object.defineProperty(camera.track, 'muted', { value: muted, configurable: true });
        camera.track.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
      };
      let count = 0;
      const reader = (async () => {
        for await (const frame of camera.frames()) {
          frame.close();
          count++;
        }
      })();
      await until(() => count > 3);
      mute(true);
      await sleep(0);
      const before = [count, camera.dropped];
      await sleep(2300); // longer than what counts as frozen
      const { paused } = camera;
      const during = [count - before[0], camera.dropped - before[1]];
      mute(false);
      await until(() => count > before[0] + 3);
      await camera.close();
      await reader;
      return { events, paused, during, after: camera.paused };
    },
    (result) =>
      assert.deepEqual(result, {
        events: ['pause camera_muted', 'resume'],
        paused: 'camera_muted',
        during: [0, 0], // frames of a pause are not late
        after: null,
      }),
  );

  await check(
    'no frame for two seconds (63; the page pauses the element): frozen',
    async () => {
      const video = document.createElement('video');
      document.body.append(video);
      const camera = await openCamera({ video });
      const events = listen(camera);
      const frames = camera.frames();
      (await frames.next()).value.close();
      video.pause();
      const start = performance.now();
      const error = await failure(
        (async () => {
          for (;;) (await frames.next()).value.close();
        })(),
      );
      const ms = performance.now() - start;
      const next = await frames.next();
      const again = await failure(camera.frames().next());
      return { codes: [error.code, again.code], ms, events, done: next.done };
    },
    ({ ms, ...result }) => {
      assert.deepEqual(result, {
        codes: ['CAMERA_FROZEN', 'CAMERA_FROZEN'],
        events: ['lost CAMERA_FROZEN'],
        done: true,
      });
      assert.ok(ms > 1700, `${ms}`);
    },
    { without: ways.video_frame },
  );

  await check(
    'sleep (66, simulated by the clock): restart, once, and no error',
    async () => {
      const camera = await openCamera();
      const events = listen(camera);
      const frames = camera.frames();
      (await frames.next()).value.close();
      const { now } = Date;
      Date.now = () => now() + 3_600_000;
      for (let i = 0; i < 10; i++) (await frames.next()).value.close();
      await camera.close();
      return events;
    },
    (events) => assert.deepEqual(events, ['restart']),
  );

  await check(
    'a page busy for more than two seconds is no frozen camera',
    async () => {
      const camera = await openCamera();
      const events = listen(camera);
      const frames = camera.frames();
      (await frames.next()).value.close();
      const end = performance.now() + 2300;
      while (performance.now() < end);
      for (let i = 0; i < 10; i++) (await frames.next()).value.close();
      await camera.close();
      return events;
    },
    (events) => assert.deepEqual(events, ['restart']),
  );

  await check(
    'times, sizes and turns of frames (66, 67, simulated processor)',
    async () => {
      let source;
      globalThis.MediaStreamTrackProcessor = class {
        readable = new ReadableStream({
          start(controller) {
            source = controller;
          },
        });
      };
      const canvas = new OffscreenCanvas(640, 480);
      canvas.getContext('2d');
      const camera = await openCamera();
      const events = listen(camera);
      const frames = camera.frames();
      const log = [];
      const push = async (timestamp, { width = 640, rotation = 0 } = {}) => {
        canvas.width = width;
        let isNew = false;
        frames.next().then(({ value }) => {
          isNew = value === frame;
          value?.close();
        });
        await sleep(0); // the first next() makes the processor
        const frame = new VideoFrame(canvas, { timestamp, rotation });
        source.enqueue(frame);
        await until(() => frame.format === null); // by the reader here, or by the camera
        log.push([timestamp, isNew ? 'new' : 'not', ...events.splice(0)].join(' '));
      };
      await push(1000);
      await push(34333);
      await push(67666, { width: 480 });
      await push(100999, { width: 480, rotation: 90 });
      await push(134332, { width: 480, rotation: 90 });
      await push(2_134_333, { width: 480, rotation: 90 });
      await push(1000, { width: 480, rotation: 90 });
      await push(1000, { width: 480, rotation: 90 }); // the same once more
      for (let i = 1; i <= 31; i++) {
        await push(1000 + Math.round(i * 33333.3), { width: 480, rotation: 90 });
      }
      const {
        signals: { constantTimestamps },
      } = camera;
      await camera.close();
      return { log: log.slice(0, 8), constantTimestamps };
    },
    (result) =>
      assert.deepEqual(result, {
        log: [
          '1000 new',
          '34333 new',
          '67666 new restart',
          '100999 new restart',
          '134332 new',
          '2134333 new restart',
          '1000 new restart',
          '1000 not',
        ],
        constantTimestamps: true,
      }),
  );

  await check(
    'unplugged, which the list of devices alone tells: lost; others come and go',
    async () => {
      const { mediaDevices } = navigator;
      const camera = await openCamera();
      const events = listen(camera);
      const frames = camera.frames();
      (await frames.next()).value.close();
      const all = await mediaDevices.enumerateDevices();
      const change = async (list) => {
        mediaDevices.enumerateDevices = async () => list;
        mediaDevices.dispatchEvent(new Event('devicechange'));
        await sleep(20);
        return camera.track.readyState;
      };
      const own = ({ deviceId }) => deviceId === camera.device.deviceId;
      const lights = [await change(all.filter((each) => own(each) || each.kind !== 'videoinput'))];
      lights.push(await change(all.filter((each) => !own(each))));
      delete mediaDevices.enumerateDevices;
      const end = await failure(frames.next().then(({ value }) => value?.close() ?? frames.next()));
      const again = await openCamera(); // it can go on with another one
      await again.close();
      return { events, lights, code: end.code, retryable: end.retryable };
    },
    (result) =>
      assert.deepEqual(result, {
        events: ['lost CAMERA_LOST'],
        lights: ['live', 'ended'],
        code: 'CAMERA_LOST',
        retryable: true,
      }),
  );

  await check(
    'a canvas as camera: works, is unlisted (69); a new size restarts (67)',
    async () => {
      const canvas = document.createElement('canvas');
      Object.assign(canvas, { width: 640, height: 480 });
      const context = canvas.getContext('2d');
      const painter = setInterval(() => {
        context.fillStyle = `rgb(${Math.random() * 255} 0 0)`;
        context.fillRect(0, 0, 99, 99);
      }, 30);
      ask(async () => canvas.captureStream(30));
      const camera = await openCamera();
      const events = listen(camera);
      const frames = camera.frames();
      const widths = new Set();
      for (let i = 0; i < 3; i++) (await frames.next()).value.close();
      canvas.width = 480;
      const end = performance.now() + 3000;
      while (!widths.has(480) && performance.now() < end) {
        const { value } = await frames.next();
        widths.add(value.displayWidth);
        value.close();
      }
      clearInterval(painter);
      const { signals } = camera;
      await camera.close();
      return { events, unlisted: signals.unlisted, end: camera.track.readyState };
    },
    (result) => assert.deepEqual(result, { events: ['restart'], unlisted: true, end: 'ended' }),
  );
});

test('frames by track_processor and by video_frame are the bytes of the clip', async (t) => {
  const wanted = (await liveFrames()).map(({ data }) =>
    createHash('sha256').update(data).digest('hex'),
  );
  const browser = await launch(t, { camera: liveCamera() });
  const tab = await open(t, browser);
  for (const capture of ['track_processor', 'video_frame']) {
    const hashes = await inTab(
      tab,
      async (way) => {
        if (way === 'video_frame') delete globalThis.MediaStreamTrackProcessor;
        const camera = await openCamera();
        const seen = [];
        for await (const frame of camera.frames()) {
          const { codedWidth: width, codedHeight: height } = frame;
          const [w, h] = [(width + 1) >> 1, (height + 1) >> 1];
          const bytes = new Uint8Array(width * height + 2 * w * h);
          await frame.copyTo(bytes, {
            layout: [
              { offset: 0, stride: width },
              { offset: width * height, stride: w },
              { offset: width * height + w * h, stride: w },
            ],
          });
          frame.close();
          const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
          seen.push(Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(''));
          if (seen.length === 40) break;
        }
        const same = camera.capture === way;
        await camera.close();
        return same ? seen : [];
      },
      { argument: capture },
    );
    assert.equal(hashes.length, 40);
    const numbers = hashes.map((hash) => wanted.indexOf(hash));
    assert.ok(
      numbers.every((number) => number >= 0),
      `${capture}: ${numbers}`,
    );
    assert.ok(new Set(numbers).size > 10, `${capture}: ${numbers}`);
  }
});

test('a hidden tab (65): pause, no frame, resume', async (t) => {
  // Playwright keeps its pages "visible"; so this one is none of its: it reports by requests.
  const browser = await launch(t, { camera: 'pattern' });
  const said = [];
  const script = `
    import { openCamera } from '/js/page/camera.js';
    const say = (text) => fetch('/say/' + text);
    const camera = await openCamera();
    let count = 0;
    for (const type of ['pause', 'resume', 'restart', 'lost']) {
      camera.addEventListener(type, ({ detail }) => {
        say([type, detail?.code ?? detail ?? '', camera.paused].join('.'));
        const during = (before) => say('during.' + (count - before));
        if (type === 'pause') setTimeout(during, 2500, count);
        else count = 0;
      });
    }
    for await (const frame of camera.frames()) {
      frame.close();
      if (++count === 3) say('frames');
    }`;
  const server = await startServer({
    mounts: JS,
    answer(path, response) {
      if (path === '/') {
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<!doctype html><script type="module" src="/script.js"></script>');
      } else if (path === '/script.js') {
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
      } else if (path.startsWith('/say/')) {
        said.push(path.slice(5));
        response.end();
      } else return false;
      return true;
    },
  });
  t.after(() => server.close());
  const heard = async (text) => {
    for (let i = 0; i < 500 && said.at(-1) !== text; i++) {
      await sleep(10);
    }
    assert.equal(said.at(-1), text, said.join());
  };
  const cdp = await browser.newBrowserCDPSession();
  const { targetId } = await cdp.send('Target.createTarget', { url: `${server.origin}/` });
  await heard('frames');
  await cdp.send('Target.createTarget', { url: 'about:blank' });
  await heard('during.0');
  await cdp.send('Target.activateTarget', { targetId });
  await heard('frames');
  assert.deepEqual(said, [
    'frames',
    'pause.page_hidden.page_hidden',
    'during.0',
    'resume..',
    'frames',
  ]);
});
