// SPDX-License-Identifier: MIT
// js/page/camera.js in Chromium: every way in which a camera fails, three ways to take frames, the
// light that goes off. "simulated" in a name: Chromium without a screen cannot be brought to do it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { liveFrames, temporaryFolder, y4m } from '../support.mjs';
import { launch, liveCamera, openPage, startServer } from './support.mjs';

const TWO_CAMERAS = '--use-fake-device-for-media-stream=device-count=2,fps=60';
const JS = { '/js/': 'js' };
const HANG_MS = 20_000;

/** What the tests' functions use inside a page. */
async function helpers() {
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
    ask: (call) => { mediaDevices.getUserMedia = call; },
    /** Other labels for the two cameras. */
    rename([first, second]) {
      const names = { fake_device_0: first, fake_device_1: second };
      for (const { prototype } of [MediaStreamTrack, MediaDeviceInfo]) {
        const { get } = Object.getOwnPropertyDescriptor(prototype, 'label');
        Object.defineProperty(prototype, 'label', {
          get() { return names[get.call(this)] ?? get.call(this); },
        });
      }
    },
    sleep: (ms) => new Promise((done) => { setTimeout(done, ms); }),
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
    async until(condition, ms = 3000) {
      const end = performance.now() + ms;
      while (!condition()) {
        if (performance.now() > end) throw new Error(`never: ${condition}`);
        await sleep(10);
      }
    },
  });
}

/** A page with the helpers. */
async function open(t, browser, options = {}) {
  const opened = await openPage(t, browser, { mounts: JS, ...options });
  await opened.page.evaluate(helpers);
  return opened;
}

