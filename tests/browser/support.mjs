// SPDX-License-Identifier: MIT
// What the browser tests share: Debian's Chromium without a screen, clips as its camera, pages of a
// few lines served with chosen headers.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { startServer, STRICT_CSP } from '../../web/serve.mjs';
import { LIVE } from '../support.mjs';

export { startServer, STRICT_CSP };
const HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><title>test</title>';
/** Ms after which a test calls what it waits for lost: a busy machine makes it slower, not red. */
export const PATIENCE = 120_000;
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** A file that Chromium takes for a camera.
 * @param {string} name @param {() => Uint8Array[]} parts */
function cameraFile(name, parts) {
  const file = join(tmpdir(), `livedepth-${name}.y4m`);
  if (!existsSync(file)) {
    const own = `${file}.${process.pid}`; // other tests that run now see a whole file or none
    writeFileSync(own, Buffer.concat(parts()));
    renameSync(own, file);
  }
  return file;
}
const liveBytes = () => gunzipSync(readFileSync(LIVE));

/** The live clip as it is, again and again: 1.2 s. */
export const clipCamera = () => cameraFile('clip', () => [liveBytes()]);

/** Eight seconds of it, there and back again, each frame with noise of its own: a check may last
 * longer than the clip, and no real camera gives a frame twice. */
export const liveCamera = () => cameraFile('live', longClip);

function longClip() {
  const bytes = liveBytes();
  const start = bytes.indexOf('\n') + 1;
  const header = bytes.subarray(0, start);
  const [, width, height] = /** @type {string[]} */ (/W(\d+) H(\d+)/.exec(`${header}`)).map(Number);
  const mark = 'FRAME\n'.length;
  const size = mark + (width * height * 3) / 2;
  const count = (bytes.length - start) / size;
  const parts = [header];
  let state = 1;
  for (let i = 0; i < 200; i++) {
    const turn = i % (2 * count - 2);
    const at = start + Math.min(turn, 2 * count - 2 - turn) * size;
    const frame = Buffer.from(bytes.subarray(at, at + size));
    for (let k = mark; k < size; k += 7) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      frame[k] = Math.min(235, Math.max(16, frame[k] + (state >>> 29) - 4));
    }
    parts.push(frame);
  }
  return parts;
}

/** Waits until this holds, in a page that is asked again and again or outside of it. */
export async function eventually(condition) {
  const end = Date.now() + PATIENCE;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`never: ${condition}`);
    await sleep(20);
  }
}

/**
 * A browser; ends with the test. camera: a .y4m file, 'pattern' (Chromium's own) or null: none;
 * allow: the person says yes at once.
 *
 * @param {{after(hook: () => unknown): void}} t
 */
export async function launch(t, { camera = null, allow = true, args = [] } = {}) {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    timeout: PATIENCE,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...(camera === null ? [] : ['--use-fake-device-for-media-stream']),
      ...(camera?.endsWith('.y4m') ? [`--use-file-for-fake-video-capture=${camera}`] : []),
      ...(allow ? ['--use-fake-ui-for-media-stream'] : []),
      ...args,
    ],
  });
  t.after(() => browser.close());
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.setDefaultTimeout(PATIENCE);
    return context;
  };
  return browser;
}

/**
 * A page that holds nothing but `html`, on a server of its own with dist at /livedepth/; what it
 * logs as an error and what it throws are kept in `errors`.
 *
 * @param {{after(hook: () => unknown): void}} t
 * @param {import('playwright-core').Browser} browser
 */
export async function openPage(
  t,
  browser,
  {
    html = '',
    mounts = {},
    isolated = true,
    csp = STRICT_CSP,
    headers = {},
    answer,
    context = {},
  } = {},
) {
  const server = await startServer({
    mounts: { '/livedepth/': 'dist', '/clips/': 'tests/clips', ...mounts },
    isolated,
    csp,
    headers,
    answer(path, response) {
      if (answer?.(path, response)) return true;
      if (path !== '/') return false;
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        ...(csp === null ? {} : { 'content-security-policy': csp }),
        ...(isolated
          ? {
              'cross-origin-opener-policy': 'same-origin',
              'cross-origin-embedder-policy': 'require-corp',
            }
          : {}),
        ...headers,
      });
      response.end(`${HEAD}${html}`);
      return true;
    },
  });
  t.after(() => server.close());
  const page = await (await browser.newContext(context)).newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(`${server.origin}/`);
  return { page, server, errors };
}
