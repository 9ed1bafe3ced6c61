// SPDX-License-Identifier: MIT
// The frames of js/page/camera.js in Chromium: three ways to take them, one reader, their times.
// "simulated" in a name: Chromium without a screen cannot be brought to do it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { liveFrames } from '../support.mjs';
import { inTab, open, twoCameras } from './camera_page.mjs';
import { clipCamera, launch } from './support.mjs';

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
    'canvas without requestVideoFrameCallback, in a browser that counts no frames': () => {
      delete globalThis.VideoFrame;
      delete HTMLVideoElement.prototype.requestVideoFrameCallback;
      HTMLVideoElement.prototype.getVideoPlaybackQuality = () => ({ totalVideoFrames: 0 });
    },
  };
  for (const [name, without] of Object.entries(ways)) {
    await check(
      `frames by ${name}`,
      async () => {
        const began = performance.now() * 1000;
        const camera = await openCamera({ width: 640, height: 480 });
        const hidden = document.querySelectorAll('video').length;
        const frames = await take(camera, 40);
        const now = performance.now() * 1000;
        const { capture, delivered, signals } = camera;
        await camera.close();
        return { frames, hidden, capture, delivered, signals, began, now };
      },
      ({ frames, hidden, capture, delivered, signals, began, now }) => {
        assert.equal(capture, name.split(' ')[0]);
        assert.equal(hidden, name === 'track_processor' ? 0 : 1);
        assert.equal(delivered, 40);
        for (const [i, { width, height, kind, timestamp }] of frames.entries()) {
          const wanted = [640, 480, capture === 'canvas' ? 'RGBA' : 'VideoFrame'];
          assert.deepEqual([width, height, kind], wanted);
          assert.ok(i === 0 || timestamp > frames[i - 1].timestamp, `${timestamp} at ${i}`);
        }
        const [first, last] = [frames[0].timestamp, frames.at(-1).timestamp];
        const passed = last - first; // 30 a second, fewer where the machine is busy
        const least = name.endsWith('counts no frames') ? 5e5 : 9e5; // each look at 60 a second
        assert.ok(
          passed > least && passed < now - began,
          `${passed} of ${now - began} microseconds`,
        );
        if (name !== 'track_processor') {
          const told = `${first} to ${last}, looked at from ${began} to ${now}`;
          assert.ok(first > began && last < now + 5e5, told); // the page's own clock
        }
        const timed = !name.includes('without requestVideoFrameCallback');
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
    'a slow reader is no frozen camera, though the frame that waits for it stalls one',
    async () => {
      const camera = await openCamera();
      const frames = camera.frames();
      const { value } = await frames.next();
      const kept = value.clone(); // as a worker that is busy with it
      const worker = new MessageChannel();
      worker.port1.postMessage(value, [value]);
      await new Promise((done) => setTimeout(done, 4000));
      const { done, value: next } = await frames.next();
      next?.close();
      kept.close();
      await camera.close();
      return done;
    },
    (done) => assert.equal(done, false),
  );

  await check(
    "what is kept for a picture is none of the camera's frames, and the same picture",
    async () => {
      const { pictures } = await import('/js/page/best-picture.js');
      const told = (frame) =>
        ['format', 'timestamp', 'displayWidth', 'displayHeight', 'rotation', 'flip', 'colorSpace']
          .map((name) => JSON.stringify(frame[name]))
          .join();
      const bytes = async (frame) => {
        const data = new Uint8Array(frame.allocationSize());
        await frame.copyTo(data);
        return data.join();
      };
      const same = async (frame) => {
        const copy = await pictures.hold(frame);
        copies.push(copy);
        return told(copy) === told(frame) && (await bytes(copy)) === (await bytes(frame));
      };
      const copies = [];
      const camera = await openCamera();
      const results = [];
      for await (const frame of camera.frames()) {
        results.push(await same(frame));
        frame.close();
        if (results.length === 5) break;
      }
      await camera.close();
      const data = Uint8Array.from({ length: 64 * 48 * 1.5 }, (_, i) => i % 251);
      for (const more of [
        { rotation: 90, flip: true },
        { displayWidth: 96, displayHeight: 48, rotation: 270 },
        { visibleRect: { x: 8, y: 4, width: 40, height: 30 } },
        { colorSpace: { matrix: 'bt709', fullRange: true } },
        { format: 'NV12' },
        { format: 'RGBX', codedWidth: 32, codedHeight: 24 },
      ]) {
        const size = { codedWidth: 64, codedHeight: 48 };
        const frame = new VideoFrame(data, { format: 'I420', ...size, timestamp: 5, ...more });
        results.push(await same(frame));
        frame.close();
      }
      for (const copy of copies) copy.close();
      const size = { codedWidth: 64, codedHeight: 48 };
      const frame = new VideoFrame(data, { format: 'I420', ...size, timestamp: 5 });
      VideoFrame.prototype.copyTo = async () => {
        throw new DOMException('unreadable');
      };
      const unreadable = await pictures.hold(frame);
      frame.close();
      const drawn = [unreadable.constructor.name, unreadable.width, unreadable.height];
      unreadable.close();
      return { results, drawn };
    },
    ({ results, drawn }) => {
      assert.deepEqual(results, Array(11).fill(true));
      assert.deepEqual(drawn, ['ImageBitmap', 64, 48]);
    },
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
      const { camera, events, frames } = await openRunning();
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
});

test('frames by track_processor and by video_frame are the bytes of the clip', async (t) => {
  const wanted = (await liveFrames()).map(({ data }) =>
    createHash('sha256').update(data).digest('hex'),
  );
  const browser = await launch(t, { camera: await clipCamera() });
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
