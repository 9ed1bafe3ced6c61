// SPDX-License-Identifier: MIT
// Fills dist/, the npm package: node wasm/package.mjs OUT BUILD NOTICES MODEL...
// The files of js/, all in one folder, those of a page joined; Emscripten's glue with what bundlers
// cannot take cut out; the wasm modules, and a worker for each; the weights; the licences of what is
// inside; assets.js, which names workers, wasm and weights, with their SHA-256; and the bill of
// materials.

import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { VARIANTS } from '../js/engine/variant.js';
import { bundle, bundleWorkers } from './bundle.mjs';
import { pins, sbom } from './sbom.mjs';

const [done, build, notices, ...weights] = process.argv.slice(2);
const out = `${done}.new`; // at no time is there half a package
const isThreaded = (variant) => variant.endsWith('-mt');

/** Replaces the one place where the text stands. */
function replace(text, from, to, file) {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file}: ${parts.length - 1} times ${from}`);
  return parts.join(to);
}

/**
 * The glue imports Node's modules dynamically, which Vite cannot build inside a worker; it names its
 * wasm file, which is handed in; and its threaded form starts itself as a worker, which hangs
 * Turbopack. All three come from outside instead: see worker(), pthread() and node.js.
 */
function core(variant) {
  const file = join(build, `livedepth-${variant}.mjs`);
  let text = readFileSync(file, 'utf8');
  const cut = (from, to) => {
    text = replace(text, from, to, file);
  };
  cut(
    'const{createRequire}=await import("module");',
    'const createRequire=Module["createRequire"];',
  );
  cut(`new URL("livedepth-${variant}.wasm",import.meta.url).href`, `"livedepth-${variant}.wasm"`);
  if (isThreaded(variant)) {
    cut(
      `new Worker(new URL("livedepth-${variant}.mjs",import.meta.url),workerOptions)`,
      'Module["spawnPthread"]()',
    );
    const tail = text.indexOf('var isPthread =');
    if (tail < 0) throw new Error(`${file}: no self-start`);
    text = text.slice(0, tail);
  }
  if (/\bimport\(/.test(text)) throw new Error(`${file}: a dynamic import is left`);
  return text;
}

/** Every file of js/, of any of its folders. */
const sources = readdirSync('js').flatMap((folder) =>
  readdirSync(join('js', folder)).map((name) => join('js', folder, name)),
);
if (new Set(sources.map((file) => basename(file))).size < sources.length) {
  throw new Error(`two files of one name: ${sources}`);
}

/**
 * The text of a file of js/ for the package. A relative address in quotes (of an import, a type, a
 * worker, a folder) leads to the file where it stands there: those of js/ and of dist/ are beside
 * it, all others where they are.
 */
function flat(file) {
  const text = readFileSync(file, 'utf8').replace('// @ts-check\n', ''); // of files as they were
  return text.replace(/'(\.\.?\/[^']*)'/g, (_, address) => {
    const target = join(dirname(file), address);
    const inside = relative('dist', target);
    if (!inside.startsWith('..')) return `'./${inside}'`;
    if (!target.startsWith('js/')) return `'${inside}'`;
    if (target.endsWith('/')) return "'./'";
    if (existsSync(target) || existsSync(target.replace(/\.js$/, '.d.ts'))) {
      return `'./${basename(target)}'`;
    }
    throw new Error(`${file}: no ${address}`);
  });
}

/**
 * The worker of a page. One file a build, each with static imports alone: that is what every
 * bundler understands.
 *
 * With threads: the core must not start them itself, for a file that names itself as a worker hangs
 * Turbopack; hence core <- pthread <- worker, without a circle. By the start of its name the core
 * knows a thread; by all of it webpack tells the files of two builds apart.
 */
function worker(variant) {
  const spawn = `, () => new Worker(
  new URL('./pthread-${variant}.js', import.meta.url),
  { type: 'module', name: 'em-pthread-${variant}' },
)`;
  return `// Made by wasm/package.mjs: the worker of a page.
import createModule from './core-${variant}.js';
import { serve } from './worker.js';

serve(createModule${isThreaded(variant) ? spawn : ''});
`;
}

/** A further thread: the core sees by the worker's name what it is to be. */
const pthread = (variant) => `// Made by wasm/package.mjs: a further thread of worker-${variant}.js.
import createModule from './core-${variant}.js';

createModule();
`;

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const assets = [];
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const add = (file) => {
  const bytes = readFileSync(file);
  assets.push({ name: basename(file), sha256: sha256(bytes), bytes: bytes.length });
  copyFileSync(file, join(out, basename(file)));
};
for (const file of sources) writeFileSync(join(out, basename(file)), flat(file));
copyFileSync('LICENSE', join(out, 'LICENSE'));
copyFileSync('tests/clips/example.y4m.gz', join(out, 'example.y4m.gz'));
copyFileSync(notices, join(out, 'NOTICES.txt'));
for (const variant of VARIANTS) {
  writeFileSync(join(out, `core-${variant}.js`), core(variant));
  writeFileSync(join(out, `worker-${variant}.js`), worker(variant));
  if (isThreaded(variant)) writeFileSync(join(out, `pthread-${variant}.js`), pthread(variant));
  add(join(build, `livedepth-${variant}.wasm`));
}
weights.forEach(add);
const workers = VARIANTS.map((variant) => `worker-${variant}.js`);
await bundleWorkers(out, workers);
const rows = assets.map(
  ({ name, sha256, bytes }) => `  '${name}': {
    url: () => new URL('./${name}', import.meta.url),
    sha256: '${sha256}',
    bytes: ${bytes},
  },
`,
);
const starts = VARIANTS.map(
  (variant) => `  '${variant}': () => (
    new Worker(new URL('./worker-${variant}.js', import.meta.url), { type: 'module' })),
`,
);
/** @param {string[]} names */
const hashes = (names) =>
  names.map((name) => `  '${name}': '${sha256(readFileSync(join(out, name)))}',\n`).join('');
writeFileSync(
  join(out, 'assets.js'),
  `// Made by wasm/package.mjs: the files beside this one.
/** @type {Record<string, {url: () => URL, sha256: string, bytes: number}>} */
export const ASSETS = {
${rows.join('')}};
/** @type {Record<import('./engine.js').Variant, () => Worker>} */
export const WORKERS = {
${starts.join('')}};
/**
 * SHA-256 of those workers that start from another origin, where they have no threads.
 * @type {Record<string, string>}
 */
export const FAR_WORKERS = {
${hashes(workers.filter((name) => !name.endsWith('-mt.js')))}};
/** SHA-256 of Emscripten's code, which Node reads. @type {Record<string, string>} */
export const CORES = {
${hashes(VARIANTS.map((variant) => `core-${variant}.js`))}};
`,
);
await bundle(out, {
  pages: ['index.js', 'support.js', 'camera.js', 'element.js'],
  workers,
  others: [
    ...['node.js', 'server.js', 'cli.mjs', 'pool-worker.js', 'pthread-node.js', 'assets.js'],
    ...VARIANTS.map((variant) => `core-${variant}.js`),
    ...VARIANTS.filter(isThreaded).map((variant) => `pthread-${variant}.js`),
  ],
});
const bill = sbom(
  out,
  pins(readFileSync('wasm/pins.txt', 'utf8')),
  JSON.parse(readFileSync('package.json', 'utf8')),
);
writeFileSync(join(out, 'sbom.cdx.json'), `${JSON.stringify(bill, null, 1)}\n`);
rmSync(done, { recursive: true, force: true });
renameSync(out, done);
