// SPDX-License-Identifier: MIT
// The site that `make site` makes, as any web server gives it: it asks for nothing from outside,
// nothing fails, and axe finds nothing serious.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, test } from 'node:test';
import { path, read } from '../support.mjs';
import { AXE, launch, startServer } from './support.mjs';

const TYPEDOC = ['node_modules/typedoc/bin/typedoc', '--options', 'web/site/typedoc.json'];
const PAGES = [
  '/',
  '/element.html',
  '/demo/',
  '/signup/',
  '/api/index.html',
  '/api/documents/docs_measured.html',
  '/api/documents/models_README.html',
];
let browser;
let server;
before(async () => {
  for (const args of [['web/site.mjs'], TYPEDOC]) {
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: path('.') });
    assert.equal(status, 0, String(stdout));
  }
  browser = await launch({ after() {} });
  server = await startServer({ mounts: { '/': 'build/site' }, csp: null });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

for (const address of PAGES) {
  test(`${address}: no error, nothing from outside`, async () => {
    const page = await (await browser.newContext()).newPage();
    const faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('response', (each) => {
      const icon = each.url().endsWith('/favicon.ico');
      if (each.status() >= 400 && !icon) faults.push(`${each.status()} ${each.url()}`);
    });
    page.on('request', (each) => {
      const { origin, protocol } = new URL(each.url());
      if (/^http/.test(protocol) && origin !== server.origin) faults.push(each.url());
    });
    await page.goto(`${server.origin}${address}`);
    await page.waitForLoadState('networkidle');
    assert.ok((await page.title()).includes('livedepth') || address.startsWith('/api/'));
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}

test('every state of the element is shown, in every language', async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.origin}/element.html`);
  await page.waitForFunction(() => document.querySelectorAll('figure').length === 12);
  const titles = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('figure div')].map(
        (each) => each.shadowRoot.querySelector('[part="title"]').textContent,
      ),
    );
  const english = await titles();
  assert.ok(english.every((each) => each.length > 3));
  await page.getByLabel('Language').selectOption('de');
  await page.waitForFunction(() => document.documentElement.lang === 'de');
  await page.waitForFunction(
    (before) =>
      document.querySelector('figure div').shadowRoot.querySelector('[part="title"]')
        .textContent !== before,
    english[0],
  );
  assert.equal(new Set([...(await titles()), ...english]).size > english.length, true);
  await page.evaluate(AXE);
  const bad = await page.evaluate(async () =>
    (await axe.run()).violations
      .filter(({ impact }) => /serious|critical/.test(impact))
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`),
  );
  assert.deepEqual(bad, []);
  await page.context().close();
});

test('the API has the entries of the package, and their words', () => {
  const { exports } = JSON.parse(read('package.json'));
  const entries = Object.values(exports).flatMap(({ types }) => types ?? []);
  assert.equal(entries.length, 6);
  for (const entry of entries) {
    const name = basename(entry, '.d.ts');
    assert.ok(existsSync(path(`build/site/api/modules/${name}.html`)), name);
  }
  const text = read('build/site/api/functions/camera.openCamera.html');
  assert.match(text, /CAMERA_DENIED/);
});
