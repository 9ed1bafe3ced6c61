// SPDX-License-Identifier: MIT
// <liveness-check> in Chromium: a whole run with the engine and the recorded camera, and every
// state, way out and text with an engine of the test's own.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { path } from '../support.mjs';
import { launch, liveCamera, openPage, STRICT_CSP } from './support.mjs';

const { STRINGS } = await import('../../dist/element.js'); // on a server nothing is defined
const AXE = readFileSync(path('node_modules/axe-core/axe.min.js'), 'utf8');
const PAGE =
  '<meta name="viewport" content="width=device-width"><main><h1>Sign up</h1>' +
  '<liveness-check></liveness-check></main>' +
  '<script type="module" src="/livedepth/element.js"></script>';
const HINTS = [
  'ok',
  'no_face',
  'multiple_faces',
  'too_dark',
  'too_bright',
  'low_contrast',
  'move_closer',
  'move_back',
  'center_face',
  'hold_upright',
  'look_straight',
  'hold_still',
  'noisy',
  'blurry',
  'low_resolution',
  'low_frame_rate',
  'frozen_frames',
];

const browser = await launch({ after }, { camera: liveCamera() });

/** What the tests call in the page. */
function install() {
  const el = document.querySelector('liveness-check');
  const root = el.shadowRoot;
  /** @type {MediaStreamTrack[]} */ const tracks = [];
  const media = navigator.mediaDevices;
  const real = media?.getUserMedia.bind(media);
  const events = [];
  for (const type of ['state', 'hint', 'result', 'error', 'cancel']) {
    document.addEventListener(`liveness-${type}`, ({ detail }) => events.push([type, detail]));
  }
  const part = (name) => root.querySelector(`[part="${name}"]`);
  const shown = (name) => (part(name).checkVisibility() ? part(name).textContent : null);
  const check = {
    el,
    events,
    tracks,
    sessions: [],
    closed: 0,
    outcome: null,
    part,
    /** The camera does what `how` says: a DOMException's name, 'never', 'later' or nothing. */
    camera(how) {
      media.getUserMedia = async (wish) => {
        if (how === 'never') await new Promise(() => {});
        if (how === 'later')
          await new Promise((go) => {
            check.answer = go;
          });
        else if (how) throw new DOMException('', how);
        const stream = await real(wish);
        tracks.push(...stream.getTracks());
        return stream;
      };
    },
    /** An engine whose sessions do what the test says. */
    engine: () => ({
      start(options) {
        const session = Object.assign(new EventTarget(), { hint: 'no_face', options });
        session.on = (type, listener, more) =>
          session.addEventListener(type, ({ detail }) => listener(detail), more);
        session.say = (type, detail) => session.dispatchEvent(new CustomEvent(type, { detail }));
        session.attach = () =>
          new Promise((resolve, reject) => {
            Object.assign(session, { resolve, reject });
          });
        check.sessions.push(session);
        return session;
      },
      close() {
        check.closed++;
      },
    }),
    get session() {
      return check.sessions.at(-1);
    },
    /** Starts, and keeps what comes of it. */
    start() {
      check.outcome = null;
      el.start().then(
        ({ verdict }) => {
          check.outcome = verdict;
        },
        ({ code }) => {
          check.outcome = code;
        },
      );
    },
    see: () => ({
      state: el.state,
      title: shown('title'),
      detail: shown('detail'),
      note: shown('note'),
      button: shown('button'),
      cancel: shown('cancel'),
      focus: root.activeElement?.getAttribute('part') ?? null,
      live: tracks.filter(({ readyState }) => readyState === 'live').length,
      playing: !!part('video').srcObject,
    }),
  };
  if (media) check.camera(null);
  window.check = check;
}

