// SPDX-License-Identifier: MIT
// js/page/camera.js in Chromium: it opens, or says why not; it closes, and the light goes off.
// "simulated" in a name: Chromium without a screen cannot be brought to do it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { temporaryFolder, y4m } from '../support.mjs';
import { answer, inTab, open, twoCameras } from './camera_page.mjs';
import { launch } from './support.mjs';

test('two cameras', async (t) => {
  const check = await twoCameras(t);

  await check(
    'opens, tells what it is, closes; virtual (69) is a signal only',
    async () => {
      const camera = await openCamera();
      const [frame] = await take(camera, 1);
      const { device, signals, capture, paused } = camera;
      const { deviceId } = camera.track.getSettings();
      const same =
        deviceId === device.deviceId && camera.stream.getVideoTracks()[0] === camera.track;
      await camera.close();
      await camera.close();
      return { device: { ...device, deviceId: null }, signals, capture, paused, same, frame };
    },
    ({ frame, ...rest }) => {
      assert.deepEqual(rest, {
        device: { deviceId: null, label: 'fake_device_0', facing: 'unknown', suspect: 'virtual' },
        signals: {
          virtualLabel: true,
          infraredLabel: false,
          unlisted: false,
          constantTimestamps: null,
        },
        capture: 'track_processor',
        paused: null,
        same: true,
      });
      assert.deepEqual([frame.width, frame.height, frame.kind], [1280, 720, 'VideoFrame']);
    },
  );

  await check(
    'a page that throws: finally and asyncDispose put the light off',
    async () => {
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
    },
    (result) => {
      assert.deepEqual(result, ['RangeError', 0, 'RangeError', 0, 'ended', 'ended']);
    },
  );

  await check(
    'a listener that throws is reported and stops nothing',
    async () => {
      const camera = await openCamera();
      camera.addEventListener('restart', () => {
        throw new Error('the listener');
      });
      const [, other] = await listCameras();
      await camera.switchTo(other.deviceId);
      const frames = await take(camera, 3);
      await camera.close();
      return frames.length;
    },
    (result) => assert.equal(result, 3),
    { logged: 1 },
  );

  await check(
    'a prompt answered too late (55, simulated): timeout, then off at once',
    async () => {
      let answer;
      ask(async (...args) => {
        await new Promise((done) => {
          answer = done;
        });
        return real(...args);
      });
      const start = performance.now();
      const error = await failure(openCamera({ promptTimeoutMs: 200 }));
      const ms = performance.now() - start;
      const before = lights();
      answer();
      await until(() => lights()[0] === 'ended');
      return { error, ms, before };
    },
    ({ error, ms, before }) => {
      assert.equal(error.code, 'CAMERA_TIMEOUT');
      assert.equal(error.name, 'LivenessError');
      assert.ok(error.retryable);
      assert.ok(ms >= 195, `${ms}`);
      assert.deepEqual(before, []);
    },
  );

  await check(
    'a list of devices that waits, as out of view (simulated): the light goes off',
    async () => {
      const { mediaDevices } = navigator;
      ask(real);
      mediaDevices.enumerateDevices = () => new Promise(() => {});
      const controller = new AbortController();
      const pending = failure(openCamera({ signal: controller.signal }));
      await until(() => lights().includes('live'));
      controller.abort();
      const { code } = await pending;
      const late = await failure(openCamera({ promptTimeoutMs: 200 }));
      // The camera may open after its time.
      await until(() => lights().length === 2 && lights().every((state) => state === 'ended'));
      delete mediaDevices.enumerateDevices;
      return [code, late.code];
    },
    (codes) => assert.deepEqual(codes, ['API_ABORTED', 'CAMERA_TIMEOUT']),
  );

  await check(
    'the signal: before, at the prompt (simulated), on an open camera (92)',
    async () => {
      const before = await failure(openCamera({ signal: AbortSignal.abort() }));
      let answer;
      ask(async (...args) => {
        await new Promise((done) => {
          answer = done;
        });
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
    },
    ({ codes, done, lights }) => {
      assert.deepEqual(codes, ['API_ABORTED', 'API_ABORTED']);
      assert.equal(done, true);
      assert.deepEqual(lights, ['ended', 'ended']);
    },
  );

  await check(
    'aborted while the opened camera is looked up: no light stays',
    async () => {
      const { mediaDevices } = navigator;
      const enumerate = mediaDevices.enumerateDevices.bind(mediaDevices);
      const controller = new AbortController();
      mediaDevices.enumerateDevices = async () => {
        controller.abort();
        return enumerate();
      };
      const { code } = await failure(openCamera({ signal: controller.signal }));
      return { code, lights: lights() };
    },
    (result) => assert.deepEqual(result, { code: 'API_ABORTED', lights: ['ended'] }),
  );

  await check(
    'in use (57), would not start, and so on (simulated)',
    async () => {
      const results = {};
      for (const name of ['NotReadableError', 'AbortError', 'SecurityError', 'InvalidStateError']) {
        ask(async () => {
          throw new DOMException('message', name);
        });
        const { code, retryable } = await failure(openCamera());
        results[name] = [code, retryable];
      }
      ask(() => {
        throw new TypeError('at once');
      });
      results.atOnce = (await failure(openCamera())).code;
      return results;
    },
    (result) =>
      assert.deepEqual(result, {
        NotReadableError: ['CAMERA_IN_USE', true],
        AbortError: ['CAMERA_IN_USE', true],
        SecurityError: ['CAMERA_POLICY', false],
        InvalidStateError: ['CAMERA_UNSUPPORTED', false],
        atOnce: 'CAMERA_UNSUPPORTED',
      }),
  );

  await check(
    'over-constrained (58): once more with none, then CAMERA_UNSUPPORTED',
    async () => {
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
    },
    (result) =>
      assert.deepEqual(result, {
        wishes: [
          {
            facingMode: { ideal: 'user' },
            width: { ideal: 1280 },
            height: { ideal: 720 },
            frameRate: { ideal: 30 },
            resizeMode: { ideal: 'none' },
          },
          true,
        ],
        frames: 1,
        code: 'CAMERA_UNSUPPORTED',
        retryable: false,
        count: 2,
      }),
  );

  await check(
    'arguments',
    async () => {
      const wrong = [
        null,
        7,
        { deviceId: 7 },
        { facingMode: 'left' },
        { width: 0 },
        { height: '720' },
        { video: {} },
        { promptTimeoutMs: NaN },
        { signal: {} },
        { unknown: 1 },
        {
          get width() {
            throw new Error();
          },
        },
      ];
      const codes = [];
      for (const each of wrong) codes.push((await failure(openCamera(each))).code);
      const camera = await openCamera({ deviceId: undefined });
      codes.push((await failure(camera.switchTo(7))).code);
      await camera.close();
      return codes;
    },
    (result) => assert.deepEqual(result, Array(12).fill('BAD_ARGUMENT')),
  );

  await check(
    'leaving the page (event simulated) closes, and gives up the opening',
    async () => {
      const camera = await openCamera();
      dispatchEvent(new Event('pagehide'));
      const frames = await take(camera, 1);
      const pending = failure(openCamera());
      dispatchEvent(new Event('pagehide'));
      const { code } = await pending;
      await until(() => lights().length === 2 && !lights().includes('live'));
      return { frames, code };
    },
    (result) => assert.deepEqual(result, { frames: [], code: 'API_ABORTED' }),
  );
});

test('no camera (56)', async (t) => {
  const browser = await launch(t, { args: ['--use-fake-device-for-media-stream=device-count=0'] });
  const { code, stage, retryable, none } = await inTab(await open(t, browser), async () => ({
    ...(await failure(openCamera())),
    none: await listCameras(),
  }));
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
    '320x240': 'opened',
    '240x320': 'opened',
    '319x240': 'CAMERA_BELOW_MINIMUM',
    '320x239': 'CAMERA_BELOW_MINIMUM',
    '640x200': 'CAMERA_BELOW_MINIMUM',
  });
});

/** Processes of this test's own browser that run cameras. */
function captureProcesses() {
  const parents = new Map();
  const found = [];
  for (const pid of readdirSync('/proc')
    .filter((each) => /^\d+$/.test(each))
    .map(Number)) {
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
    globalThis.error = failure(drain(camera));
  });
  const processes = captureProcesses();
  assert.equal(processes.length, 1);
  for (const pid of processes) process.kill(pid, 'SIGKILL');
  const result = await answer(page, async () => ({
    code: (await error).code,
    events,
    lights: lights(),
    frames: openFrames(),
  }));
  assert.deepEqual(result, {
    code: 'CAMERA_LOST',
    events: ['lost CAMERA_LOST'],
    lights: ['ended'],
    frames: 0,
  });
});
