// SPDX-License-Identifier: MIT
// The choice of a camera in <liveness-check>, over one whose switching takes its time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ElementCameras } from '../js/page/element-cameras.js';

test('the list shows the camera in use, between two attempts the one that was chosen', async () => {
  const cameras = new ElementCameras({}, () => {});
  assert.equal(cameras.shown, undefined);
  const track = { readyState: 'live' };
  cameras.current = { track, device: { deviceId: 'old' }, switchTo: async () => {} };
  assert.equal(cameras.shown, 'old');
  track.readyState = 'ended';
  assert.equal(cameras.shown, 'old');
  await cameras.choose('new');
  assert.equal(cameras.shown, 'new');
  cameras.current = null; // the opening failed
  assert.equal(cameras.shown, 'new');
});

test('of choices in quick succession the last one holds', async () => {
  const switches = [];
  const tried = [];
  const cameras = new ElementCameras({}, () => {});
  cameras.current = {
    track: { readyState: 'live' },
    switchTo: (deviceId) =>
      new Promise((resolve, reject) => {
        tried.push(deviceId);
        switches.push({ resolve, reject });
      }),
  };
  const first = cameras.choose('a');
  const others = [cameras.choose('b'), cameras.choose('c')];
  switches[0].resolve();
  await Promise.all(others);
  await Promise.resolve();
  assert.deepEqual(tried, ['a', 'c']);
  switches[1].reject(new Error('gone')); // the old one goes on
  await first;
  const again = cameras.choose('a');
  switches[2].resolve();
  await again;
  assert.deepEqual(tried, ['a', 'c', 'a']);
});
