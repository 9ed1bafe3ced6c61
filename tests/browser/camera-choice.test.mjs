// SPDX-License-Identifier: MIT
// js/page/camera.js in Chromium: which camera of several it opens, and the change to another.
// "simulated" in a name: Chromium without a screen cannot be brought to do it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { twoCameras } from './camera_page.mjs';

test('two cameras', async (t) => {
  const check = await twoCameras(t);

  await check(
    'switchTo (67): the new one runs before the old stops, one restart',
    async () => {
      const { camera, events, frames } = await openRunning();
      const old = camera.track;
      const during = [];
      ask(async (...args) => {
        const stream = await real(...args);
        during.push(old.readyState);
        return stream;
      });
      const other = (await listCameras()).find(
        ({ deviceId }) => deviceId !== camera.device.deviceId,
      );
      await camera.switchTo(other.deviceId);
      const after = old.readyState;
      const { value } = await frames.next();
      value.close();
      await sleep(600); // the watchdog has looked twice
      const { device } = camera;
      await camera.close();
      return {
        events,
        during,
        after,
        label: device.label,
        same: device.deviceId === other.deviceId,
      };
    },
    (result) =>
      assert.deepEqual(result, {
        events: ['restart'],
        during: ['live'],
        after: 'ended',
        label: 'fake_device_1',
        same: true,
      }),
  );

  await check(
    'switchTo a camera that is gone (59): refused, the old one goes on',
    async () => {
      const camera = await openCamera();
      const events = listen(camera);
      const error = await failure(camera.switchTo('gone'));
      const frames = await take(camera, 3);
      await camera.close();
      return { code: error.code, frames: frames.length, events };
    },
    (result) => assert.deepEqual(result, { code: 'CAMERA_NONE', frames: 3, events: [] }),
  );

  await check(
    'switchTo, one camera at a time (simulated): stops the old first',
    async () => {
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
    },
    (result) => {
      assert.deepEqual(result, { frames: 3, label: 'fake_device_1', events: ['restart'] });
    },
  );

  await check(
    'switchTo fails after that (simulated): the camera is lost',
    async () => {
      const { camera, events, frames } = await openRunning();
      ask(async () => {
        throw new DOMException('busy', 'NotReadableError');
      });
      const errors = [failure(camera.switchTo('other')), failure(camera.switchTo('other'))];
      const next = (async () => {
        for (;;) (await frames.next()).value.close();
      })();
      const all = await Promise.all([...errors, failure(next)]);
      return { codes: all.map(({ code }) => code), events };
    },
    (result) =>
      assert.deepEqual(result, {
        codes: ['CAMERA_IN_USE', 'API_BUSY', 'CAMERA_IN_USE'],
        events: ['lost CAMERA_IN_USE'],
      }),
  );

  await check(
    'close() during switchTo: both lights go off',
    async () => {
      const camera = await openCamera();
      const [, other] = await listCameras();
      const switched = failure(camera.switchTo(other.deviceId));
      await camera.close();
      const { code } = await switched;
      await until(() => lights().length === 2 && !lights().includes('live'));
      return code;
    },
    (code) => assert.equal(code, 'API_CLOSED'),
  );

  await check(
    'a deviceId opens that camera; one that is gone (59) the default one',
    async () => {
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
    },
    (result) => assert.deepEqual(result, ['fake_device_1', 'fake_device_0', 'fake_device_0']),
  );

  const INFRARED_FRONT = 'camera2 1, facing front infrared';
  for (const [labels, wanted, byId = false] of [
    [['Integrated IR Camera', 'Integrated Camera'], 'Integrated Camera'],
    [[INFRARED_FRONT, 'camera2 0, facing back'], INFRARED_FRONT],
    [['Infrared', 'OBS Virtual Camera'], 'Infrared'],
    [['Infrared', 'Camera'], 'Infrared', true],
  ]) {
    const name = `${labels}${byId ? ', the first asked for' : ''}`;
    await check(
      `infrared (labels simulated): ${name}`,
      async ([, id]) => {
        const options = {};
        if (id) {
          await (await openCamera()).close();
          const all = await listCameras();
          options.deviceId = all.find(({ suspect }) => suspect === 'infrared').deviceId;
        }
        const camera = await openCamera(options);
        const {
          device: { label },
          signals: { infraredLabel },
        } = camera;
        const frames = await take(camera, 2);
        await camera.close();
        return { label, infraredLabel, frames: frames.length };
      },
      (result) => {
        const infraredLabel = /infrared/i.test(wanted);
        assert.deepEqual(result, { label: wanted, infraredLabel, frames: 2 });
      },
      { without: ([names]) => rename(names), argument: [labels, byId] },
    );
  }

  await check(
    'infrared, where one camera runs at a time (simulated): the other one',
    async () => {
      rename(['Infrared', 'Camera']);
      ask(async (...args) => {
        if (lights().includes('live')) throw new DOMException('busy', 'NotReadableError');
        return real(...args);
      });
      const camera = await openCamera();
      const { label } = camera.device;
      await camera.close();
      ask(async (wishes) => {
        // and back to the infrared one, if the other does not start
        if (wishes.video.deviceId) throw new DOMException('busy', 'NotReadableError');
        return real(wishes);
      });
      const second = await openCamera();
      const { label: back } = second.device;
      await second.close();
      return [label, back];
    },
    (result) => assert.deepEqual(result, ['Camera', 'Infrared']),
  );

  await check(
    'listCameras: no prompt; facing and suspects by label (simulated)',
    async () => {
      const listed = await listCameras();
      navigator.mediaDevices.enumerateDevices = async () => [
        { kind: 'audioinput', deviceId: 'a', label: 'Front microphone' },
        { kind: 'videoinput', deviceId: 'b', label: 'camera2 1, facing front' },
        { kind: 'videoinput', deviceId: 'c', label: 'Back Triple Camera' },
        { kind: 'videoinput', deviceId: 'd', label: 'FaceTime HD Camera' },
        {
          kind: 'videoinput',
          deviceId: 'e',
          label: 'Feedback cam',
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
        count: listed.length,
        none,
        asked: lights().length,
        named: named.map(({ deviceId, facing, suspect }) => [deviceId, facing, suspect].join()),
      };
    },
    (result) =>
      assert.deepEqual(result, {
        count: 2,
        none: [],
        asked: 0,
        named: [
          'b,user,',
          'c,environment,',
          'd,user,',
          'e,environment,',
          'f,unknown,infrared',
          'g,unknown,virtual',
          'h,unknown,',
        ],
      }),
  );
});
