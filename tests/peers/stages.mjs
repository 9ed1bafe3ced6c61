// SPDX-License-Identifier: MIT
// Where contenders run: pages of one Chromium, each a process of its own, and Node processes.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { launch, startServer } from '../browser/support.mjs';

const MOUNTS = {
  '/': 'tests/peers',
  '/livedepth/': 'build/bench/dist',
  '/models/': 'build/bench/models',
  '/peers/': 'third_party/peers/node_modules',
};

/** Chromium with two servers, for pages with and without cross-origin isolation. */
export async function openChromium() {
  const hooks = [];
  const browser = await launch({ after: (hook) => hooks.push(hook) });
  // The peers' glue makes code from strings and workers from blobs: no CSP.
  const servers = await Promise.all(
    [true, false].map((isolated) => startServer({ mounts: MOUNTS, isolated, csp: null })),
  );
  const [isolated, plain] = servers;
  const system = await browser.newBrowserCDPSession();
  /** Of all pages: those that wait use none. */
  const cpu = async () => {
    const { processInfo } = await system.send('SystemInfo.getProcessInfo');
    return (
      1000 *
      processInfo
        .filter(({ type }) => type === 'renderer')
        .reduce((sum, { cpuTime }) => sum + cpuTime, 0)
    );
  };
  const open = async (server) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(0);
    page.on('pageerror', (error) => console.error(`page: ${error}`));
    await page.goto(`${server.origin}/page.html`);
    return {
      /** Calls a function of page.js. */
      call: (name, ...args) =>
        page.evaluate(([method, given]) => globalThis.contender[method](...given), [name, args]),
      cpu,
      close: () => context.close(),
    };
  };
  return {
    version: `Chromium ${browser.version()}`,
    isolated,
    plain,
    /** Of a fresh profile, and so without a cache. */
    open,
    contender: () => open(isolated),
    async close() {
      await Promise.all(hooks.map((hook) => hook()));
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

/** A Node process of this version. */
export async function openProcess() {
  const child = fork(fileURLToPath(new URL('process.mjs', import.meta.url)));
  let fail = () => {};
  child.on('exit', (status) => fail(new Error(`exit status ${status}`)));
  const call = (name, ...args) =>
    new Promise((resolve, reject) => {
      fail = reject;
      child.once('message', ({ result, error }) =>
        error ? reject(new Error(error)) : resolve(result),
      );
      child.send({ name, args });
    });
  return {
    call,
    cpu: () => call('cpu'),
    async close() {
      child.removeAllListeners('exit');
      child.disconnect();
    },
  };
}
