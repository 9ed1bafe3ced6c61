// SPDX-License-Identifier: MIT
// js/page/camera.js in Chromium: what a person, a policy or an origin does not permit.

import assert from 'node:assert/strict';
import test from 'node:test';
import { answer, helpers, inTab, open } from './camera_page.mjs';
import { launch } from './support.mjs';

test('permission', async (t) => {
  const browser = await launch(t, {
    camera: 'pattern',
    allow: false,
    args: ['--host-resolver-rules=MAP camera.test 127.0.0.1'],
  });
  /** The person's answer, from now on. */
  async function permit(page, origin, setting) {
    const session = await page.context().newCDPSession(page);
    const {
      targetInfo: { browserContextId },
    } = await session.send('Target.getTargetInfo');
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

  await t.test('a no that the browser does not keep: it will ask again', async () => {
    await permit(page, server.origin, 'prompt');
    const error = await inTab(tab, () => {
      ask(async () => {
        throw new DOMException('Permission denied', 'NotAllowedError');
      });
      return failure(openCamera());
    });
    assert.deepEqual([error.code, error.retryable], ['CAMERA_DENIED', true]);
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
      globalThis.error = failure(drain(camera));
    });
    await permit(page, server.origin, 'denied');
    const result = await answer(page, async () => ({
      error: await error,
      events,
      again: await failure(take(camera, 1)),
      lights: lights(),
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
      ask(() => {
        asked++;
      });
      return { ...(await failure(openCamera())), asked };
    });
    assert.deepEqual([result.code, result.asked], ['CAMERA_POLICY', 0]);
  });

  await t.test('an insecure origin (60)', async () => {
    await page.goto(`${server.origin.replace('localhost', 'camera.test')}/`);
    await page.evaluate(helpers);
    const result = await page.evaluate(async () => ({
      ...(await failure(openCamera())),
      secure: isSecureContext,
      cameras: await listCameras(),
    }));
    assert.equal(result.code, 'CAMERA_INSECURE_CONTEXT');
    assert.deepEqual([result.secure, result.cameras], [false, []]);
  });
});
