// SPDX-License-Identifier: MIT
// A page that opens cameras: what the tests' functions use in it, and what must hold at its end.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE } from '../support.mjs';
import { launch, openPage } from './support.mjs';

const TWO_CAMERAS = '--use-fake-device-for-media-stream=device-count=2,fps=60';
export const JS = { '/js/': 'js' };

/** What the tests' functions use inside a page. */
export async function helpers() {
  const { openCamera, listCameras } = await import('/js/page/camera.js');
  const streams = [];
  const frames = [];
  const { mediaDevices } = navigator;
  const getUserMedia = mediaDevices?.getUserMedia.bind(mediaDevices);
  const real = async (...args) => {
    const stream = await getUserMedia(...args);
    streams.push(stream);
    return stream;
  };
  if (mediaDevices) mediaDevices.getUserMedia = real;
  const { read } = ReadableStreamDefaultReader.prototype;
  ReadableStreamDefaultReader.prototype.read = async function readCounted() {
    const step = await read.call(this);
    if (step.value instanceof VideoFrame) frames.push(step.value);
    return step;
  };
  const Native = VideoFrame;
  globalThis.VideoFrame = new Proxy(Native, {
    construct(target, args) {
      const frame = new target(...args);
      frames.push(frame);
      return frame;
    },
  });
  Object.assign(globalThis, {
    openCamera,
    listCameras,
    real,
    /** getUserMedia becomes this. */
    ask: (call) => {
      mediaDevices.getUserMedia = call;
    },
    /** Other labels for the two cameras. */
    rename([first, second]) {
      const names = { fake_device_0: first, fake_device_1: second };
      for (const { prototype } of [MediaStreamTrack, MediaDeviceInfo]) {
        const { get } = Object.getOwnPropertyDescriptor(prototype, 'label');
        Object.defineProperty(prototype, 'label', {
          get() {
            return names[get.call(this)] ?? get.call(this);
          },
        });
      }
    },
    sleep: (ms) =>
      new Promise((done) => {
        setTimeout(done, ms);
      }),
    lights: () => streams.flatMap((each) => each.getTracks().map((track) => track.readyState)),
    openFrames: () => frames.filter(({ format }) => format !== null).length,
    seenFrames: () => frames.length,
    /** The LivenessError of a promise. */
    async failure(promise) {
      try {
        await promise;
      } catch ({ name, code, retryable, stage, detail }) {
        return { name, code, retryable, stage, detail };
      }
      return 'no error';
    },
    /** Takes and closes `count` frames; their times, sizes and kinds. */
    async take(camera, count) {
      const seen = [];
      for await (const frame of camera.frames()) {
        const width = frame.displayWidth ?? frame.width;
        const height = frame.displayHeight ?? frame.height;
        const { timestamp } = frame;
        const kind = frame instanceof Native ? 'VideoFrame' : frame.format;
        seen.push({ timestamp, width, height, kind });
        frame.close?.();
        if (seen.length === count) break;
      }
      return seen;
    },
    /** Takes and closes frames to their end. */
    async drain(camera) {
      for await (const frame of camera.frames()) frame.close();
    },
    /** The names of the camera's events, as they come. */
    listen(camera) {
      const events = [];
      for (const type of ['pause', 'resume', 'restart', 'lost']) {
        camera.addEventListener(type, ({ detail }) => {
          events.push(detail ? `${type} ${detail.code ?? detail}` : type);
        });
      }
      return events;
    },
    /** A camera that has given its first frame, its events and its further frames. */
    async openRunning(options) {
      const camera = await openCamera(options);
      const events = listen(camera);
      const frames = camera.frames();
      (await frames.next()).value.close();
      return { camera, events, frames };
    },
    async until(condition) {
      const end = performance.now() + 100_000; // before answer() gives up
      while (!condition()) {
        if (performance.now() > end) throw new Error(`never: ${condition}`);
        await sleep(10);
      }
    },
  });
}

/** A page with the helpers. */
export async function open(t, browser, options = {}) {
  const opened = await openPage(t, browser, { mounts: JS, ...options });
  await opened.page.evaluate(helpers);
  return opened;
}

/** A page's answer, or a failed test: a promise that never settles is no answer. */
export async function answer(page, work, argument) {
  const timeout = new AbortController();
  const hung = sleep(PATIENCE, null, { signal: timeout.signal }).then(() => {
    throw new Error(`no answer in ${PATIENCE} ms`);
  });
  try {
    return await Promise.race([page.evaluate(work, argument), hung]);
  } finally {
    timeout.abort();
    hung.catch(() => {});
  }
}

/** Runs `work` in a tab that is loaded anew (without, what the browser lacks, first): all lights
 * must be off and all frames closed at its end. */
export async function inTab(
  { page, errors },
  work,
  { without = () => {}, argument, logged = 0 } = {},
) {
  await page.reload();
  errors.length = 0;
  await page.evaluate(helpers);
  await page.evaluate(without, argument);
  const result = await answer(page, work, argument);
  const left = await page.evaluate(() => ({
    lights: lights().filter((state) => state !== 'ended'),
    frames: openFrames(),
    videos: document.querySelectorAll('video[aria-hidden]').length,
  }));
  assert.deepEqual(left, { lights: [], frames: 0, videos: 0 });
  assert.equal(errors.length, logged, errors.join('\n'));
  return result;
}

/** A browser with two cameras, and the way to try something there:
 * check(name, work in the page, assertions about its answer, options of inTab). */
export async function twoCameras(t) {
  const browser = await launch(t, { args: [TWO_CAMERAS] });
  const tab = await open(t, browser);
  return (name, work, assertions, options) =>
    t.test(name, async () => {
      assertions(await inTab(tab, work, options));
    });
}
