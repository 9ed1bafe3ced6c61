// SPDX-License-Identifier: MIT
// camera.js and support.js of js/page/ where there is no browser, and what can be tested without:
// names of in-app browsers, sizes. The rest is tests/browser/.

import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { listCameras, openCamera } from '../js/page/camera.js';
import { checkSupport } from '../js/page/support.js';
import { failure, read } from './support.mjs';

test('in Node and under SSR: importing is fine, a camera is not there', async () => {
  assert.equal((await failure(openCamera())).code, 'CAMERA_UNSUPPORTED');
  assert.equal((await failure(openCamera({ video: {} }))).code, 'BAD_ARGUMENT');
  assert.equal((await failure(openCamera({ signal: AbortSignal.abort() }))).code, 'API_ABORTED');
  assert.deepEqual(await listCameras(), []);
  const { ok, missing, capture, permission, inAppBrowser } = await checkSupport();
  assert.deepEqual(
    { ok, missing, capture, permission, inAppBrowser },
    {
      ok: false,
      missing: ['worker', 'getUserMedia'],
      capture: 'canvas',
      permission: 'unknown',
      inAppBrowser: false,
    },
  );
});

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 ' +
  '(KHTML, like Gecko)';
const ANDROID = 'Mozilla/5.0 (Linux; Android 14; Pixel 8';
const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile';
for (const [name, inApp, userAgent] of [
  ['Safari', false, `${IPHONE} Version/17.5 Mobile/15E148 Safari/604.1`],
  ['Chrome', false, `${ANDROID}) ${CHROME} Safari/537.36`],
  ['Firefox', false, 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
  ['Edge', false, `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36 Edg/126.0`],
  ['online/1 is not Line', false, `${IPHONE} online/1`],
  ['Facebook, iOS', true, `${IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/470.0.0.38;FBBV/606;FBDV/x]`],
  ['Facebook, Android', true, `${ANDROID}) ${CHROME} Safari/537.36 [FB_IAB/FB4A;FBAV/470.0;]`],
  ['Instagram', true, `${IPHONE} Mobile/21F79 Instagram 336.0.0.24.90 (iPhone15,2; iOS 17_5)`],
  ['WeChat', true, `${IPHONE} Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/WIFI`],
  ['Line', true, `${IPHONE} Safari Line/14.9.0`],
  ['TikTok', true, `${IPHONE} Mobile/15E148 musical_ly_35.1.0 BytedanceWebview/d8a21c6`],
  ['Android WebView', true, `${ANDROID} Build/UQ1A; wv) ${CHROME} Safari/537.36`],
]) {
  test(`in-app browser: ${name}`, async (t) => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true });
    t.after(() => {
      if (before) Object.defineProperty(globalThis, 'navigator', before);
      else delete globalThis.navigator;
    });
    assert.equal((await checkSupport()).inAppBrowser, inApp);
  });
}

test('support.js is tiny, and so is what it imports', () => {
  const source = (name) => read(`js/${name}.js`);
  const imports = (text) =>
    [...text.matchAll(/^import .* from '(.*)';$/gm)].map(([, from]) => from);
  const others = ['engine/features', 'page/camera-support'];
  assert.deepEqual(imports(source('page/support')), [
    '../engine/features.js',
    './camera-support.js',
  ]);
  for (const name of others) assert.deepEqual(imports(source(name)), []);
  const bytes = gzipSync(['page/support', ...others].map(source).join(''), { level: 9 }).length;
  assert.ok(bytes < 2048, `${bytes} bytes, with comments`);
});
