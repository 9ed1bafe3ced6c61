// SPDX-License-Identifier: MIT
// Fills dist/, the npm package: node wasm/package.mjs OUT BUILD NOTICES MODEL...
// The files of js/, all in one folder; Emscripten's glue with what bundlers cannot take cut out; the
// wasm modules; the weights; the licences of what is inside; and assets.js, which names wasm and
// weights with their SHA-256.

import { createHash } from 'node:crypto';
import {
  copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const VARIANTS = ['simd', 'simd-mt', 'relaxed', 'relaxed-mt'];
const [done, build, notices, ...weights] = process.argv.slice(2);
const out = `${done}.new`; // at no time is there half a package

/** Replaces the one place where the text stands. */
function replace(text, from, to, file) {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file}: ${parts.length - 1} times ${from}`);
  return parts.join(to);
}

/**
 * The glue imports Node's modules dynamically, which Vite cannot build inside a worker; it names its
 * wasm file, which is handed in; and its threaded form starts itself as a worker, which hangs
 * Turbopack. All three come from outside instead: see worker-*.js, pthread-*.js and node.js.
 */
function core(variant) {
  const file = join(build, `livedepth-${variant}.mjs`);
  let text = readFileSync(file, 'utf8');
  const cut = (from, to) => { text = replace(text, from, to, file); };
  cut('const{createRequire}=await import("module");', 'const createRequire=Module["createRequire"];');
  cut(`new URL("livedepth-${variant}.wasm",import.meta.url).href`, `"livedepth-${variant}.wasm"`);
  if (variant.endsWith('-mt')) {
    cut(`new Worker(new URL("livedepth-${variant}.mjs",import.meta.url),workerOptions)`,
      'Module["spawnPthread"]()');
    const tail = text.indexOf('var isPthread =');
    if (tail < 0) throw new Error(`${file}: no self-start`);
    text = text.slice(0, tail);
  }
  if (/\bimport\(/.test(text)) throw new Error(`${file}: a dynamic import is left`);
  return text;
}

/** Every file of js/, of any of its folders. */
const sources = readdirSync('js').flatMap(
  (folder) => readdirSync(join('js', folder)).map((name) => join('js', folder, name)));
if (new Set(sources.map((file) => basename(file))).size < sources.length) {
  throw new Error(`two files of one name: ${sources}`);
}

/**
 * The text of a file of js/ for the package. A relative address in quotes (of an import, a type, a
 * worker, a folder) leads to the file where it stands there: those of js/ and of dist/ are beside
 * it, all others where they are.
 */
function flat(file) {
  return readFileSync(file, 'utf8').replace(/'(\.\.?\/[^']*)'/g, (_, address) => {
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

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const assets = [];
const add = (file) => {
  const bytes = readFileSync(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  assets.push({ name: basename(file), sha256, bytes: bytes.length });
  copyFileSync(file, join(out, basename(file)));
};
for (const file of sources) writeFileSync(join(out, basename(file)), flat(file));
copyFileSync('LICENSE', join(out, 'LICENSE'));
copyFileSync(notices, join(out, 'NOTICES.txt'));
for (const variant of VARIANTS) {
  writeFileSync(join(out, `core-${variant}.js`), core(variant));
  add(join(build, `livedepth-${variant}.wasm`));
}
weights.forEach(add);
const rows = assets.map(({ name, sha256, bytes }) => `  '${name}': {
    url: () => new URL('./${name}', import.meta.url),
    sha256: '${sha256}',
    bytes: ${bytes},
  },
`);
writeFileSync(join(out, 'assets.js'), `// Made by wasm/package.mjs: the files beside this one.
/** @type {Record<string, {url: () => URL, sha256: string, bytes: number}>} */
export const ASSETS = {
${rows.join('')}};
`);
rmSync(done, { recursive: true, force: true });
renameSync(out, done);
