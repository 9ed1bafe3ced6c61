// SPDX-License-Identifier: MIT
// The demo page in Chromium with the recorded camera, for its tests: opened, fed, waited for; what
// Node says about the same clip; what must hold in every state.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { loadLiveness, readClip } from '../../js/node/node.js';
import { LIVE } from '../support.mjs';
import { AXE, launch, liveCamera, startServer } from './support.mjs';

export const EXACT = '?variant=simd&threads=1';
export const PHONE = { viewport: { width: 390, height: 844 } };

let browser;
export let server;
const ends = [];
export const whole = { after: (end) => ends.push(end) };
before(async () => {
  browser = await launch(whole, { camera: await liveCamera() });
  server = await startServer();
});
after(async () => {
  for (const end of ends) await end();
  await server?.close();
});

const known = new Map();
/** What Node says about the live clip, asked once for each model. */
export async function expected(model) {
  if (known.has(model)) return known.get(model);
  const liveness = await loadLiveness({ variant: 'simd', threads: 1, ...(model && { model }) });
  const points = [];
  let views = {};
  const result = await liveness.analyze(readClip(LIVE), {
    onFrame(each) {
      if (each.state === 'scored') points.push([each.clipScore, each.score]);
      if (each.state !== 'skipped') ({ views } = each);
    },
  });
  liveness.close();
  known.set(model, { ...result, points, views });
  return known.get(model);
}

/** The page with a loaded engine; its complaints fail the test at its end. */
export async function openDemo(t, query = EXACT, options = {}) {
  const { in: other = browser, origin = server.origin, logs = /^$/, ...context } = options;
  const page = await (await other.newContext(context)).newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error.stack)));
  page.on('console', (message) => {
    const isBad = ['error', 'warning'].includes(message.type()) && !logs.test(message.text());
    if (isBad) errors.push(message.text());
  });
  await page.addInitScript(() => {
    globalThis.violations = [];
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      globalThis.violations.push(`${violatedDirective} ${blockedURI}`);
    });
    const Native = globalThis.VideoFrame;
    globalThis.frames = []; // all that the page makes; closed ones and those that went have no size
    globalThis.VideoFrame = class extends Native {
      static [Symbol.hasInstance](object) {
        return object instanceof Native;
      }
      constructor(...args) {
        super(...args);
        globalThis.frames.push(this);
      }
    };
  });
  await page.goto(`${origin}/${query}`);
  await page.evaluate(() => demo.ready);
  t.after(async () => {
    const violations = await page.evaluate(() => globalThis.violations);
    await page.context().close();
    assert.deepEqual(errors, []);
    assert.deepEqual(violations, []);
  });
  return page;
}

/** When the run has ended: what it showed. */
export async function finished(page, { depth: wanted = true } = {}) {
  await page.waitForFunction(() => !demo.running && demo.record.result);
  return page.evaluate((withDepth) => {
    const { result, scores: points, source } = demo.record;
    const { depth } = result;
    const map = withDepth ? { ...depth, data: [...depth.data] } : null;
    return { ...result, depth: map, points, source };
  }, wanted);
}

/** Drops bytes on the page as a file. */
export async function drop(page, file, name) {
  await page.evaluate(
    ([text, as]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], as));
      const how = { bubbles: true, cancelable: true, dataTransfer: data };
      document.body.dispatchEvent(new DragEvent('drop', how));
    },
    [Buffer.from(file).toString('base64'), name],
  );
}

/** The video in another form, made in the page by mediabunny: `work` fills the output. */
export async function remake(page, video, work, format) {
  await page.evaluate(`globalThis.work = ${work}`); // no string becomes code in the page itself
  const text = await page.evaluate(
    async ([bytes, as]) => {
      const media = await import('/vendor/mediabunny/mediabunny.min.mjs');
      const blob = new Blob([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))]);
      const source = new media.BlobSource(blob);
      const input = new media.Input({ formats: media.ALL_FORMATS, source });
      const target = new media.BufferTarget();
      const output = new media.Output({ format: new media[as](), target });
      await globalThis.work(media, await input.getPrimaryVideoTrack(), output);
      await output.finalize();
      const made = new Uint8Array(target.buffer);
      return btoa(Array.from(made, (c) => String.fromCharCode(c)).join(''));
    },
    [video.toString('base64'), format],
  );
  return Buffer.from(text, 'base64');
}

/** One frame more of a recorded clip. */
export const pressStep = async (page) => {
  const frames = await page.evaluate(() => demo.record.frames);
  await page.click('#step');
  await page.waitForFunction((count) => demo.record.frames === count + 1, frames);
};

/** What the person answers when the page asks for the camera. */
export async function permit(page, setting) {
  const session = await page.context().newCDPSession(page);
  const {
    targetInfo: { browserContextId },
  } = await session.send('Target.getTargetInfo');
  const cdp = await page.context().browser().newBrowserCDPSession();
  await cdp.send('Browser.setPermission', {
    permission: { name: 'camera' },
    setting,
    origin: server.origin,
    browserContextId,
  });
}

export const text = (page, selector) => page.locator(selector).innerText();

/** Until the text of an element has this in it. */
export const shows = (page, selector, wanted) =>
  page.waitForFunction(
    ([where, what]) => document.querySelector(where).innerText.includes(what),
    [selector, wanted],
  );

export async function checkAxe(page, state) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  assert.deepEqual(
    serious.map(({ id, nodes }) => `${state}: ${id}: ${nodes[0].html}`),
    [],
  );
}

export async function checkWidth(page, state) {
  const wide = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll('.card')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map((each) => `${each.className || 'page'}: ${each.scrollWidth} in ${each.clientWidth} px`),
  );
  assert.deepEqual(wide, [], `${state}, ${page.viewportSize().width} px`);
}
