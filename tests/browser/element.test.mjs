// SPDX-License-Identifier: MIT
// <liveness-check> in Chromium: a whole run with the engine and the recorded camera, errors, hints.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertSilence, install, launchLive, open, PAGE, STRINGS, union } from './element_page.mjs';
import { launch, openPage, STRICT_CSP } from './support.mjs';

const browser = await launchLive(after);

test('a whole run under the strict CSP, and the engine serves the next one', async (t) => {
  const { page, server, errors, see } = await open(t, browser, { real: true });
  assert.deepEqual(await see(), {
    state: 'idle',
    title: STRINGS.idle,
    detail: STRINGS['idle.detail'],
    note: STRINGS.note,
    button: STRINGS.start,
    cancel: null,
    focus: null,
    live: 0,
    playing: false,
  });
  assert.equal(
    server.requests.some((each) => /wasm$|safetensors$/.test(each)),
    false,
  );

  await page.getByRole('button', { name: 'Start' }).click();
  await page.waitForFunction(() => check.el.result || check.el.error);
  const { states, result, hints, error } = await page.evaluate(() => ({
    states: check.events.filter(([type]) => type === 'state').map(([, { state }]) => state),
    hints: check.events.filter(([type]) => type === 'hint').map(([, detail]) => detail),
    result: check.el.result,
    error: check.el.error && String(check.el.error),
  }));
  assert.equal(error, null);
  assert.equal(result.verdict, 'live', JSON.stringify({ ...result, depth: null }));
  assert.equal(result.frames.clips, result.engine.model.clips);
  assert.deepEqual(states, ['starting', 'loading', 'capturing', 'live']);
  // The face is there from the first frame on.
  assert.deepEqual([hints[0].text, STRINGS[hints[0].hint]], [STRINGS.ok, STRINGS.ok]);
  assert.deepEqual(await see(), {
    state: 'live',
    title: STRINGS.live,
    detail: STRINGS['live.detail'],
    note: STRINGS.note,
    button: null,
    cancel: null,
    focus: 'hint',
    live: 0,
    playing: false,
  });

  const loads = () => server.requests.filter((each) => each.endsWith('.wasm')).length;
  const before = loads();
  assert.equal(await page.evaluate(() => check.el.start().then(({ verdict }) => verdict)), 'live');
  assert.equal(loads(), before);
  await page.evaluate(() => check.el.setAttribute('variant', 'simd'));
  const variant = await page.evaluate(() => check.el.start().then(({ engine }) => engine.variant));
  assert.equal(variant, 'simd-mt');
  assert.ok(loads() > before);
  await page.evaluate(() => check.el.remove());
  await assertSilence(page);
  assert.deepEqual(errors, []);
});

test('every error says what to do, and the next attempt works', async (t) => {
  const { page, see, until } = await open(t, browser);
  const cameras = {
    NotAllowedError: 'CAMERA_DENIED',
    SecurityError: 'CAMERA_POLICY',
    NotFoundError: 'CAMERA_NONE',
    NotReadableError: 'CAMERA_IN_USE',
    OverconstrainedError: 'CAMERA_UNSUPPORTED',
  };
  for (const [name, code] of Object.entries(cameras)) {
    await page.evaluate((how) => {
      check.camera(how);
      check.start();
    }, name);
    await until('error');
    const { title, detail, note, button } = await see();
    assert.deepEqual(
      [title, detail, note, button],
      [STRINGS['error.camera'], STRINGS[code], `Code: ${code}`, STRINGS.retry],
    );
    assert.equal(await page.evaluate(() => check.events.at(-1)[1].code), code);
    await page.evaluate(() => check.camera(null));
    await page.getByRole('button', { name: 'Try again' }).click();
    await until('capturing');
    await page.evaluate(() => check.el.cancel());
  }
  // Of the session: lost in the middle, and an error that is none of ours.
  for (const [code, text] of [
    ['CAMERA_LOST', 'CAMERA_LOST'],
    ['WEIGHTS_BAD_SHAPE', 'WEIGHTS'],
    [null, 'error.detail'],
  ]) {
    await page.evaluate(() => check.start());
    await until('capturing');
    await page.evaluate(async (each) => {
      const { LivenessError } = await import('/livedepth/index.js');
      check.session.reject(each ? new LivenessError(each, 'test') : new TypeError('test'));
    }, code);
    await until('error');
    assert.equal((await see()).detail, STRINGS[text]);
    assert.equal((await see()).live, 0);
    assert.equal(await page.evaluate(() => check.outcome), code ?? 'INTERNAL');
  }
});