/** A page's answer, or a failed test: a promise that never settles is no answer. */
async function answer(page, work, argument) {
  const timeout = new AbortController();
  const hung = sleep(HANG_MS, null, { signal: timeout.signal }).then(() => {
    throw new Error(`no answer in ${HANG_MS} ms`);
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
async function inTab({ page, errors }, work, { without = () => {}, argument, logged = 0 } = {}) {
  await page.reload();
  errors.length = 0;
  await page.evaluate(helpers);
  await page.evaluate(without, argument);
  const result = await answer(page, work, argument);
  const left = await page.evaluate(() => ({
    lights: lights().filter((state) => state !== 'ended'), frames: openFrames(),
    videos: document.querySelectorAll('video[aria-hidden]').length,
  }));
  assert.deepEqual(left, { lights: [], frames: 0, videos: 0 });
  assert.equal(errors.length, logged, errors.join('\n'));
  return result;
}

test('two cameras', async (t) => {
  const browser = await launch(t, { args: [TWO_CAMERAS] });
  const tab = await open(t, browser);
  const check = (name, work, assertions, options) => t.test(name, async () => {
    assertions(await inTab(tab, work, options));
  });

  await check('opens, tells what it is, closes; virtual (69) is a signal only', async () => {
    const camera = await openCamera();
    const [frame] = await take(camera, 1);
    const { device, signals, capture, paused } = camera;
    const { deviceId } = camera.track.getSettings();
    const same = deviceId === device.deviceId && camera.stream.getVideoTracks()[0] === camera.track;
    await camera.close();
    await camera.close();
    return { device: { ...device, deviceId: null }, signals, capture, paused, same, frame };
  }, ({ frame, ...rest }) => {
    assert.deepEqual(rest, {
      device: { deviceId: null, label: 'fake_device_0', facing: 'unknown', suspect: 'virtual' },
      signals: {
        virtualLabel: true, infraredLabel: false, unlisted: false, constantTimestamps: null,
      },
      capture: 'track_processor', paused: null, same: true,
    });
    assert.deepEqual([frame.width, frame.height, frame.kind], [1280, 720, 'VideoFrame']);
  });

  const ways = {
    track_processor: () => {},
    video_frame: () => { delete globalThis.MediaStreamTrackProcessor; },
    canvas: () => { delete globalThis.VideoFrame; },
    'canvas without requestVideoFrameCallback': () => {
      delete globalThis.VideoFrame;
      delete HTMLVideoElement.prototype.requestVideoFrameCallback;
    },
  };
  for (const [name, without] of Object.entries(ways)) {
    await check(`frames by ${name}`, async () => {
      const camera = await openCamera({ width: 640, height: 480 });
      const hidden = document.querySelectorAll('video').length;
      const frames = await take(camera, 40);
      const now = performance.now() * 1000;
      const { capture, delivered, signals } = camera;
      await camera.close();
      return { frames, hidden, capture, delivered, signals, now };
    }, ({ frames, hidden, capture, delivered, signals, now }) => {
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
    }, { without });
  }

  await check("the page's own video element shows the picture and gives the frames", async () => {
    const video = document.createElement('video');
    document.body.append(video);
    const camera = await openCamera({ video });
    const shown = video.srcObject === camera.stream;
    await take(camera, 3);
    const { videoWidth } = video;
    await camera.close();
    const videos = document.querySelectorAll('video').length;
    return { shown, videoWidth, after: video.srcObject, videos };
  }, (result) => {
    assert.deepEqual(result, { shown: true, videoWidth: 1280, after: null, videos: 1 });
  }, { without: ways.video_frame });

  await check('100 frames to a slow reader: none leaks, late ones are counted (68)', async () => {
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
  }, ({ most, left, dropped, delivered, seen }) => {
    assert.equal(most, 1, 'none waits beside the one at work');
    assert.equal(left, 0);
    assert.equal(delivered, 100);
    assert.ok(dropped > 20, `${dropped}`);
    assert.ok(Math.abs(seen - delivered - dropped) <= 1, `${seen} = ${delivered} + ${dropped}`);
  });

  await check('a reader that closes early finds the newest; leaving closes it', async () => {
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
  }, ({ times, waiting, left, dropped, delivered }) => {
    assert.deepEqual([waiting, left, delivered], [1, 0, 4]);
    assert.ok(dropped >= 12, `${dropped}`);
    for (const [i, time] of times.entries()) {
      assert.ok(i === 0 || time - times[i - 1] > 60_000, `${times}: three frames between two`);
    }
  });

  await check('a page that keeps its frames stalls the camera: frozen (63, 68)', async () => {
    const camera = await openCamera();
    const kept = [];
    const error = await failure((async () => {
      for await (const frame of camera.frames()) kept.push(frame);
    })());
    for (const frame of kept) frame.close();
    return { count: kept.length, code: error.code, retryable: error.retryable };
  }, (result) => assert.deepEqual(result, { count: 2, code: 'CAMERA_FROZEN', retryable: true }));

  await check('one reader at a time; leaving the loop frees the place', async () => {
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
  }, ({ second, done, never, frame }) => {
    assert.equal(second.code, 'API_BUSY');
    assert.equal(done.done, true);
    assert.equal(never.done, true);
    assert.ok(frame.timestamp > 0);
  });

  await check('close() ends the reader; frames() after it is empty', async () => {
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
  }, ({ steps, again, events, switched, lights }) => {
    assert.deepEqual(steps.map(({ done }) => done), [true, true, true]);
    assert.deepEqual(again, []);
    assert.deepEqual(events, []);
    assert.equal(switched.code, 'API_CLOSED');
    assert.deepEqual(lights, ['ended']);
  });

  await check('a page that throws: finally and asyncDispose put the light off', async () => {
    const results = [];
    for (const end of ['close', Symbol.asyncDispose]) {
      const camera = await openCamera();
      try {
        for await (const frame of camera.frames()) {
          frame.close();
          throw new RangeError('the page');
        }
      } catch ({ name }) {
        results.push(name, openFrames());
      } finally {
        await camera[end]();
      }
    }
    return [...results, ...lights()];
  }, (result) => {
    assert.deepEqual(result, ['RangeError', 0, 'RangeError', 0, 'ended', 'ended']);
  });

  await check('a listener that throws is reported and stops nothing', async () => {
    const camera = await openCamera();
    camera.addEventListener('restart', () => { throw new Error('the listener'); });
    const [, other] = await listCameras();
    await camera.switchTo(other.deviceId);
    const frames = await take(camera, 3);
    await camera.close();
    return frames.length;
  }, (result) => assert.equal(result, 3), { logged: 1 });

  await check('switchTo (67): the new one runs before the old stops, one restart', async () => {
    const camera = await openCamera();
    const events = listen(camera);
    const frames = camera.frames();
    (await frames.next()).value.close();
    const old = camera.track;
    const during = [];
    ask(async (...args) => {
      const stream = await real(...args);
      during.push(old.readyState);
      return stream;
    });
    const other = (await listCameras()).find(({ deviceId }) => deviceId !== camera.device.deviceId);
    await camera.switchTo(other.deviceId);
    const after = old.readyState;
    const { value } = await frames.next();
    value.close();
    await sleep(600); // the watchdog has looked twice
    const { device } = camera;
    await camera.close();
    return { events, during, after, label: device.label, same: device.deviceId === other.deviceId };
  }, (result) => assert.deepEqual(result, {
    events: ['restart'], during: ['live'], after: 'ended', label: 'fake_device_1', same: true,
  }));

  await check('switchTo a camera that is gone (59): refused, the old one goes on', async () => {
    const camera = await openCamera();
    const events = listen(camera);
    const error = await failure(camera.switchTo('gone'));
    const frames = await take(camera, 3);
    await camera.close();
    return { code: error.code, frames: frames.length, events };
  }, (result) => assert.deepEqual(result, { code: 'CAMERA_NONE', frames: 3, events: [] }));

  await check('switchTo, one camera at a time (simulated): stops the old first', async () => {
    const camera = await openCamera();
    const old = camera.track;
    const events = listen(camera);
    ask(async (...args) => {
      if (old.readyState === 'live') throw new DOMException('busy', 'NotReadableError');
      return real(...args);
    });
    const [, other] = await listCameras();
    await camera.switchTo(other.deviceId);
    const frames = await take(camera, 3);
    const { label } = camera.device;
    await camera.close();
    return { frames: frames.length, label, events };
  }, (result) => {
    assert.deepEqual(result, { frames: 3, label: 'fake_device_1', events: ['restart'] });
  });

  await check('switchTo fails after that (simulated): the camera is lost', async () => {
    const camera = await openCamera();
    const events = listen(camera);
    const frames = camera.frames();
    (await frames.next()).value.close();
    ask(async () => { throw new DOMException('busy', 'NotReadableError'); });
    const errors = [failure(camera.switchTo('other')), failure(camera.switchTo('other'))];
    const next = (async () => { for (;;) (await frames.next()).value.close(); })();
    const all = await Promise.all([...errors, failure(next)]);
    return { codes: all.map(({ code }) => code), events };
  }, (result) => assert.deepEqual(result, {
    codes: ['CAMERA_IN_USE', 'API_BUSY', 'CAMERA_IN_USE'], events: ['lost CAMERA_IN_USE'],
  }));

  await check('close() during switchTo: both lights go off', async () => {
    const camera = await openCamera();
    const [, other] = await listCameras();
    const switched = failure(camera.switchTo(other.deviceId));
    await camera.close();
    const { code } = await switched;
    await until(() => lights().length === 2 && !lights().includes('live'));
    return code;
  }, (code) => assert.equal(code, 'API_CLOSED'));

  await check('a prompt answered too late (55, simulated): timeout, then off at once', async () => {
    let answer;
    ask(async (...args) => {
      await new Promise((done) => { answer = done; });
      return real(...args);
    });
    const start = performance.now();
    const error = await failure(openCamera({ promptTimeoutMs: 200 }));
    const ms = performance.now() - start;
    const before = lights();
    answer();
    await until(() => lights()[0] === 'ended');
    return { error, ms, before };
  }, ({ error, ms, before }) => {
    assert.equal(error.code, 'CAMERA_TIMEOUT');
    assert.equal(error.name, 'LivenessError');
    assert.ok(error.retryable);
    assert.ok(ms >= 195, `${ms}`);
    assert.deepEqual(before, []);
  });

  await check('the signal: before, at the prompt (simulated), on an open camera (92)', async () => {
    const before = await failure(openCamera({ signal: AbortSignal.abort() }));
    let answer;
    ask(async (...args) => {
      await new Promise((done) => { answer = done; });
      return real(...args);
    });
    const controller = new AbortController();
    const pending = failure(openCamera({ signal: controller.signal }));
    await until(() => answer);
    controller.abort('enough');
    const during = await pending; // before the person says anything
    answer();
    await until(() => lights()[0] === 'ended');
    ask(real);
    const later = new AbortController();
    const camera = await openCamera({ signal: later.signal });
    const frames = camera.frames();
    (await frames.next()).value.close();
    const next = frames.next();
    later.abort();
    const { done } = await next;
    return { codes: [before.code, during.code], done, lights: lights() };
  }, ({ codes, done, lights }) => {
    assert.deepEqual(codes, ['API_ABORTED', 'API_ABORTED']);
    assert.equal(done, true);
    assert.deepEqual(lights, ['ended', 'ended']);
  });

  await check('aborted while the opened camera is looked up: no light stays', async () => {
    const { mediaDevices } = navigator;
    const enumerate = mediaDevices.enumerateDevices.bind(mediaDevices);
    const controller = new AbortController();
    mediaDevices.enumerateDevices = async () => {
      controller.abort();
      return enumerate();
    };
    const { code } = await failure(openCamera({ signal: controller.signal }));
    return { code, lights: lights() };
  }, (result) => assert.deepEqual(result, { code: 'API_ABORTED', lights: ['ended'] }));

  await check('in use (57), would not start, and so on (simulated)', async () => {
    const results = {};
    for (const name of ['NotReadableError', 'AbortError', 'SecurityError', 'InvalidStateError']) {
      ask(async () => { throw new DOMException('message', name); });
      const { code, retryable } = await failure(openCamera());
      results[name] = [code, retryable];
    }
    ask(() => { throw new TypeError('at once'); });
    results.atOnce = (await failure(openCamera())).code;
    return results;
  }, (result) => assert.deepEqual(result, {
    NotReadableError: ['CAMERA_IN_USE', true],
    AbortError: ['CAMERA_IN_USE', true],
    SecurityError: ['CAMERA_POLICY', false],
    InvalidStateError: ['CAMERA_UNSUPPORTED', false],
    atOnce: 'CAMERA_UNSUPPORTED',
  }));

  await check('over-constrained (58): once more with none, then CAMERA_UNSUPPORTED', async () => {
    const asked = [];
    const narrow = (count) => {
      asked.length = 0;
      ask((wishes) => {
        asked.push(wishes.video);
        return real(asked.length > count ? wishes : { video: { width: { exact: 99999 } } });
      });
    };
    narrow(1);
    const camera = await openCamera();
    const frames = await take(camera, 1);
    await camera.close();
    const wishes = [...asked];
    narrow(9);
    const { code, retryable } = await failure(openCamera());
    return { wishes, frames: frames.length, code, retryable, count: asked.length };
  }, (result) => assert.deepEqual(result, {
    wishes: [{
      facingMode: { ideal: 'user' }, width: { ideal: 1280 }, height: { ideal: 720 },
      frameRate: { ideal: 30 }, resizeMode: { ideal: 'none' },
    }, true],
    frames: 1, code: 'CAMERA_UNSUPPORTED', retryable: false, count: 2,
  }));

  await check('a deviceId opens that camera; one that is gone (59) the default one', async () => {
    const first = await openCamera();
    const defaultId = first.device.deviceId;
    await first.close();
    const other = (await listCameras()).find(({ deviceId }) => deviceId !== defaultId);
    const labels = [];
    for (const deviceId of [other.deviceId, 'gone', '']) {
      const camera = await openCamera({ deviceId });
      labels.push(camera.device.label);
      await camera.close();
    }
    return labels;
  }, (result) => assert.deepEqual(result, ['fake_device_1', 'fake_device_0', 'fake_device_0']));

  await check('arguments', async () => {
    const wrong = [
      null, 7, { deviceId: 7 }, { facingMode: 'left' }, { width: 0 }, { height: '720' },
      { video: {} }, { promptTimeoutMs: NaN }, { signal: {} }, { unknown: 1 },
      { get width() { throw new Error(); } },
    ];
    const codes = [];
    for (const each of wrong) codes.push((await failure(openCamera(each))).code);
    const camera = await openCamera({ deviceId: undefined });
    codes.push((await failure(camera.switchTo(7))).code);
    await camera.close();
    return codes;
  }, (result) => assert.deepEqual(result, Array(12).fill('BAD_ARGUMENT')));

  await check("the page stops the track: closed, not lost (61)", async () => {
    const camera = await openCamera();
    const events = listen(camera);
    let count = 0;
    for await (const frame of camera.frames()) {
      frame.close();
      if (++count === 3) camera.track.stop();
    }
    return events;
  }, (events) => assert.deepEqual(events, []));

  await check('mute and unmute (62, simulated): pause, nothing comes, resume', async () => {
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
  }, (result) => assert.deepEqual(result, {
    events: ['pause camera_muted', 'resume'], paused: 'camera_muted',
    during: [0, 0], // frames of a pause are not late
    after: null,
  }));

  await check('no frame for two seconds (63; the page pauses the element): frozen', async () => {
    const video = document.createElement('video');
    document.body.append(video);
    const camera = await openCamera({ video });
    const events = listen(camera);
    const frames = camera.frames();
    (await frames.next()).value.close();
    video.pause();
    const start = performance.now();
    const error = await failure((async () => {
      for (;;) (await frames.next()).value.close();
    })());
    const ms = performance.now() - start;
    const next = await frames.next();
    const again = await failure(camera.frames().next());
    return { codes: [error.code, again.code], ms, events, done: next.done };
  }, ({ ms, ...result }) => {
    assert.deepEqual(result, {
      codes: ['CAMERA_FROZEN', 'CAMERA_FROZEN'], events: ['lost CAMERA_FROZEN'], done: true,
    });
    assert.ok(ms > 1700, `${ms}`);
  }, { without: ways.video_frame });

  await check('sleep (66, simulated by the clock): restart, once, and no error', async () => {
    const camera = await openCamera();
    const events = listen(camera);
    const frames = camera.frames();
    (await frames.next()).value.close();
    const { now } = Date;
    Date.now = () => now() + 3_600_000;
    for (let i = 0; i < 10; i++) (await frames.next()).value.close();
    await camera.close();
    return events;
  }, (events) => assert.deepEqual(events, ['restart']));

  await check('a page busy for more than two seconds is no frozen camera', async () => {
    const camera = await openCamera();
    const events = listen(camera);
    const frames = camera.frames();
    (await frames.next()).value.close();
    const end = performance.now() + 2300;
    while (performance.now() < end);
    for (let i = 0; i < 10; i++) (await frames.next()).value.close();
    await camera.close();
    return events;
  }, (events) => assert.deepEqual(events, ['restart']));

  await check('times, sizes and turns of frames (66, 67, simulated processor)', async () => {
    let source;
    globalThis.MediaStreamTrackProcessor = class {
      readable = new ReadableStream({ start(controller) { source = controller; } });
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
    const { signals: { constantTimestamps } } = camera;
    await camera.close();
    return { log: log.slice(0, 8), constantTimestamps };
  }, (result) => assert.deepEqual(result, {
    log: [
      '1000 new', '34333 new', '67666 new restart', '100999 new restart', '134332 new',
      '2134333 new restart', '1000 new restart', '1000 not',
    ],
    constantTimestamps: true,
  }));

  await check('a canvas as camera: works, is unlisted (69); a new size restarts (67)', async () => {
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
  }, (result) => assert.deepEqual(result, { events: ['restart'], unlisted: true, end: 'ended' }));

  const INFRARED_FRONT = 'camera2 1, facing front infrared';
  for (const [labels, wanted, byId = false] of [
    [['Integrated IR Camera', 'Integrated Camera'], 'Integrated Camera'],
    [[INFRARED_FRONT, 'camera2 0, facing back'], INFRARED_FRONT],
    [['Infrared', 'OBS Virtual Camera'], 'Infrared'],
    [['Infrared', 'Camera'], 'Infrared', true],
  ]) {
    const name = `${labels}${byId ? ', the first asked for' : ''}`;
    await check(`infrared (labels simulated): ${name}`, async ([, id]) => {
      const options = {};
      if (id) {
        await (await openCamera()).close();
        const all = await listCameras();
        options.deviceId = all.find(({ suspect }) => suspect === 'infrared').deviceId;
      }
      const camera = await openCamera(options);
      const { device: { label }, signals: { infraredLabel } } = camera;
      const frames = await take(camera, 2);
      await camera.close();
      return { label, infraredLabel, frames: frames.length };
    }, (result) => {
      const infraredLabel = /infrared/i.test(wanted);
      assert.deepEqual(result, { label: wanted, infraredLabel, frames: 2 });
    }, { without: ([names]) => rename(names), argument: [labels, byId] });
  }

  await check('infrared, where one camera runs at a time (simulated): the other one', async () => {
    rename(['Infrared', 'Camera']);
    ask(async (...args) => {
      if (lights().includes('live')) throw new DOMException('busy', 'NotReadableError');
      return real(...args);
    });
    const camera = await openCamera();
    const { label } = camera.device;
    await camera.close();
    ask(async (wishes) => { // and back to the infrared one, if the other does not start
      if (wishes.video.deviceId) throw new DOMException('busy', 'NotReadableError');
      return real(wishes);
    });
    const second = await openCamera();
    const { label: back } = second.device;
    await second.close();
    return [label, back];
  }, (result) => assert.deepEqual(result, ['Camera', 'Infrared']));

  await check('listCameras: no prompt; facing and suspects by label (simulated)', async () => {
    const listed = await listCameras();
    navigator.mediaDevices.enumerateDevices = async () => [
      { kind: 'audioinput', deviceId: 'a', label: 'Front microphone' },
      { kind: 'videoinput', deviceId: 'b', label: 'camera2 1, facing front' },
      { kind: 'videoinput', deviceId: 'c', label: 'Back Triple Camera' },
      { kind: 'videoinput', deviceId: 'd', label: 'FaceTime HD Camera' },
      {
        kind: 'videoinput', deviceId: 'e', label: 'Feedback cam',
        getCapabilities: () => ({ facingMode: ['environment'] }),
      },
      { kind: 'videoinput', deviceId: 'f', label: 'HP IR Camera' },
      { kind: 'videoinput', deviceId: 'g', label: 'OBS Virtual Camera' },
      { kind: 'videoinput', deviceId: 'h', label: 'Mirror camera' },
    ];
    const named = await listCameras();
    navigator.mediaDevices.enumerateDevices = async () => {
      throw new DOMException('', 'NotAllowedError');
    };
    const none = await listCameras();
    return {
      count: listed.length, none, asked: lights().length,
      named: named.map(({ deviceId, facing, suspect }) => [deviceId, facing, suspect].join()),
    };
  }, (result) => assert.deepEqual(result, {
    count: 2, none: [], asked: 0,
    named: [
      'b,user,', 'c,environment,', 'd,user,', 'e,environment,', 'f,unknown,infrared',
      'g,unknown,virtual', 'h,unknown,',
    ],
  }));

  await check('leaving the page (event simulated) closes, and gives up the opening', async () => {
    const camera = await openCamera();
    dispatchEvent(new Event('pagehide'));
    const frames = await take(camera, 1);
    const pending = failure(openCamera());
    dispatchEvent(new Event('pagehide'));
    const { code } = await pending;
    await until(() => lights().length === 2 && !lights().includes('live'));
    return { frames, code };
  }, (result) => assert.deepEqual(result, { frames: [], code: 'API_ABORTED' }));
});

test('frames by track_processor and by video_frame are the bytes of the clip', async (t) => {
  const wanted = (await liveFrames()).map(
    ({ data }) => createHash('sha256').update(data).digest('hex'));
  const browser = await launch(t, { camera: liveCamera() });
  const tab = await open(t, browser);
  for (const capture of ['track_processor', 'video_frame']) {
    const hashes = await inTab(tab, async (way) => {
      if (way === 'video_frame') delete globalThis.MediaStreamTrackProcessor;
      const camera = await openCamera();
      const seen = [];
      for await (const frame of camera.frames()) {
        const { codedWidth: width, codedHeight: height } = frame;
        const [w, h] = [(width + 1) >> 1, (height + 1) >> 1];
        const bytes = new Uint8Array(width * height + 2 * w * h);
        await frame.copyTo(bytes, {
          layout: [
            { offset: 0, stride: width }, { offset: width * height, stride: w },
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
    }, { argument: capture });
    assert.equal(hashes.length, 40);
    const numbers = hashes.map((hash) => wanted.indexOf(hash));
    assert.ok(numbers.every((number) => number >= 0), `${capture}: ${numbers}`);
    assert.ok(new Set(numbers).size > 10, `${capture}: ${numbers}`);
  }
});

test('no camera (56)', async (t) => {
  const browser = await launch(t, { args: ['--use-fake-device-for-media-stream=device-count=0'] });
  const { code, stage, retryable, none } = await inTab(await open(t, browser), async () => (
    { ...await failure(openCamera()), none: await listCameras() }));
  assert.deepEqual([code, stage, retryable, none], ['CAMERA_NONE', 'camera', false, []]);
});

test('a camera below 320x240 is refused, and its light goes off', async (t) => {
  const file = join(temporaryFolder(t.after.bind(t)), 'small.y4m');
  const [width, height] = [160, 120];
  const header = `W${width} H${height} F30:1 C420jpeg`;
  writeFileSync(file, y4m({ header, size: (width * height * 3) / 2 }));
  const browser = await launch(t, { camera: file });
  const tab = await open(t, browser);
  const error = await inTab(tab, () => failure(openCamera()));
  assert.equal(error.code, 'CAMERA_BELOW_MINIMUM');
  const sizes = await inTab(tab, async () => {
    const codes = {};
    for (const size of ['320x240', '240x320', '319x240', '320x239', '640x200']) {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = size.split('x').map(Number);
      canvas.getContext('2d');
      ask(async () => canvas.captureStream(30));
      const camera = await openCamera().catch(({ code }) => code);
      codes[size] = camera.device ? 'opened' : camera;
      await camera.close?.();
    }
    return codes;
  });
  assert.deepEqual(sizes, {
    '320x240': 'opened', '240x320': 'opened', '319x240': 'CAMERA_BELOW_MINIMUM',
    '320x239': 'CAMERA_BELOW_MINIMUM', '640x200': 'CAMERA_BELOW_MINIMUM',
  });
});

test('permission', async (t) => {
  const browser = await launch(t, {
    camera: 'pattern', allow: false, args: ['--host-resolver-rules=MAP camera.test 127.0.0.1'],
  });
  /** The person's answer, from now on. */
  async function permit(page, origin, setting) {
    const session = await page.context().newCDPSession(page);
    const { targetInfo: { browserContextId } } = await session.send('Target.getTargetInfo');
    const cdp = await browser.newBrowserCDPSession();
    const permission = { name: 'camera' };
    await cdp.send('Browser.setPermission', { permission, setting, origin, browserContextId });
  }

  const tab = await open(t, browser);
  const { page, server } = tab;

  await t.test('denied (53)', async () => {
    await permit(page, server.origin, 'denied');
    const error = await inTab(tab, () => failure(openCamera()));
    assert.deepEqual([error.code, error.retryable], ['CAMERA_DENIED', false]);
  });

  await t.test('the question dismissed (55)', async () => {
    await permit(page, server.origin, 'prompt');
    const error = await inTab(tab, () => failure(openCamera()));
    assert.deepEqual([error.code, error.retryable], ['CAMERA_TIMEOUT', true]);
  });

  await t.test('taken back while the camera runs (61): lost', async () => {
    await permit(page, server.origin, 'granted');
    await page.evaluate(async () => {
      globalThis.camera = await openCamera();
      globalThis.events = listen(camera);
      await take(camera, 3);
      globalThis.error = failure((async () => {
        for await (const frame of camera.frames()) frame.close();
      })());
    });
    await permit(page, server.origin, 'denied');
    const result = await answer(page, async () => ({
      error: await error, events, again: await failure(take(camera, 1)), lights: lights(),
      frames: openFrames(),
    }));
    assert.equal(result.error.code, 'CAMERA_LOST');
    assert.equal(result.error.retryable, true);
    assert.equal(result.again.code, 'CAMERA_LOST');
    assert.deepEqual(result.events, ['lost CAMERA_LOST']);
    assert.deepEqual([result.lights, result.frames], [['ended'], 0]);
  });

  await t.test('Permissions-Policy (54)', async (each) => {
    const policed = await open(each, browser, { headers: { 'permissions-policy': 'camera=()' } });
    const result = await inTab(policed, async () => {
      let asked = 0;
      ask(() => { asked++; });
      return { ...await failure(openCamera()), asked };
    });
    assert.deepEqual([result.code, result.asked], ['CAMERA_POLICY', 0]);
  });

  await t.test('an insecure origin (60)', async () => {
    await page.goto(`${server.origin.replace('localhost', 'camera.test')}/`);
    await page.evaluate(helpers);
    const result = await page.evaluate(async () => (
      { ...await failure(openCamera()), secure: isSecureContext, cameras: await listCameras() }));
    assert.equal(result.code, 'CAMERA_INSECURE_CONTEXT');
    assert.deepEqual([result.secure, result.cameras], [false, []]);
  });
});

/** Processes of this test's own browser that run cameras. */
function captureProcesses() {
  const parents = new Map();
  const found = [];
  for (const pid of readdirSync('/proc').filter((each) => /^\d+$/.test(each)).map(Number)) {
    try {
      const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      parents.set(pid, Number(parent));
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (command.includes('video_capture.mojom')) found.push(pid);
    } catch {} // it has ended
  }
  return found.filter((pid) => {
    let up = pid;
    while (up > 1 && up !== process.pid) up = parents.get(up) ?? 0;
    return up === process.pid;
  });
}

test("the camera's process dies, as when it is unplugged (61): lost", async (t) => {
  const browser = await launch(t, { camera: 'pattern' });
  const { page } = await open(t, browser);
  await page.evaluate(async () => {
    globalThis.camera = await openCamera();
    globalThis.events = listen(camera);
    await take(camera, 3);
    globalThis.error = failure((async () => {
      for await (const frame of camera.frames()) frame.close();
    })());
  });
  const processes = captureProcesses();
  assert.equal(processes.length, 1);
  for (const pid of processes) process.kill(pid, 'SIGKILL');
  const result = await answer(page, async () => (
    { code: (await error).code, events, lights: lights(), frames: openFrames() }));
  assert.deepEqual(result, {
    code: 'CAMERA_LOST', events: ['lost CAMERA_LOST'], lights: ['ended'], frames: 0,
  });
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
    'frames', 'pause.page_hidden.page_hidden', 'during.0', 'resume..', 'frames',
  ]);
});
