// SPDX-License-Identifier: MIT
// <liveness-check> over several attempts: how many there are, which camera they take, and what was
// loaded before the first.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eventually } from '../support.mjs';
import { install, launchLive, open, PAGE, STRINGS } from './element_page.mjs';
import { launch, openPage } from './support.mjs';

const browser = await launchLive(after);

test('failed attempts are counted; after the last there is no other', async (t) => {
  const { page, see, until } = await open(t, browser, {
    html: PAGE.replace('check>', 'check attempts="2">'),
  });
  const attempt = async (verdict) => {
    await page.evaluate(() => check.start());
    await until('capturing');
    await page.evaluate((each) => {
      check.session.resolve({ verdict: each, reason: each === 'undecided' ? 'too_dark' : null });
    }, verdict);
    await until(verdict);
    return see();
  };
  const exhausted = () =>
    page.evaluate(() => check.exhausted.map(({ attempts, result }) => [attempts, result.verdict]));
  await page.evaluate(() => {
    check.exhausted = [];
    document.addEventListener('liveness-exhausted', ({ detail }) => check.exhausted.push(detail));
  });
  let seen = await attempt('undecided');
  assert.deepEqual(
    [seen.detail, seen.note, seen.button],
    [STRINGS['undecided.too_dark'], 'Attempt 1 of 2', STRINGS.retry],
  );
  // An error is no attempt, nor is one that the person gives up.
  await page.evaluate(() => {
    check.camera('NotReadableError');
    check.start();
  });
  await until('error');
  await page.evaluate(() => {
    check.camera(null);
    check.start();
  });
  await until('capturing');
  await page.evaluate(() => check.el.cancel());
  assert.deepEqual(await exhausted(), []);

  seen = await attempt('spoof');
  assert.deepEqual(
    [seen.title, seen.detail, seen.note, seen.button, seen.live],
    [STRINGS.spoof, STRINGS.exhausted, 'Attempt 2 of 2', null, 0],
  );
  assert.deepEqual(await exhausted(), [[2, 'spoof']]);
  await page.evaluate(() => check.start());
  await page.waitForFunction(() => check.outcome === 'API_LIMIT');
  assert.equal((await see()).state, 'spoof');
  await page.evaluate(() => check.el.cancel());
  seen = await see();
  assert.deepEqual([seen.state, seen.detail, seen.button], ['idle', STRINGS.exhausted, null]);
  await page.evaluate(() => check.el.reset());
  await attempt('spoof');
  seen = await attempt('undecided'); // not "not yet"
  assert.deepEqual([seen.title, seen.detail], [STRINGS.spoof, STRINGS.exhausted]);

  await page.evaluate(() => check.el.reset());
  assert.equal((await see()).button, STRINGS.start);
  await attempt('spoof');
  await attempt('live');
  seen = await attempt('spoof'); // who has passed begins anew
  assert.equal(seen.note, 'Attempt 1 of 2');
  await page.evaluate(() => {
    check.el.setAttribute('attempts', 'Infinity');
  });
  seen = await see();
  assert.deepEqual([seen.button, seen.note], [STRINGS.retry, STRINGS.note]);
  await page.evaluate(() => {
    check.el.setAttribute('attempts', 'few');
    check.start();
  });
  await page.waitForFunction(() => check.outcome === 'BAD_ARGUMENT');
});

test('a denial that is not kept can be tried again', async (t) => {
  const { page, see, until } = await open(t, browser);
  await page.evaluate(() => {
    navigator.permissions.query = async () => ({ state: 'prompt' });
    check.camera('NotAllowedError');
    check.start();
  });
  await until('error');
  assert.equal((await see()).detail, STRINGS['CAMERA_DENIED.again']);
  assert.equal(await page.evaluate(() => check.el.error.retryable), true);
});