/** A page with the element in it. real: with the package's engine. */
async function open(t, { html = PAGE, real = false, in: other = browser, ...options } = {}) {
  const opened = await openPage(t, other, { html, ...options });
  const { page } = opened;
  await page.waitForFunction(() => document.querySelector('liveness-check')?.shadowRoot);
  await page.evaluate(install);
  if (!real)
    await page.evaluate(() => {
      check.el.liveness = check.engine();
    });
  t.after(() => page.context().close());
  const until = (state) => page.waitForFunction((wanted) => check.el.state === wanted, state);
  return {
    ...opened,
    see: () => page.evaluate(() => check.see()),
    until,
    /** Goes to a state with the test's engine. */
    async go(state) {
      await page.evaluate(() => check.el.cancel());
      if (state === 'idle') return;
      const how = { starting: 'never', error: 'NotAllowedError' }[state] ?? null;
      await page.evaluate((each) => {
        check.camera(each);
        check.el.liveness = check.engine();
      }, how);
      if (state === 'loading') {
        await page.evaluate(() => {
          check.el.liveness = null;
          check.el.loadOptions = { model: '/hangs' };
        });
      }
      await page.evaluate(() => check.start());
      const last = ['starting', 'loading', 'error'].includes(state) ? state : 'capturing';
      await until(last);
      if (state === last) return;
      await page.evaluate((verdict) => {
        check.session.resolve({ verdict, reason: verdict === 'undecided' ? 'no_face' : null });
      }, state);
      await until(state);
    },
  };
}

/** Answers nothing, so that loading goes on. */
const hang = (url) => url === '/hangs';
const STATES = ['idle', 'starting', 'loading', 'capturing', 'live', 'spoof', 'undecided', 'error'];

/** No light, no worker. */
async function assertSilence(page) {
  await page.waitForFunction(() => check.see().live === 0, null, { timeout: 2000 });
  for (let i = 0; i < 40 && page.workers().length > 0; i++) await page.waitForTimeout(50);
  assert.equal(page.workers().length, 0);
  assert.equal((await page.evaluate(() => check.see())).playing, false);
}

test('a whole run under the strict CSP, and the engine serves the next one', async (t) => {
  const { page, server, errors, see } = await open(t, { real: true });
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
  await page.waitForFunction(() => check.el.result || check.el.error, null, { timeout: 30_000 });
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
  assert.deepEqual(hints[0], { hint: 'no_face', text: STRINGS.no_face });
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
  const { page, see, until } = await open(t);
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
      const { LivenessError } = await import('/livedepth/errors.js');
      check.session.reject(each ? new LivenessError(each, 'test') : new TypeError('test'));
    }, code);
    await until('error');
    assert.equal((await see()).detail, STRINGS[text]);
    assert.equal((await see()).live, 0);
    assert.equal(await page.evaluate(() => check.outcome), code ?? 'INTERNAL');
  }
});

