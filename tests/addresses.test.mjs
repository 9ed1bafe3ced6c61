// SPDX-License-Identifier: MIT
// Which of the package's addresses are another origin's, as a bundler may give them: over a Worker
// that only says where it was started.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { ASSETS, WORKERS } from '../dist/assets.js';
import { loadLiveness } from '../js/page/index.js';
import { failure, path, temporaryFolder } from './support.mjs';

const PAGE = new URL('https://page.example/app/');
const before = new Map(Object.entries(ASSETS).map(([name, { url }]) => [name, url]));
const { fetch } = globalThis;
afterEach(() => {
  for (const [name, url] of before) ASSETS[name].url = url;
  Object.assign(globalThis, { fetch });
  delete globalThis.Worker;
  delete globalThis.location;
});

/** What is asked for on a page whose bundler gives every file the address `at(name)`. What is
 * answered at all is not found, which ends loading. */
async function load(at, isAnswered = () => true) {
  const asked = { workers: [], files: [] };
  for (const name of before.keys()) ASSETS[name].url = () => at(name);
  globalThis.location = PAGE;
  globalThis.Worker = class extends EventTarget {
    constructor(url) {
      super();
      asked.workers.push(String(url));
    }
    terminate() {}
  };
  globalThis.fetch = async (url, { signal }) => {
    asked.files.push(String(url));
    if (!isAnswered(String(url))) await once(signal, 'abort');
    return new Response(null, { status: 404 });
  };
  const { code } = await failure(loadLiveness({ variant: 'simd', threads: 1 }));
  return { ...asked, code };
}
/** Where the package's own worker is started; how that is written is the bundler's affair. */
function ownWorker() {
  globalThis.Worker = class {
    constructor(url) {
      this.address = String(url);
    }
  };
  return WORKERS.simd().address;
}

for (const [kind, at] of [
  ['without an origin, as Turbopack makes them', (name) => `/_next/static/media/${name}`],
  ["of the page's own origin", (name) => new URL(`/assets/${name}`, PAGE)],
]) {
  test(`addresses ${kind}: no other origin's`, async () => {
    const own = ownWorker();
    const { workers, files, code } = await load(at);
    assert.equal(code, 'ENV_FETCH');
    assert.deepEqual(workers, [own]);
    assert.ok(files.includes(new URL(at('livedepth-simd.wasm'), PAGE).href), files.join());
    for (const file of files) assert.equal(new URL(file).origin, PAGE.origin);
  });
}

test('addresses of another origin: the worker is made of its bytes from there', async () => {
  const far = (name) => new URL(`https://cdn.example/livedepth/${name}`);
  const { workers, files, code } = await load(far, (url) => url.includes('worker'));
  assert.equal(code, 'ENV_FETCH');
  assert.deepEqual(workers, []);
  assert.ok(files.includes(far('worker-simd.js').href), files.join());
});

test('the servers of web/ start by a symbolic link, too', async () => {
  const link = join(temporaryFolder(after), 'current');
  symlinkSync(path('.'), link);
  const server = spawn(process.execPath, [join(link, 'web/serve.mjs'), '0']);
  const [line] = await Promise.race([
    once(server.stdout.setEncoding('utf8'), 'data'),
    once(server, 'exit'),
  ]);
  server.kill();
  assert.match(String(line), /^http:\/\/localhost:\d+ /);
});
