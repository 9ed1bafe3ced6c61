// SPDX-License-Identifier: MIT
// js/page/support.js in Chromium: what is there, what is missing; that nothing is loaded or asked.

import assert from 'node:assert/strict';
import test from 'node:test';
import { launch, openPage } from './support.mjs';

const MOUNTS = { '/js/': 'js' };
/** checkSupport() in a page that may neither ask for a camera nor start a worker. */
async function check() {
  const { checkSupport } = await import('/js/page/support.js');
  const used = [];
  const mediaDevices = globalThis.MediaDevices?.prototype;
  if (mediaDevices) mediaDevices.getUserMedia = () => used.push('getUserMedia');
  if (globalThis.Worker)
    globalThis.Worker = function Worker() {
      used.push('Worker');
    };
  return { ...(await checkSupport()), used };
}

test('checkSupport', async (t) => {
  const browser = await launch(t, {
    camera: 'pattern',
    allow: false,
    args: ['--host-resolver-rules=MAP camera.test 127.0.0.1'],
  });
  const { page, server, errors } = await openPage(t, browser, { mounts: MOUNTS });
  const fine = {
    ok: true,
    missing: [],
    relaxedSimd: true,
    threads: true,
    capture: 'track_processor',
    permission: 'prompt',
    inAppBrowser: false,
    used: [],
  };

  await t.test('an isolated page: all is there; loads itself and nothing else', async () => {
    const before = server.requests.length;
    const { threads, ...result } = await page.evaluate(check);
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    assert.deepEqual({ ...result, threads: true }, fine);
    assert.equal(threads, cores > 1);
    assert.deepEqual(server.requests.slice(before).sort(), [
      '/js/engine/features.js',
      '/js/page/camera-support.js',
      '/js/page/support.js',
    ]);
    assert.deepEqual(errors, []);
  });

  /** The answer on the page loaded anew without something; only what differs from `fine`. */
  async function without(remove) {
    await page.reload();
    await page.evaluate(remove);
    const result = await page.evaluate(check);
    return Object.fromEntries(
      Object.entries(result).filter(
        ([name, value]) => JSON.stringify(value) !== JSON.stringify(fine[name]),
      ),
    );
  }
  for (const [name, remove, wanted] of [
    [
      'WebAssembly',
      () => {
        delete globalThis.WebAssembly;
      },
      { ok: false, missing: ['wasm'], relaxedSimd: false, threads: false },
    ],
    [
      'SIMD',
      () => {
        WebAssembly.validate = () => false;
      },
      { ok: false, missing: ['simd'], relaxedSimd: false },
    ],
    [
      'relaxed SIMD',
      () => {
        const { validate } = WebAssembly;
        let calls = 0;
        WebAssembly.validate = (bytes) => ++calls === 1 && validate(bytes);
      },
      { relaxedSimd: false },
    ],
    [
      'workers',
      () => {
        delete globalThis.Worker;
      },
      { ok: false, missing: ['worker'] },
    ],
    [
      'mediaDevices',
      () => {
        delete Navigator.prototype.mediaDevices;
      },
      { ok: false, missing: ['getUserMedia'] },
    ],
    [
      'a second core',
      () => {
        Object.defineProperty(navigator, 'hardwareConcurrency', { value: 1 });
      },
      { threads: false },
    ],
    [
      'MediaStreamTrackProcessor',
      () => {
        delete globalThis.MediaStreamTrackProcessor;
      },
      { capture: 'video_frame' },
    ],
    [
      'MediaStreamTrackProcessor and requestVideoFrameCallback',
      () => {
        delete globalThis.MediaStreamTrackProcessor;
        delete HTMLVideoElement.prototype.requestVideoFrameCallback;
      },
      { capture: 'canvas' },
    ],
    [
      'VideoFrame',
      () => {
        delete globalThis.VideoFrame;
      },
      { capture: 'canvas' },
    ],
    [
      'permissions',
      () => {
        navigator.permissions.query = () => {
          throw new TypeError('name');
        };
      },
      { permission: 'unknown' },
    ],
  ]) {
    await t.test(`without ${name}`, async () => assert.deepEqual(await without(remove), wanted));
  }

  await t.test('permissions', async () => {
    await page.reload();
    const {
      targetInfo: { browserContextId },
    } = await (await page.context().newCDPSession(page)).send('Target.getTargetInfo');
    const cdp = await browser.newBrowserCDPSession();
    for (const setting of ['granted', 'prompt', 'denied']) {
      await cdp.send('Browser.setPermission', {
        permission: { name: 'camera' },
        setting,
        origin: server.origin,
        browserContextId,
      });
      assert.equal((await page.evaluate(check)).permission, setting);
    }
  });

  await t.test('an insecure origin; so no threads', async () => {
    await page.goto(`${server.origin.replace('localhost', 'camera.test')}/`);
    const { ok, missing, threads, used } = await page.evaluate(check);
    assert.deepEqual(
      { ok, missing, threads, used },
      {
        ok: false,
        missing: ['secureContext'],
        threads: false,
        used: [],
      },
    );
  });

  await t.test('Permissions-Policy', async (each) => {
    const headers = { 'permissions-policy': 'camera=()' };
    const policed = await openPage(each, browser, { mounts: MOUNTS, headers });
    const { ok, missing } = await policed.page.evaluate(check);
    assert.deepEqual({ ok, missing }, { ok: false, missing: ['cameraPolicy'] });
  });

  await t.test('a page that is not isolated: one thread, and fine', async (each) => {
    const plain = await openPage(each, browser, { mounts: MOUNTS, isolated: false });
    const { ok, missing, threads } = await plain.page.evaluate(check);
    assert.deepEqual({ ok, missing, threads }, { ok: true, missing: [], threads: false });
  });
});
