// SPDX-License-Identifier: MIT
// Joins the files of the package that a page asks for: each request costs it more than what is in
// it. An entry, a part that is loaded on demand and a worker become one file each; what several of
// the page's need is in common.js, once, so that there is one class LivenessError.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build } from '../third_party/node_modules/esbuild/lib/main.js';

const COMMON = 'common.js';
const ESM = { bundle: true, format: 'esm', write: false, logLevel: 'error' };

/** Names of files in the folder, by the name of a file that imports them.
 * @param {string} folder @param {string[]} entries */
async function readGraph(folder, entries) {
  const entryPoints = entries.map((name) => join(folder, name));
  const { metafile } = await build({
    ...ESM,
    entryPoints,
    platform: 'node',
    outdir: folder,
    metafile: true,
  });
  /** @param {boolean} onDemand */
  const importsBy = (onDemand) =>
    new Map(
      Object.entries(metafile.inputs).map(([file, { imports }]) => [
        basename(file),
        imports
          .filter(({ kind, external }) => !external && (kind === 'dynamic-import') === onDemand)
          .map(({ path }) => basename(path)),
      ]),
    );
  return { static: importsBy(false), onDemand: importsBy(true) };
}

/** All that the file needs, up to the ends and without them.
 * @param {Map<string, string[]>} imports @param {string} name @param {Set<string>} ends */
function reach(imports, name, ends, seen = new Set()) {
  seen.add(name);
  for (const next of imports.get(name) ?? []) {
    if (!seen.has(next) && !ends.has(next)) reach(imports, next, ends, seen);
  }
  return seen;
}

/** @param {string} folder @param {object} input  of esbuild
 * @param {(name: string) => string | null} [elsewhere]  the file that has it, if not this one */
async function joined(folder, input, elsewhere = () => null) {
  const plugin = {
    name: 'elsewhere',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\// }, ({ path, kind }) => {
        const file = kind === 'entry-point' ? null : elsewhere(basename(path));
        return file ? { path: `./${file}`, external: true } : null;
      });
    },
  };
  const { outputFiles } = await build({
    ...ESM,
    ...input,
    absWorkingDir: resolve(folder),
    target: 'esnext',
    charset: 'utf8',
    banner: { js: '// SPDX-License-Identifier: MIT\n// Joined by wasm/bundle.mjs.' },
    plugins: [plugin],
  });
  return outputFiles[0].text;
}

/** Each becomes one file, with all that it imports.
 * @param {string} folder @param {string[]} workers */
export async function bundleWorkers(folder, workers) {
  for (const name of workers) {
    writeFileSync(join(folder, name), await joined(folder, { entryPoints: [name] }));
  }
}

/**
 * @param {string} folder  of the files: those that were joined and are not needed any more go
 * @param {{pages: string[], workers: string[], others: string[]}} entries
 *   workers: joined already; others: what Node begins with, and what is asked for by address
 */
export async function bundle(folder, { pages, workers, others }) {
  const graph = await readGraph(folder, [...pages, ...others]);
  const roots = new Set(pages);
  for (const root of roots) {
    for (const name of reach(graph.static, root, new Set())) {
      for (const part of graph.onDemand.get(name) ?? []) roots.add(part);
    }
  }
  const needed = [...roots].flatMap((root) => [...reach(graph.static, root, roots)]);
  const common = new Set(needed.filter((name, i) => needed.indexOf(name) < i));

  const contents = [...common].map((name) => `export * from './${name}';`).join('\n');
  const texts = new Map([
    [COMMON, await joined(folder, { stdin: { contents, resolveDir: resolve(folder) } })],
  ]);
  for (const name of roots) {
    const elsewhere = (to) => (common.has(to) ? COMMON : roots.has(to) ? to : null);
    texts.set(name, await joined(folder, { entryPoints: [name] }, elsewhere));
  }
  for (const other of others) {
    for (const name of reach(graph.static, other, common)) {
      if (texts.has(name)) continue;
      const text = readFileSync(join(folder, name), 'utf8');
      const moved = (line, to) => (common.has(to) ? `'./${COMMON}'` : line);
      texts.set(name, text.replace(/'\.\/([\w-]+\.js)'/g, moved));
    }
  }
  for (const name of readdirSync(folder)) {
    const kept = texts.has(name) || workers.includes(name);
    if (/\.m?js$/.test(name) && !kept) rmSync(join(folder, name));
  }
  for (const [name, text] of texts) writeFileSync(join(folder, name), text);
}
