#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The packed package in one small page, built for production by each bundler, and opened in
// Chromium under a strict CSP, with and without cross-origin isolation; and as Vite's development
// server gives it. The page's score must be Node's, bit for bit.
//
//     node tests/bundlers/matrix.mjs [NAME...]       default: all of TOOLS
//
// The tools are installed once, into third_party/bundlers, at the versions named here.

import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadLiveness } from '../../js/node/node.js';
import { launch, startServer, STRICT_CSP } from '../browser/support.mjs';
import { liveFrames, path } from '../support.mjs';

const CACHE = path('third_party/bundlers');
const BUILD_MS = 240_000; // Turbopack has been seen to wait for ever
const PAGE_MS = 60_000;
const HTML =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>app</title>' +
  '<script type="module" src="./entry.js"></script>';
const ENTRY = "import { main } from './app.js';\nglobalThis.done = main();\n";
// A static export of Next starts its pages by inline scripts.
const NEXT_CSP = `${STRICT_CSP.replace("'self'", "'self' 'unsafe-inline'")}; style-src 'self'`;

/**
 * files: written beside app.js; command: the tool's own, run in that folder; out: what it makes;
 * dev: a server of the unbuilt page.
 *
 * @typedef {{
 *   packages: Record<string, string>, files: Record<string, string>, command?: string[],
 *   out: string, csp?: string, copyPackage?: string, dev?: string[],
 * }} Tool
 * @typedef {{
 *   tarball: string, browser: import('playwright-core').Browser,
 *   clip: Awaited<ReturnType<typeof makeClip>>,
 * }} Bench
 */

/** @param {string} version @param {Record<string, string>} [files] @returns {Tool} */
const vite = (version, files) => ({
  packages: { vite: version },
  files: { 'index.html': HTML, 'entry.js': ENTRY, ...files },
  command: ['vite', 'build', '--outDir', 'out', '--emptyOutDir', '--logLevel', 'warn'],
  out: 'out',
  dev: ['vite', '--host', '127.0.0.1'],
});
// Before version 8 the development server moves packages without their workers and files.
const EXCLUDE = {
  'vite.config.js': "export default { optimizeDeps: { exclude: ['livedepth'] } };\n",
};

/** @type {Record<string, Tool>} */
export const TOOLS = {
  plain: {
    packages: {},
    files: { 'index.html': HTML, 'entry.js': ENTRY },
    out: '.',
    copyPackage: 'livedepth', // no import map: an inline one is what the CSP forbids
  },
  'esbuild-0.28.2': {
    packages: { esbuild: '0.28.2' },
    files: {
      'index.html': HTML.replace('entry', 'main'),
      'entry.js': ENTRY.replace('main()', "main({ baseUrl: '/livedepth/' })"),
    },
    command: [
      'esbuild',
      'entry.js',
      '--bundle',
      '--minify',
      '--format=esm',
      '--outfile=main.js',
      '--log-level=warning',
    ],
    out: '.',
    copyPackage: 'livedepth', // it leaves new URL() alone, hence baseUrl
  },
  'vite-5.4.21': vite('5.4.21', EXCLUDE),
  'vite-7.3.8': vite('7.3.8', EXCLUDE),
  'vite-8.3.8': vite('8.3.8'),
  'webpack-5.112.2': {
    packages: { webpack: '5.112.2', 'webpack-cli': '7.3.1' },
    files: { 'static/index.html': HTML.replace('./entry', './main'), 'entry.js': ENTRY },
    command: [
      'webpack',
      '--mode',
      'production',
      '--entry',
      './entry.js',
      '--output-path',
      'static',
      '--no-stats',
    ],
    out: 'static',
  },
  'next-16.4.6': {
    packages: { next: '16.4.6', react: '19.2.7', 'react-dom': '19.2.7' },
    files: {
      'next.config.mjs':
        "export default {\n  output: 'export',\n" +
        '  turbopack: { root: import.meta.dirname },\n};\n',
      'app/layout.js':
        'export default function Layout({ children }) {\n' +
        '  return <html lang="en"><body>{children}</body></html>;\n}\n',
      'app/page.js':
        "'use client';\nimport { useEffect } from 'react';\n" +
        "import { main } from '../app.js';\nexport default function Page() {\n" +
        '  useEffect(() => { globalThis.done = main(); }, []);\n  return null;\n}\n',
    },
    command: ['next', 'build'],
    out: 'out',
    csp: NEXT_CSP,
  },
};