test('errors of the page and the browser', async (t) => {
  const look = async (options, before) => {
    const { page, until, see } = await open(t, { real: true, ...options });
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
  const { page, see, until } = await open(t, {
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
  for (const hint of [...HINTS, 'ok']) {
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
  await page.evaluate(() => check.session.say('state', { state: 'paused' }));
  assert.equal((await see()).title, STRINGS.paused);
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
    await new Promise((go) => {
      setTimeout(go, 20);
    });
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

test('every hint, reason and error code has a text', () => {
  const types = ['engine/engine', 'check/liveness']
    .map((name) => readFileSync(path(`js/${name}.d.ts`), 'utf8'))
    .join('\n');
  const union = (name) =>
    (types.match(new RegExp(`type ${name} =([^;]*);`))?.[1] ?? '')
      .match(/'\w+'/g)
      ?.map((each) => each.slice(1, -1)) ?? [];
  for (const hint of [...HINTS, ...union('Hint')]) assert.ok(STRINGS[hint], hint);
  const vague = ['low_confidence', 'non_finite']; // nothing that a person could do better
  for (const reason of [...union('Reason'), ...union('SessionReason')]) {
    assert.ok(STRINGS[`undecided.${reason}`] || vague.includes(reason), reason);
  }
  const codes = types.match(/\b(ENV|CAMERA)_[A-Z_]*[A-Z]\b/g);
  assert.ok(codes.length > 20);
  for (const code of codes) assert.ok(STRINGS[code], code);
  for (const text of Object.values(STRINGS)) assert.doesNotMatch(text, /fake|fraud|spoof|attack/i);
});

test('texts can be replaced, before the script and while running', async (t) => {
  const { page, see, until, go } = await open(t, {
    html: PAGE.replace('<script', '<script src="/early.js"></script><script'),
    csp: `${STRICT_CSP}; require-trusted-types-for 'script'`,
    answer(url, response) {
      if (url !== '/early.js') return false;
      response.writeHead(200, { 'content-type': 'text/javascript' });
      response.end("document.querySelector('liveness-check').strings = { start: 'Los' };");
      return true;
    },
  });
  assert.equal((await see()).button, 'Los');
  await page.evaluate(() => check.start());
  await until('capturing');
  await page.evaluate(() => {
    check.el.strings = { no_face: 'Gesicht ins Oval', cancel: 'Abbrechen', note: '' };
  });
  const { title, cancel, note } = await see();
  assert.deepEqual([title, cancel, note], ['Gesicht ins Oval', 'Abbrechen', null]);
  await page.evaluate(() => {
    check.el.strings = null;
  });
  assert.equal((await see()).title, STRINGS.no_face);
  await page.evaluate(() => {
    check.el.strings = { CAMERA_DENIED: 'Kamera erlauben', code: '' };
  });
  await go('error');
  assert.deepEqual([(await see()).detail, (await see()).note], ['Kamera erlauben', null]);
});

test('by keyboard only: the focus goes where the next step is', async (t) => {
  const { page, see, until } = await open(t);
  const focus = async (state) => {
    await until(state);
    return (await see()).focus;
  };
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await focus('capturing'), 'cancel');
  await page.keyboard.press('Space');
  assert.equal(await focus('idle'), 'button');
  assert.deepEqual(await page.evaluate(() => check.events.at(-1)), ['cancel', null]);
  await page.keyboard.press('Enter');
  await until('capturing');
  await page.evaluate(() => check.session.resolve({ verdict: 'spoof', reason: null }));
  assert.equal(await focus('spoof'), 'button');
  await page.keyboard.press('Enter');
  await until('capturing');
  await page.evaluate(() => check.session.resolve({ verdict: 'live', reason: null }));
  assert.equal(await focus('live'), 'hint');
  // Who is elsewhere on the page stays there.
  await page.evaluate(() => {
    document.activeElement.blur();
    check.start();
  });
  assert.equal(await focus('capturing'), null);
  await page.evaluate(() => check.el.focus());
  assert.equal(await focus('capturing'), 'cancel');
});

test('axe finds nothing serious in any state, light and dark', async (t) => {
  const { page, go } = await open(t, { answer: hang });
  await page.evaluate(AXE);
  await page.evaluate(() => {
    document.documentElement.style.colorScheme = 'light dark';
    document.documentElement.style.background = 'Canvas';
    document.documentElement.style.color = 'CanvasText';
  });
  const looks = new Set();
  for (const state of STATES) {
    await go(state);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(20);
      const found = await page.evaluate(async () => {
        const { violations, passes } = await axe.run('liveness-check');
        return {
          bad: violations
            .filter(({ impact }) => /serious|critical/.test(impact))
            .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`),
          contrast: passes.find(({ id }) => id === 'color-contrast')?.nodes.length ?? 0,
          card: getComputedStyle(check.part('hint')).color,
        };
      });
      assert.deepEqual(found.bad, [], `${state}, ${colorScheme}`);
      assert.ok(found.contrast >= 2, `${state}: contrast of ${found.contrast} texts`);
      looks.add(found.card);
    }
  }
  assert.equal(looks.size, 2); // light and dark do differ
});

test('nothing is clipped or overlaps, from 280 px on, with long words, both ways', async (t) => {
  const { page, go } = await open(t, { answer: hang });
  const measure = () =>
    page.evaluate(() =>
      ['ltr', 'rtl'].flatMap((dir) => {
        document.documentElement.dir = dir;
        const host = check.el.getBoundingClientRect();
        const names = ['frame', 'title', 'detail', 'button', 'cancel', 'note'];
        const found = [];
        const boxes = names
          .map((name) => [name, check.part(name)])
          .filter(([, each]) => each.checkVisibility());
        for (const [name, each] of boxes) {
          const box = each.getBoundingClientRect();
          const outside = box.left < host.left || box.right > host.right + 0.5;
          if (outside) found.push(`${dir}: ${name} leaves the card`);
          if (each.scrollWidth > each.clientWidth + 5) found.push(`${dir}: ${name} is clipped`);
          if (/button|cancel/.test(name) && box.height < 44)
            found.push(`${name}: ${box.height} px`);
        }
        for (const [i, [name, each]] of boxes.entries()) {
          const a = each.getBoundingClientRect();
          for (const [other, next] of boxes.slice(i + 1)) {
            const b = next.getBoundingClientRect();
            const apart = a.bottom <= b.top + 1 || a.right <= b.left + 1 || b.right <= a.left + 1;
            if (!apart) found.push(`${dir}: ${name} overlaps ${other}`);
          }
        }
        const frame = check.part('frame').getBoundingClientRect();
        if (Math.abs(frame.width / frame.height - 0.8) > 0.02)
          found.push('the picture is squeezed');
        if (document.documentElement.scrollWidth > innerWidth)
          found.push('the page scrolls sideways');
        return found;
      }),
    );
  const long = Object.fromEntries(
    Object.entries(STRINGS).map(([key, text]) => [
      key,
      `${text} Gesichtserkennungsgeschwindigkeitsbegrenzung`,
    ]),
  );
  await page.evaluate(() => {
    document.body.style.margin = 0;
  });
  for (const state of STATES) {
    await go(state);
    for (const strings of [{}, long]) {
      await page.evaluate((each) => {
        check.el.strings = each;
      }, strings);
      for (const [width, height] of [
        [280, 600],
        [390, 844],
        [844, 390],
        [1280, 800],
      ]) {
        await page.setViewportSize({ width, height });
        assert.deepEqual(await measure(), [], `${state} at ${width}x${height}`);
      }
    }
  }
  // A flex row must not squeeze it to nothing.
  await page.evaluate(() => {
    const { style } = document.querySelector('main');
    Object.assign(style, { display: 'flex', justifyContent: 'center' });
    document.querySelector('h1').remove();
  });
  assert.ok((await page.evaluate(() => check.el.offsetWidth)) > 300);
});

test('the picture is mirrored by CSS, unless told otherwise; less motion', async (t) => {
  const { page, go } = await open(t);
  await go('capturing');
  const fading = () =>
    page.evaluate(() => getComputedStyle(check.part('video')).transitionDuration);
  assert.equal(await fading(), '0.3s');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  assert.equal(await fading(), '0s');
  const transform = () => page.evaluate(() => getComputedStyle(check.part('video')).transform);
  assert.equal(await transform(), 'matrix(-1, 0, 0, 1, 0, 0)');
  await page.evaluate(() => check.el.setAttribute('mirror', 'off'));
  assert.equal(await transform(), 'none');
  await page.evaluate(() => {
    check.el.removeAttribute('mirror');
    const { getSettings } = MediaStreamTrack.prototype;
    MediaStreamTrack.prototype.getSettings = function settings() {
      return { ...getSettings.call(this), facingMode: 'environment' };
    };
  });
  await go('capturing');
  assert.equal(await page.evaluate(() => check.el.camera.device.facing), 'environment');
  assert.equal(await transform(), 'none');
});

test('who leaves at any stage leaves no light and no worker', async (t) => {
  const { page, see, until } = await open(t, { real: true, answer: hang });
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
      // A dark camera: the session waits for a face.
      await page.evaluate(() => {
        check.el.loadOptions = { threads: 1 };
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
        check.start();
      });
      await until('capturing');
      await page.waitForTimeout(200);
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
      for (let i = 0; i < 40 && page.workers().length === 0; i++) await page.waitForTimeout(50);
      const workers = page.workers().length;
      assert.ok(workers > 0, what);
      if (stage !== 'starting') assert.equal((await see()).live, 1, what);
      await page.evaluate(`check.events.length = 0; (${leave})()`);
      await page.waitForFunction(() => check.outcome, null, { timeout: 2000 });
      assert.equal(await page.evaluate(() => check.outcome), 'API_ABORTED', what);
      assert.equal((await see()).state, 'idle', what);
      const told = await page.evaluate(() => check.events.map(([type]) => type));
      assert.deepEqual(told, way === 'cancel' ? ['state', 'cancel'] : [], what);
      await page.evaluate(() => check.answer?.()); // the person says yes when nobody asks any more
      await page.waitForTimeout(50);
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

test('moved, mounted twice, started twice, outside of a page, in a page of its own', async (t) => {
  const { page, see, go, until, errors } = await open(t);
  await go('capturing');
  await page.evaluate(() => document.body.append(check.el));
  await page.waitForTimeout(50);
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
    await new Promise((go) => {
      setTimeout(go, 20);
    });
    check.display = frame.contentWindow.getComputedStyle(check.part('hint')).display;
  });
  assert.equal(await page.evaluate(() => check.display), 'grid');
  assert.deepEqual(errors, []);
});