test('errors of the page and the browser', async (t) => {
  const look = async ({ in: other = browser, ...options }, before) => {
    const { page, until, see } = await open(t, other, { real: true, ...options });
    await before?.(page);
    await page.evaluate(() => check.start());
    await until('error');
    const { detail, live } = await see();
    assert.equal(live, 0);
    const code = await page.evaluate(() => check.outcome);
    assert.equal(detail, STRINGS[code] ?? STRINGS[code.split('_')[0]]);
    return code;
  };
  const bare = await launch(t);
  assert.equal(await look({ in: bare }), 'CAMERA_NONE');
  const strict = await launch(t, {
    camera: 'pattern',
    allow: false,
    args: ['--host-resolver-rules=MAP insecure.test 127.0.0.1'],
  });
  assert.equal(await look({ in: strict }), 'CAMERA_DENIED');
  const { page, server } = await openPage(t, strict, { html: PAGE });
  await page.goto(server.origin.replace('localhost', 'insecure.test'));
  await page.evaluate(install);
  await page.evaluate(() => check.start());
  await page.waitForFunction(() => check.el.state === 'error');
  assert.match(await page.evaluate(() => check.outcome), /^(CAMERA|ENV)_INSECURE_CONTEXT$/);

  assert.equal(
    await look({ html: PAGE.replace('check>', 'check model="/none.safetensors">') }),
    'ENV_FETCH',
  );
  const csp = STRICT_CSP.replace(" 'wasm-unsafe-eval'", '');
  assert.equal(await look({ csp }), 'ENV_CSP_BLOCKED');
  assert.equal(
    await look({}, (each) =>
      each.evaluate(() => {
        WebAssembly.validate = () => false;
      }),
    ),
    'ENV_UNSUPPORTED',
  );
  assert.equal(await look({ html: PAGE.replace('check>', 'check clips="many">') }), 'BAD_ARGUMENT');
});

test('hints, progress and pauses are shown, one at a time, in a live region', async (t) => {
  const { page, see, until } = await open(t, browser, {
    html: PAGE.replace('check>', 'check clips="9" timeout="4000">'),
  });
  await page.evaluate(() => {
    check.el.startOptions = { depth: 'none', clips: 2 };
    check.start();
  });
  await until('capturing');
  const { signal, ...options } = await page.evaluate(() => check.session.options);
  assert.deepEqual(options, { depth: 'none', clips: 9, timeoutMs: 4000 });
  const region = page.getByRole('status');
  assert.equal(await region.getAttribute('aria-live'), 'polite');
  for (const hint of [...union('Hint'), 'ok']) {
    await page.evaluate((each) => check.session.say('hint', { hint: each }), hint);
    assert.deepEqual(await page.evaluate(() => check.events.at(-1)), [
      'hint',
      { hint, text: STRINGS[hint] },
    ]);
    assert.equal(await page.evaluate(() => check.el.hint), hint);
    assert.equal(await region.innerText(), STRINGS[hint]);
  }
  const bar = page.getByRole('progressbar');
  assert.equal(await bar.getAttribute('aria-valuenow'), '0');
  await page.evaluate(() => check.session.say('progress', { clips: 3, needed: 9 }));
  assert.equal(await bar.getAttribute('aria-valuenow'), '33');
  await page.evaluate(() => {
    check.session.say('state', { state: 'paused' });
    check.session.say('progress', { clips: 0, needed: 9 }); // as a session does
  });
  assert.equal((await see()).title, STRINGS.paused);
  assert.equal(await region.innerText(), `${STRINGS.paused}\n\n${STRINGS['paused.detail']}`);
  assert.equal(await bar.getAttribute('aria-valuenow'), '0');
  await page.evaluate(() => check.session.say('state', { state: 'waiting' }));
  assert.equal((await see()).title, STRINGS.ok);
  // Nothing is read out twice because something else has changed.
  const writes = await page.evaluate(async () => {
    let count = 0;
    new MutationObserver((list) => {
      count += list.length;
    }).observe(check.part('hint'), { childList: true, subtree: true, characterData: true });
    check.session.say('progress', { clips: 4, needed: 9 });
    check.session.say('hint', { hint: 'ok' });
    await new Promise(requestAnimationFrame); // what is drawn is drawn before
    return count;
  });
  assert.equal(writes, 0);
  await page.evaluate(() => check.session.resolve({ verdict: 'undecided', reason: 'face_small' }));
  await until('undecided');
  assert.equal(
    await region.innerText(),
    `${STRINGS.undecided}\n\n${STRINGS['undecided.face_small']}`,
  );
  assert.equal((await see()).button, STRINGS.retry);
  // What a session says that is over changes nothing.
  await page.evaluate(() => check.session.say('hint', { hint: 'too_dark' }));
  assert.equal(await page.evaluate(() => check.el.hint), null);
});

test('a camera that is interrupted: what to do, and the check goes on', async (t) => {
  const { page, see, until } = await open(t, browser, { real: true });
  const mute = (muted) =>
    page.evaluate((now) => {
      const { track } = check.el.camera;
      Object.defineProperty(track, 'muted', { value: now, configurable: true });
      track.dispatchEvent(new Event(now ? 'mute' : 'unmute'));
    }, muted);
  await page.evaluate(() => {
    check.camera(null);
    check.start();
  });
  await until('capturing');
  await mute(true);
  const { title, detail } = await see();
  assert.deepEqual([title, detail], [STRINGS.paused, STRINGS['paused.detail']]);
  await mute(false);
  await until('live');

  // Unplugged in the middle of it: the code, what to do, and the next attempt works.
  await page.evaluate(() => check.el.reset().then(() => check.start()));
  await until('capturing');
  await page.evaluate(() => {
    const { track } = check.el.camera;
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
  await until('error');
  const lost = await see();
  assert.deepEqual([lost.detail, lost.button], [STRINGS.CAMERA_LOST, STRINGS.retry]);
  assert.equal(await page.evaluate(() => check.el.error.code), 'CAMERA_LOST');
  await page.evaluate(() => check.start());
  await until('live');
});
