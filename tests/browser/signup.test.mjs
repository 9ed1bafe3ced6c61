// SPDX-License-Identifier: MIT
// The sign-up of web/signup, with a server that decides and without one: every step by its words,
// every way back, and what axe finds.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createVerifier } from '../../js/server/server.js';
import { startVerifying } from '../../web/verify.mjs';
import { AXE, launch, liveCamera, startServer } from './support.mjs';

let browser;
let deciding;
const log = console.log;
before(async () => {
  browser = await launch({ after() {} }, { camera: await liveCamera() });
  console.log = () => {}; // the server's own
  deciding = await startVerifying({ verifier: await createVerifier() });
});
after(async () => {
  console.log = log;
  await browser?.close();
  await deciding?.close();
});

async function open(t, origin, { dark = false } = {}) {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    colorScheme: dark ? 'dark' : 'light',
  });
  t.after(() => context.close());
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(`${origin}/signup/`);
  const title = () => page.getByRole('heading', { level: 1 });
  /** Waits for a title; fails with what the page says instead. */
  const at = async (name) => {
    try {
      await title().filter({ hasText: name }).waitFor();
    } catch {
      assert.fail(`no "${name}", but: ${await page.getByRole('main').innerText()}`);
    }
  };
  const press = (name) => page.getByRole('button', { name }).click();
  const clean = async () => {
    await page.evaluate(AXE);
    const bad = await page.evaluate(async () =>
      (await axe.run()).violations
        .filter(({ impact }) => /moderate|serious|critical/.test(impact))
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`),
    );
    assert.deepEqual(bad, []);
  };
  const agree = async () => {
    await page.getByLabel(/I agree/).check();
    await press('Go on');
    await at('Look into the camera');
  };
  const check = async () => {
    // A clip that is played again and again, on a busy machine: not every attempt has its clips.
    const picture = page.getByRole('heading', { name: 'Is this picture all right?' });
    const again = page.getByRole('button', { name: 'Try again' });
    await press('Start');
    for (let attempt = 1; ; attempt++) {
      await picture.or(again).waitFor();
      if (await picture.isVisible()) return;
      if (attempt === 3) assert.fail(`no picture: ${await page.getByRole('main').innerText()}`);
      await again.click();
      await again.waitFor({ state: 'hidden' });
    }
  };
  return { page, faults, at, press, clean, agree, check };
}

for (const dark of [false, true]) {
  test(`consent to answer, ${dark ? 'dark' : 'light'}`, async (t) => {
    const { page, faults, at, press, clean, agree, check } = await open(t, deciding.origin, {
      dark,
    });
    await clean();
    await press('Go on'); // without a consent nothing happens
    await at('Open your account');
    await agree();
    await clean();
    await check();
    const step = page.locator('[aria-current]');
    assert.equal(await step.textContent(), 'Picture');
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
    assert.ok(
      await page.evaluate(() =>
        document
          .querySelector('#picture')
          .decode()
          .then(() => 1),
      ),
    );
    await clean();
    await press('Take another one');
    await at('Look into the camera');
    assert.equal(await page.getAttribute('#picture', 'src'), null);
    await check();
    await press('Use this picture');
    await at('Welcome');
    assert.match(await page.getByRole('status').innerText(), /Your account is open/);
    await clean();
    assert.deepEqual(faults, []);
  });
}

test('what the server answers, and how to go on', async (t) => {
  const { page, at, press, clean, agree, check } = await open(t, deciding.origin);
  let answer;
  await page.route('**/verify', (route) => answer(route));
  const json = (status, body) => (route) =>
    route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
  await agree();
  for (const [reply, title, text, next] of [
    [json(200, { verdict: 'spoof', reason: null }), 'That did not work yet', /lamp/, 'Check again'],
    [
      json(200, { verdict: 'undecided', reason: 'too_dark' }),
      'That did not work yet',
      /Find more light/,
      'Check again',
    ],
    [json(422, { error: 'RECORD_NONCE_EXPIRED' }), 'Once more', /too long/, 'Check again'],
    [json(422, { error: 'RECORD_VIEWS' }), 'Once more', /RECORD_VIEWS/, 'Check again'],
  ]) {
    answer = reply;
    await check();
    await press('Use this picture');
    await at(title);
    assert.match(await page.getByRole('status').innerText(), text);
    await clean();
    await press(next);
    await at('Look into the camera');
  }
  const sent = [];
  answer = (route) => {
    sent.push(route.request().postDataBuffer());
    return route.abort();
  };
  await check();
  await press('Use this picture');
  await at('We could not be reached');
  const welcome = json(200, { verdict: 'live', reason: null });
  answer = (route) => {
    sent.push(route.request().postDataBuffer());
    return welcome(route);
  };
  await press('Send again');
  await at('Welcome');
  assert.ok(sent[0].length > 1e5 && sent[0].equals(sent[1]), 'the same record');
});

test('a server that never answers is waited for, but not for ever', async (t) => {
  const { page, at, press, agree } = await open(t, deciding.origin);
  await page.route('**/verify', () => {});
  await agree();
  await page.evaluate(() => {
    AbortSignal.timeout = (patience) => {
      window.waiting = Object.assign(new AbortController(), { patience });
      return window.waiting.signal;
    };
    const best = { face: new Blob(), picture: new Blob() };
    const detail = { verdict: 'live', reason: null, best, record: new Uint8Array(8) };
    document
      .querySelector('liveness-check')
      .dispatchEvent(new CustomEvent('liveness-result', { detail }));
  });
  await press('Use this picture');
  await at('One moment');
  const patience = await page.evaluate(() => {
    window.waiting.abort();
    return window.waiting.patience;
  });
  assert.ok(patience >= 10_000 && patience <= 60_000);
  await at('We could not be reached');
  assert.ok(await page.getByRole('button', { name: 'Send again' }).isVisible());
});

test('another way out of every step; nothing is kept', async (t) => {
  const { page, at, press, clean, agree } = await open(t, deciding.origin);
  await press('I would rather do it another way');
  await at('Another way');
  await clean();
  await press('Back to the start');
  await agree();
  await press('Start');
  await press('Back');
  await at('Open your account');
  const { state, agreed } = await page.evaluate(() => ({
    state: document.querySelector('liveness-check').state,
    agreed: document.querySelector('[name=agree]').checked,
  }));
  assert.deepEqual([state, agreed], ['idle', false]);
});

test('without a server the page says so', async (t) => {
  const server = await startServer();
  t.after(() => server.close());
  const { page, at, press, agree, check } = await open(t, server.origin);
  await agree();
  await check();
  await press('Use this picture');
  await at('Welcome');
  assert.match(await page.getByRole('status').innerText(), /no server here/);
});
