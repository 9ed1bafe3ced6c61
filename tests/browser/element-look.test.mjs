// SPDX-License-Identifier: MIT
// How <liveness-check> looks: for axe, in every width, light and dark, both ways; and by keyboard.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hang, launchLive, open, PAGE, STATES, STRINGS } from './element_page.mjs';
import { AXE } from './support.mjs';

const browser = await launchLive(after);

/** Drawn, and every change of a colour at its end. */
const atRest = (page) =>
  page.evaluate(async () => {
    await new Promise(requestAnimationFrame);
    const changes = document.getAnimations().filter((each) => each instanceof CSSTransition);
    await Promise.allSettled(changes.map(({ finished }) => finished));
  });

test('by keyboard only: the focus goes where the next step is', async (t) => {
  const { page, see, until } = await open(t, browser);
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
  const { page, go } = await open(t, browser, { answer: hang });
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
      await atRest(page);
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
  const { page, go } = await open(t, browser, { answer: hang });
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
  const { page, go } = await open(t, browser);
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

test('no state is higher than another, in any language; all is seen at 1280x720', async (t) => {
  const { page, go } = await open(t, browser, {
    html: PAGE.replace('<h1>Sign up</h1>', ''),
    answer: hang,
  });
  await page.evaluate(() => {
    document.body.style.margin = 0;
  });
  const sizes = [
    [1280, 720],
    [390, 844],
  ];
  for (const lang of ['en', 'de', 'fr', 'pl', 'ar', 'hi', 'ja']) {
    await page.evaluate((each) => check.el.setAttribute('lang', each), lang);
    const heights = new Map(sizes.map((size) => [String(size), new Set()]));
    for (const state of STATES) {
      await go(state);
      for (const [width, height] of sizes) {
        await page.setViewportSize({ width, height });
        const { bottom, high } = await page.evaluate(() => {
          const box = check.el.getBoundingClientRect();
          return { bottom: box.bottom, high: Math.round(box.height) };
        });
        assert.ok(bottom <= height, `${lang}, ${state}: ${bottom} of ${height}`);
        heights.get(String([width, height])).add(high);
      }
    }
    for (const [size, high] of heights) {
      assert.equal(high.size, 1, `${lang} at ${size}: heights of ${[...high]} px`);
    }
  }
});

test('a failure looks like one: its icon, its colour, and not as before the start', async (t) => {
  const { page, go } = await open(t, browser, { answer: hang });
  const look = () =>
    page.evaluate(() => ({
      icons: [...check.part('oval').querySelectorAll('.icon, .person')]
        .filter((each) => getComputedStyle(each).visibility === 'visible')
        .map((each) => each.getAttribute('class').replace('icon ', '')),
      title: getComputedStyle(check.part('title')).color,
      stage: getComputedStyle(check.part('frame')).backgroundColor,
      ring: getComputedStyle(check.part('oval').querySelector('.guide')).stroke,
    }));
  const looks = {};
  for (const state of STATES) {
    await go(state);
    await atRest(page);
    looks[state] = await look();
  }
  const icons = Object.fromEntries(Object.entries(looks).map(([key, each]) => [key, each.icons]));
  assert.deepEqual(icons, {
    idle: ['person'],
    starting: ['person'],
    loading: [],
    capturing: [],
    live: ['check'],
    spoof: ['cross'],
    undecided: ['attention'],
    error: ['no-camera'],
  });
  for (const state of ['spoof', 'undecided', 'error']) {
    for (const [name, other] of Object.entries(looks.idle)) {
      if (name !== 'icons') assert.notEqual(looks[state][name], other, `${state}: ${name}`);
    }
  }
});