/**
 * Runs a program; its output, or an error with it.
 *
 * @param {string} folder
 * @param {string[]} command
 * @param {(text: string, kill: () => void) => void} [onOutput]  of all so far
 */
export function run(folder, [program, ...args], onOutput) {
  return new Promise((resolve, reject) => {
    const child = spawn(join(folder, 'node_modules/.bin', program), args, {
      cwd: folder,
      detached: true, // a group of its own, to be ended as a whole
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1', CI: '1' },
    });
    const kill = () => process.kill(-Number(child.pid), 'SIGKILL');
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        onOutput?.(text, kill);
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, BUILD_MS);
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      const end = late ? 'took too long' : `ended with ${status}`;
      if (status === 0) resolve(text);
      else reject(new Error(`${program} ${end}\n${text}`));
    });
  });
}

/** @param {string[]} args @param {string} cwd */
function npm(args, cwd) {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args[0]}: ${stderr}`);
  return stdout;
}

/** The package as it would be published: its .tgz. */
export function pack() {
  mkdirSync(CACHE, { recursive: true });
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', CACHE];
  const [{ filename }] = JSON.parse(npm(args, path('.')));
  return join(CACHE, filename);
}

/** The folder third_party/bundlers/NAME with these packages in node_modules, and nothing else.
 * @param {string} name @param {Record<string, string>} packages */
export function install(name, packages) {
  const folder = join(CACHE, name);
  const wanted = `${JSON.stringify({ private: true, type: 'module', dependencies: packages })}\n`;
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest) || readFileSync(manifest, 'utf8') !== wanted) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json.new'), wanted);
    cpSync(join(folder, 'package.json.new'), manifest);
    try {
      npm(['install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'], folder);
    } catch (error) {
      rmSync(manifest);
      throw error;
    }
  }
  for (const each of readdirSync(folder)) {
    if (!['node_modules', 'package.json'].includes(each)) {
      rmSync(join(folder, each), { recursive: true });
    }
  }
  return folder;
}

/** The tool's folder, with the tool, the package and the page in it.
 * @param {string} name @param {string} tarball */
export function prepare(name, tarball) {
  const { packages, files, out, copyPackage } = TOOLS[name];
  const folder = install(name, packages);
  const modules = join(folder, 'node_modules/livedepth');
  // Vite keeps what it has prepared, by version: ours is another package of the same version.
  rmSync(join(folder, 'node_modules/.vite'), { recursive: true, force: true });
  unpack(tarball, modules);
  let app = readFileSync(new URL('app.js', import.meta.url), 'utf8');
  if (copyPackage) {
    cpSync(join(modules, 'dist'), join(folder, out, copyPackage), { recursive: true });
    if (name === 'plain') app = app.replace("'livedepth'", "'./livedepth/index.js'");
  }
  for (const [file, text] of Object.entries({ 'app.js': app, ...files })) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** @param {string} tarball @param {string} folder */
export function unpack(tarball, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const args = ['-xzf', tarball, '--strip-components=1', '-C', folder];
  const { status, stderr } = spawnSync('tar', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
}

/** Bytes of all files but node_modules. @param {string} folder @returns {number} */
function sizeOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .reduce(
      (sum, each) =>
        sum +
        (each.isDirectory()
          ? sizeOf(join(folder, each.name))
          : statSync(join(folder, each.name)).size),
      0,
    );
}

/** The clip for the page, and Node's score of it. */
export async function makeClip() {
  const frames = await liveFrames();
  const [{ width, height }] = frames;
  const liveness = await loadLiveness({ variant: 'simd' });
  const { score } = await liveness.analyze(frames);
  await liveness.close();
  const json = JSON.stringify({ width, height, timestamps: frames.map((each) => each.timestamp) });
  return { score, json, bytes: Buffer.concat(frames.map(({ data }) => data)) };
}

/**
 * What the page says.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {Awaited<ReturnType<typeof makeClip>>} clip
 */
async function ask(browser, url, clip) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (each) => each.type() === 'error' && errors.push(each.text()));
    page.setDefaultTimeout(PAGE_MS);
    await page.route('**/clip.json', (route) => route.fulfill({ body: clip.json }));
    await page.route('**/clip.bin', (route) => route.fulfill({ body: clip.bytes }));
    await page.route('**/favicon.ico', (route) => route.fulfill({ body: '' }));
    await page.goto(url);
    try {
      await page.waitForFunction(() => globalThis.done !== undefined);
      return { ...(await page.evaluate(() => globalThis.done)), errors };
    } catch (error) {
      throw new Error([String(error), ...errors].join('\n'));
    }
  } finally {
    await context.close();
  }
}

/** The built page, from a server of ours. @param {Bench} bench @param {string} folder
 * @param {{isolated: boolean, csp?: string}} headers */
async function openBuilt({ browser, clip }, folder, { isolated, csp = STRICT_CSP }) {
  const server = await startServer({ mounts: { '/': folder }, isolated, csp });
  try {
    return await ask(browser, server.origin, clip);
  } finally {
    await server.close();
  }
}

/** The page from the tool's own server. @param {Bench} bench @param {string} folder
 * @param {string[]} command */
async function openDev({ browser, clip }, folder, command) {
  let stop = () => {};
  const url = new Promise((resolve, reject) => {
    run(folder, command, (text, kill) => {
      stop = kill;
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(text);
      if (found) resolve(found[0]);
    }).catch(reject); // it ends when it is killed
  });
  try {
    return await ask(browser, await url, clip);
  } finally {
    stop();
  }
}

/**
 * Builds the page with one tool and opens it both ways.
 *
 * @param {string} name
 * @param {Bench} bench
 */
export async function check(name, bench) {
  const { command, out, csp, dev } = TOOLS[name];
  const folder = prepare(name, bench.tarball);
  const start = performance.now();
  const log = command ? await run(folder, command) : '';
  const seconds = (performance.now() - start) / 1000;
  const pages = [];
  for (const isolated of [true, false]) {
    const page = await openBuilt(bench, join(folder, out), { isolated, csp });
    pages.push({ how: isolated ? 'isolated' : 'not isolated', ...page });
  }
  if (dev) pages.push({ how: 'development', ...(await openDev(bench, folder, dev)) });
  return { seconds, bytes: sizeOf(join(folder, out)), log, pages };
}

async function runAll(names) {
  const hooks = [];
  const browser = await launch({ after: (hook) => hooks.push(hook) });
  const clip = await makeClip();
  const tarball = pack();
  console.log(`Node, simd: ${clip.score}`);
  let failed = 0;
  for (const name of names) {
    try {
      const { seconds, bytes, log, pages } = await check(name, { tarball, browser, clip });
      const bad = pages.some(({ score, errors }) => score !== clip.score || errors.length > 0);
      failed += bad ? 1 : 0;
      console.log(
        `${bad ? 'FAILED' : 'ok    '}  ${name.padEnd(16)} built in ` +
          `${seconds.toFixed(1)} s, ${(bytes / 1024).toFixed(0)} kB`,
      );
      for (const { how, score, variant, threads, errors } of pages) {
        console.log(
          `          ${how.padEnd(12)}  ${score}  ${variant} ${threads}` +
            errors.map((each) => `\n          ${each}`).join(''),
        );
      }
      if (log.trim()) console.log(log.trim().replace(/^/gm, '          | '));
    } catch (error) {
      failed++;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
  rmSync(tarball);
  for (const hook of hooks) await hook();
  console.log(`${names.length - failed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !Object.hasOwn(TOOLS, name));
  if (unknown.length) throw new Error(`unknown: ${unknown}; known: ${Object.keys(TOOLS)}`);
  await runAll(names.length ? names : Object.keys(TOOLS));
}
