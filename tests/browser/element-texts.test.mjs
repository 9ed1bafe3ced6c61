// SPDX-License-Identifier: MIT
// The texts of <liveness-check>: complete, in every language, to be replaced.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { path } from '../support.mjs';
import { launchLive, open, PAGE, STRINGS, TYPES, union } from './element_page.mjs';
import { STRICT_CSP } from './support.mjs';

const browser = await launchLive(after);

test('every hint, reason and error code has a text', () => {
  assert.ok(union('Hint').length > 10);
  for (const hint of union('Hint')) assert.ok(STRINGS[hint], hint);
  const vague = ['low_confidence', 'non_finite']; // nothing that a person could do better
  for (const reason of [...union('Reason'), ...union('SessionReason')]) {
    assert.ok(STRINGS[`undecided.${reason}`] || vague.includes(reason), reason);
  }
  const codes = TYPES.match(/\b(ENV|CAMERA)_[A-Z_]*[A-Z]\b/g);
  assert.ok(codes.length > 20);
  const ofNode = ['ENV_MODULE_MISSING', 'ENV_UNWRITABLE']; // no page can show them
  for (const code of codes) assert.equal(Boolean(STRINGS[code]), !ofNode.includes(code), code);
  for (const text of Object.values(STRINGS)) assert.doesNotMatch(text, /fake|fraud|spoof|attack/i);
});

test('texts can be replaced, before the script and while running', async (t) => {
  const { page, see, until, go } = await open(t, browser, {
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
    check.session.say('hint', { hint: 'no_face' });
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

test('inside another component it speaks the language of the page', async (t) => {
  const { page } = await open(t, browser);
  await page.evaluate(() => {
    document.documentElement.lang = 'de';
    const [outer, inner] = ['div', 'div'].map((name) => document.createElement(name));
    document.body.append(outer);
    outer.attachShadow({ mode: 'open' }).append(inner);
    check.inner = document.createElement('liveness-check');
    inner.attachShadow({ mode: 'closed' }).append(check.inner);
  });
  await page.waitForFunction(() => check.inner.shadowRoot.querySelector('[lang=de]'));
});

const LANGUAGES = ['ar', 'de', 'es', 'fr', 'hi', 'it', 'ja', 'pl', 'pt', 'tr', 'zh'];

test('every language has every text, with the same things filled in', async () => {
  const files = readdirSync(path('js/languages'));
  assert.deepEqual(
    files,
    LANGUAGES.map((lang) => `strings-${lang}.js`),
  );
  const filled = (text) => text.match(/\{\w+\}/g)?.sort();
  for (const lang of LANGUAGES) {
    const { default: texts } = await import(`../../js/languages/strings-${lang}.js`);
    assert.deepEqual(Object.keys(texts), Object.keys(STRINGS), lang);
    for (const [key, text] of Object.entries(texts)) {
      assert.ok(text.length > 1 && text.trim() === text, `${lang}: ${key}`);
      assert.deepEqual(filled(text), filled(STRINGS[key]), `${lang}: ${key}`);
      const same = text === STRINGS[key] && !/^(code|camera)$/.test(key);
      assert.equal(same, false, `${lang}: ${key} is English`);
    }
  }
});

test("the page's language is loaded, and no other", async (t) => {
  const { page, see, server, errors } = await open(t, browser, {
    html: PAGE.replace('<main', '<main lang="de-AT"'),
  });
  const { default: german } = await import('../../js/languages/strings-de.js');
  const loaded = () => server.requests.filter((each) => each.includes('/strings-'));
  await page.waitForFunction((text) => check.see().button === text, german.start);
  assert.deepEqual(loaded(), ['/livedepth/strings-de.js']);
  const speaks = () => page.evaluate(() => check.part('hint').closest('[lang]')?.lang);
  assert.equal(await speaks(), 'de');
  await page.evaluate(() => {
    check.el.strings = { start: 'Los' };
  });
  assert.deepEqual([(await see()).button, (await see()).title], ['Los', german.idle]);

  await page.evaluate(() => {
    check.el.strings = {};
    check.el.lang = 'ja';
  });
  const { default: japanese } = await import('../../js/languages/strings-ja.js');
  await page.waitForFunction((text) => check.see().title === text, japanese.idle);
  // A change about it counts from the next start on.
  await page.evaluate(() => {
    check.el.removeAttribute('lang');
    document.querySelector('main').lang = 'nl';
    check.start();
  });
  await page.waitForFunction((text) => check.see().cancel === text, STRINGS.cancel);
  assert.equal(await speaks(), 'en');
  await page.evaluate(() => {
    check.el.strings = { cancel: 'Stoppen' };
  });
  assert.equal(await speaks(), undefined); // the page's own texts are in the page's language
  assert.deepEqual(loaded(), ['/livedepth/strings-de.js', '/livedepth/strings-ja.js']);
  assert.deepEqual(errors, []);
});

test('Chinese breaks after its commas, on a phone too', async (t) => {
  const context = { viewport: { width: 360, height: 780 } };
  const { page, until } = await open(t, browser, {
    html: PAGE.replace('check>', 'check lang="zh">'),
    context,
  });
  await page.waitForFunction(() => check.see().button === '开始');
  await page.evaluate(() => check.start());
  await until('capturing');
  await page.evaluate(() => check.session.resolve({ verdict: 'spoof', reason: null }));
  await until('spoof');
  const lines = await page.evaluate(() => {
    const [text] = check.part('detail').childNodes;
    const range = document.createRange();
    const heights = [...text.data].map((_, i) => {
      range.setStart(text, i);
      range.setEnd(text, i + 1);
      return range.getBoundingClientRect().top;
    });
    return [...text.data].reduce(
      (all, letter, i) => all + (i > 0 && heights[i] > heights[i - 1] ? '\n' : '') + letter,
      '',
    );
  });
  assert.equal(lines, '请面向窗户或灯光，\n将摄像头举到与眼睛同高并看向它。');
});

test('a language that cannot be loaded leaves English', async (t) => {
  const { page, see } = await open(t, browser, {
    html: PAGE.replace('check>', 'check lang="fr">'),
    answer(url, response) {
      if (!url.endsWith('/strings-fr.js')) return false;
      response.writeHead(500).end();
      return true;
    },
  });
  // The same import, which the element waits for, too.
  await page.evaluate(() => import('/livedepth/strings-fr.js').catch(() => {}));
  assert.equal((await see()).button, STRINGS.start);
  await page.evaluate(() => check.start());
  await page.waitForFunction(() => check.el.state === 'capturing');
});