test('two cameras: the other one at once, and in the next attempt', async (t) => {
  const two = await launch(t, { args: ['--use-fake-device-for-media-stream=device-count=2'] });
  const { page, until } = await open(t, two);
  const camera = page.getByRole('combobox', { name: STRINGS.camera });
  assert.equal(await camera.count(), 0);
  await page.evaluate(() => check.start());
  await until('capturing');
  await camera.waitFor();
  assert.deepEqual(await camera.locator('option').allTextContents(), [
    'fake_device_0',
    'fake_device_1',
  ]);
  const label = () => page.evaluate(() => check.el.camera.device.label);
  const [first, second] = ['fake_device_0', 'fake_device_1'];
  assert.equal(await label(), first);
  await camera.selectOption(second);
  await page.waitForFunction((name) => check.el.camera.device.label === name, second);
  assert.equal((await page.evaluate(() => check.see())).live, 1);
  await page.evaluate(() => check.session.resolve({ verdict: 'undecided', reason: 'no_face' }));
  await until('undecided');
  await page.evaluate(() => check.start());
  await until('capturing');
  assert.equal(await label(), second);
  await page.evaluate(() => check.session.resolve({ verdict: 'undecided', reason: 'no_face' }));
  await until('undecided');
  await camera.selectOption(first); // between two attempts
  await page.evaluate(() => check.start());
  await until('capturing');
  assert.equal(await label(), first);
});

test('one camera: no choice', async (t) => {
  const { page, until } = await open(t, browser);
  await page.evaluate(() => check.start());
  await until('capturing');
  // The element has asked before, and is answered before.
  await page.evaluate(() => navigator.mediaDevices.enumerateDevices().then(() => {}));
  assert.equal(await page.getByRole('combobox').count(), 0);
});

test('preload: the engine is there before the first attempt, and stays', async (t) => {
  const html = PAGE.replace('check>', 'check preload threads="1">');
  const { page, server, errors } = await openPage(t, browser, { html });
  const wasm = () => server.requests.filter((each) => each.endsWith('.wasm')).length;
  await eventually(() => page.workers().length > 0);
  await page.waitForFunction(() => document.querySelector('liveness-check')?.shadowRoot);
  await page.evaluate(install);
  await page.evaluate(() => check.start());
  await page.evaluate(() => check.el.cancel()); // gives up the attempt and not the download
  assert.equal(await page.evaluate(() => check.el.start().then(({ verdict }) => verdict)), 'live');
  assert.deepEqual([wasm(), page.workers().length], [1, 1]);
  await page.evaluate(() => check.el.remove());
  await eventually(() => page.workers().length === 0);
  assert.deepEqual(errors, []);
});

test('the ring goes on with the face in the oval only', async (t) => {
  const { page, until } = await open(t, browser);
  await page.evaluate(() => check.start());
  await until('capturing');
  await page.waitForFunction(() => check.part('video').videoWidth === 400);
  const bar = page.getByRole('progressbar');
  const after = async (face, clips) => {
    await page.evaluate(
      ([box, count]) => {
        check.session.say('frame', { face: box && { box } });
        if (count !== null) check.session.say('progress', { clips: count, needed: 10 });
      },
      [face, clips],
    );
    return Number(await bar.getAttribute('aria-valuenow'));
  };
  // Of 400 x 300 pixels the middle 240 are shown.
  const inside = { x: 145, y: 90, width: 110, height: 110 };
  assert.equal(await after(inside, 2), 20);
  assert.equal(await after({ ...inside, x: 20 }, 3), 20, 'at the side');
  assert.equal(await after({ ...inside, y: 0 }, 4), 20, 'above');
  assert.equal(await after({ x: 180, y: 130, width: 40, height: 40 }, 5), 20, 'far away');
  assert.equal(await after({ x: 80, y: 10, width: 240, height: 240 }, 5), 20, 'too near');
  assert.equal(await after(null, 5), 20, 'nobody');
  assert.equal(await after(null, 1), 10, 'a break takes it back');
  assert.equal(await after(null, 5), 10);
  assert.equal(await after(inside, null), 50);
});
