// SPDX-License-Identifier: MIT
// The choice of a camera in <liveness-check>, over one whose switching takes its time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ElementCameras } from '../js/page/element-cameras.js';

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
