// SPDX-License-Identifier: MIT
// Every way out of <liveness-check> leaves no light and no worker.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eventually } from '../support.mjs';
import { assertSilence, hang, launchLive, open } from './element_page.mjs';

const browser = await launchLive(after);

/** In the page: a dark camera, before which a session waits for a face. */
function darken() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
  const context = canvas.getContext('2d');
  navigator.mediaDevices.getUserMedia = async () => {
    const stream = canvas.captureStream(25);
    const draw = () => {
      context.fillRect(0, 0, 640, 480);
      requestAnimationFrame(draw);
    };
    draw();
    check.tracks.push(...stream.getTracks());
    return stream;
  };
}

test('who leaves at any stage leaves no light and no worker', async (t) => {
  const { page, see, until } = await open(t, browser, { real: true, answer: hang });
  const stages = {
    async starting() {
      await page.evaluate(() => {
        check.camera('later');
        check.start();
      });
      await page.waitForFunction(() => check.answer && check.el.state === 'starting');
    },
    async loading() {
      await page.evaluate(() => {
        check.camera(null);
        check.el.loadOptions = { model: '/hangs' };
        check.start();
      });
      await until('loading');
    },
    async capturing() {
      await page.evaluate(darken);
      await page.evaluate(() => {
        check.el.loadOptions = { threads: 1 };
        check.events.length = 0;
        check.start();
      });
      await until('capturing');
      await page.waitForFunction(() => check.events.some(([type]) => type === 'hint'));
    },
  };
  const ways = {
    cancel: () => check.el.cancel(),
    remove: () => check.el.remove(),
    'empty its parent': () => {
      check.main.textContent = '';
    },
  };
  await page.evaluate(() => {
    check.main = document.querySelector('main');
  });
  for (const [stage, reach] of Object.entries(stages)) {
    for (const [way, leave] of Object.entries(ways)) {
      const what = `${way} while ${stage}`;
      await reach();
      await eventually(() => page.workers().length > 0);
      const workers = page.workers().length;
      if (stage !== 'starting') assert.equal((await see()).live, 1, what);
      await page.evaluate(`check.events.length = 0; (${leave})()`);
      await page.waitForFunction(() => check.outcome);
      assert.equal(await page.evaluate(() => check.outcome), 'API_ABORTED', what);
      assert.equal((await see()).state, 'idle', what);
      const told = await page.evaluate(() => check.events.map(([type]) => type));
      assert.deepEqual(told, way === 'cancel' ? ['state', 'cancel'] : [], what);
      if (stage === 'starting') {
        // The person says yes when nobody asks any more.
        const before = await page.evaluate(() => check.tracks.length);
        await page.evaluate(() => check.answer());
        await page.waitForFunction((count) => check.tracks.length > count, before);
      }
      if (way === 'cancel' && stage === 'capturing') {
        assert.equal((await see()).live, 0, what);
        assert.equal(page.workers().length, workers, what); // ready for the next attempt
      } else {
        await assertSilence(page);
      }
      await page.evaluate(() => check.main.append(check.el));
    }
  }
});

test('the page is left in the middle of a check: that is no result', async (t) => {
  const { page, see, go } = await open(t, browser);
  await go('capturing');
  await page.evaluate(() => {
    check.events.length = 0;
    dispatchEvent(new PageTransitionEvent('pagehide'));
  });
  await page.waitForFunction(() => check.outcome);
  assert.equal(await page.evaluate(() => check.outcome), 'API_ABORTED');
  assert.deepEqual([(await see()).state, (await see()).live], ['idle', 0]);
  assert.deepEqual(await page.evaluate(() => check.events.map(([type]) => type)), ['state']);
});

test('with preload, what is set during a check counts from the next one on', async (t) => {
  const { page, see, until } = await open(t, browser, { real: true });
  await page.evaluate(darken);
  await page.evaluate(() => {
    check.el.loadOptions = { threads: 1 };
    check.el.setAttribute('preload', '');
    check.start();
  });
  await until('capturing');
  const workers = page.workers();
  await page.evaluate(async () => {
    check.el.setAttribute('model', 'fas-sgtd-128-w8');
    document.body.append(check.el); // moved
    await new Promise((resolve) => setTimeout(resolve));
  });
  assert.deepEqual([(await see()).state, (await see()).live], ['capturing', 1]);
  assert.deepEqual(page.workers(), workers);
  await page.evaluate(() => check.el.cancel());
  assert.equal(await page.evaluate(() => check.outcome), 'API_ABORTED');
});

test('moved, mounted twice, started twice, outside of a page, in a page of its own', async (t) => {
  const { page, see, go, until, errors } = await open(t, browser);
  await go('capturing');
  await page.evaluate(() => document.body.append(check.el));
  assert.equal((await see()).state, 'capturing'); // moved is not removed
  assert.equal((await see()).live, 1);
  // biome-ignore lint/suspicious/noSelfCompare: two calls give one promise
  assert.equal(await page.evaluate(() => check.el.start() === check.el.start()), true);
  await page.evaluate(() => check.el.cancel());
  await page.evaluate(() => Promise.all([check.el.cancel(), check.el.cancel()]));
  assert.equal((await see()).state, 'idle');

  // As React's StrictMode does it: there, gone, there again.
  await page.evaluate(async () => {
    const el = document.createElement('liveness-check');
    document.body.append(el);
    el.remove();
    document.body.append(el);
    el.liveness = check.engine();
    const first = el.start().catch(({ code }) => code);
    el.remove();
    check.first = await first;
    document.body.append(el);
    el.start().catch(() => {});
    check.second = el;
  });
  assert.equal(await page.evaluate(() => check.first), 'API_ABORTED');
  await page.waitForFunction(() => check.second.state === 'capturing');
  assert.equal(await page.evaluate(() => check.sessions.length), 2);
  await page.evaluate(() => check.second.remove());
  assert.equal((await see()).live, 0);
  assert.equal(await page.evaluate(() => check.closed), 0); // the engine is the page's
  assert.equal(
    await page.evaluate(() => check.second.start().catch(({ code }) => code)),
    'API_ABORTED',
  );
  assert.equal(await page.evaluate(() => check.second.state), 'idle');

  // Listeners that cancel, start again or remove in the middle of it.
  await page.evaluate(() => {
    check.el.addEventListener('liveness-state', ({ detail: { state } }) => {
      if (state === check.cancelAt) check.el.cancel();
      if (state === check.againAt) {
        check.againAt = null;
        check.start();
      }
    });
  });
  for (const state of ['starting', 'loading', 'capturing']) {
    await page.evaluate((at) => {
      check.cancelAt = at;
      check.start();
    }, state);
    await page.waitForFunction(() => check.outcome === 'API_ABORTED');
    assert.deepEqual([(await see()).state, (await see()).live], ['idle', 0], state);
  }
  await page.evaluate(() => {
    check.cancelAt = null;
    check.againAt = 'spoof';
    check.start();
  });
  await until('capturing');
  await page.evaluate(() => check.session.resolve({ verdict: 'spoof', reason: null }));
  await until('capturing');
  assert.equal((await see()).live, 1);

  // The style comes along to another document, and another copy of the script does no harm.
  await page.evaluate(() => import('/livedepth/element.js?again'));
  await page.evaluate(async () => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    frame.contentDocument.body.append(check.el);
    check.display = () => frame.contentWindow.getComputedStyle(check.part('hint')).display;
  });
  await page.waitForFunction(() => check.display() === 'grid');
  assert.deepEqual(errors, []);
});
