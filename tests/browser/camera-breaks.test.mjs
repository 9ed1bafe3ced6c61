// SPDX-License-Identifier: MIT
// js/page/camera.js in Chromium when no frames come for a while, or none ever again: pause, resume,
// restart, lost.
// "simulated" in a name: Chromium without a screen cannot be brought to do it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { JS, twoCameras } from './camera_page.mjs';
import { launch, startServer } from './support.mjs';

test('two cameras', async (t) => {
  const check = await twoCameras(t);

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
      const { camera, events, frames } = await openRunning({ video });
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
    {
      without: () => {
        delete globalThis.MediaStreamTrackProcessor;
      },
    },
  );

  await check(
    'a first frame that takes three seconds (simulated) comes; one that never does: frozen',
    async () => {
      const { MediaStreamTrackProcessor } = globalThis;
      const late = (ms) =>
        class {
          constructor(options) {
            const reader = new MediaStreamTrackProcessor(options).readable.getReader();
            const wait = new Promise((done) => setTimeout(done, ms));
            this.readable = {
              getReader: () => ({
                read: () => wait.then(() => reader.read()),
                cancel: async () => {},
              }),
            };
          }
        };
      const results = [];
      for (const ms of [3000, 1e6]) {
        globalThis.MediaStreamTrackProcessor = late(ms);
        const camera = await openCamera();
        const step = await failure(take(camera, 2));
        await camera.close();
        results.push(step?.code ?? 'frames');
      }
      globalThis.MediaStreamTrackProcessor = MediaStreamTrackProcessor;
      return results;
    },
    (results) => assert.deepEqual(results, ['frames', 'CAMERA_FROZEN']),
  );

  await check(
    'sleep (66, simulated by the clock): restart, once, and no error',
    async () => {
      const { camera, events, frames } = await openRunning();
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
      const { camera, events, frames } = await openRunning();
      const end = performance.now() + 2300;
      while (performance.now() < end);
      for (let i = 0; i < 10; i++) (await frames.next()).value.close();
      await camera.close();
      return events;
    },
    (events) => assert.deepEqual(events, ['restart']),
  );

  await check(
    'unplugged, which the list of devices alone tells: lost; others come and go',
    async () => {
      const { mediaDevices } = navigator;
      const { camera, events, frames } = await openRunning();
      const all = await mediaDevices.enumerateDevices();
      const change = async (list) => {
        let asked = false;
        mediaDevices.enumerateDevices = async () => {
          asked = true;
          return list;
        };
        mediaDevices.dispatchEvent(new Event('devicechange'));
        await until(() => asked);
        await sleep(0); // and has been answered
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
    for (let i = 0; i < 10_000 && said.at(-1) !== text; i++) await sleep(10);
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
