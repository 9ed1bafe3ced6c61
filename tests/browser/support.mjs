// SPDX-License-Identifier: MIT
// What the browser tests share: Debian's Chromium without a screen, clips as its camera, pages of a
// few lines served with chosen headers.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { headersOf, startServer, STRICT_CSP } from '../../web/serve.mjs';
import { LIVE, liveFrames, noiseOf, PATIENCE, read } from '../support.mjs';

export { startServer, STRICT_CSP };
const HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><title>test</title>';
export const AXE = read('node_modules/axe-core/axe.min.js');
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** A file that Chromium takes for a camera.
 * @param {string} name @param {() => Promise<Uint8Array>} make */
async function cameraFile(name, make) {
  const file = join(tmpdir(), `livedepth-${name}.y4m`);
  if (!existsSync(file)) {
    const own = `${file}.${process.pid}`; // other tests that run now see a whole file or none
    writeFileSync(own, await make());
    renameSync(own, file);
  }
  return file;
}

/** The live clip as it is, again and again: 1.2 s. */
export const clipCamera = () => cameraFile('clip', async () => gunzipSync(readFileSync(LIVE)));

/** Eight seconds of it, there and back again, each frame with noise of its own: a check may last
 * longer than the clip, and no real camera gives a frame twice. */
export const liveCamera = () =>
  cameraFile('live', async () => {
    const there = await liveFrames();
    const round = [...there, ...there.slice(1, -1).reverse()];
    const noise = noiseOf(1);
    const { width, height } = there[0];
    const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F25:1 Ip A1:1 C420mpeg2\n`)];
    for (let i = 0; i < 200; i++) {
      parts.push(Buffer.from('FRAME\n'), noise(round[i % round.length].data));
    }
    return Buffer.concat(parts);
  });

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
        ...headersOf({ csp, isolated, headers }),
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
