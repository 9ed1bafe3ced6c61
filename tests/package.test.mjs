// SPDX-License-Identifier: MIT
// The npm package as somebody else gets it: packed, installed into an empty project, used there by
// three versions of Node and by TypeScript; its files, its size, its exports.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { publint } from 'publint';
import { DEFAULT_MODEL, EXAMPLE_CLIP, loadLiveness, readClip, VARIANTS } from '../js/node/node.js';
import { publicTypes } from './package_types.mjs';
import {
  LIVE,
  NODE18,
  NODE24,
  noNode18,
  noNode24,
  path,
  read,
  temporaryFolder,
} from './support.mjs';

const folder = temporaryFolder(after);
const project = join(folder, 'project');
const installed = join(project, 'node_modules/livedepth');
const dist = (name) => join(installed, 'dist', name);
const manifest = () => JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
let tarball;
let files;

function call(program, args, cwd = project) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

before(() => {
  const flags = ['--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse(call('npm', ['pack', ...flags], path('.')));
  tarball = join(folder, packed.filename);
  files = packed.files.map((each) => each.path).sort();
  mkdirSync(join(project, 'tests/clips'), { recursive: true });
  copyFileSync(LIVE, join(project, 'tests/clips/live.y4m.gz'));
  writeFileSync(join(project, 'package.json'), '{"private": true, "type": "module"}');
  call('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball]);
});

/** A text is as listed. After a look at the difference: UPDATE=1 node --test tests/package.test.mjs
 * @param {string} text @param {string} list  the file that holds it */
function same(text, list) {
  if (process.env.UPDATE) writeFileSync(path(list), text);
  assert.equal(text, read(list));
}

test('the tarball holds these files and no others', () => {
  same(`${files.join('\n')}\n`, 'tests/package-files.txt');
  const { dependencies, scripts } = manifest();
  assert.equal(dependencies, undefined);
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    assert.equal(scripts?.[name], undefined, 'nothing runs at installation');
});

test('packing builds first; without that there is no package', () => {
  const bare = join(folder, 'bare');
  mkdirSync(bare);
  copyFileSync(path('package.json'), join(bare, 'package.json'));
  const { status, stderr } = spawnSync('npm', ['pack'], { cwd: bare, encoding: 'utf8' });
  assert.notEqual(status, 0);
  assert.match(stderr, /make all/);
  assert.deepEqual(readdirSync(bare), ['package.json']);
});

test('nothing is published without addresses, or with changes that are unreleased', () => {
  const home = join(folder, 'publish');
  mkdirSync(home);
  const ask = (fields, changes) => {
    const text = JSON.stringify({ version: '1.2.3', ...fields });
    writeFileSync(join(home, 'package.json'), text);
    writeFileSync(join(home, 'CHANGELOG.md'), changes);
    const args = [path('wasm/publishable.mjs')];
    return spawnSync(process.execPath, args, { cwd: home, encoding: 'utf8' });
  };
  const url = 'https://example.org/livedepth';
  const all = { repository: { type: 'git', url: `git+${url}.git` }, homepage: url, bugs: { url } };
  const released = '# Changes\n\n## 1.2.3\n';
  assert.deepEqual([ask(all, released).status, ask(all, released).stderr], [0, '']);
  for (const name of Object.keys(all)) {
    const { status, stderr } = ask({ ...all, [name]: undefined }, released);
    assert.equal(status, 1);
    assert.ok(stderr.startsWith(`package.json has no https address as its ${name}\n`), stderr);
  }
  assert.match(ask(all, '## 1.2.3 (unreleased)\n').stderr, /no heading "## 1\.2\.3"/);
  assert.match(ask({}, released).stderr, /repository\n.*homepage\n.*bugs\n/);
  // What it says to do does: with the address of the clone, and with a blank where it has none.
  assert.match(ask({}, released).stderr, /\nnpm pkg set .*https:\/\/HOST\/OWNER\/livedepth\.git /);
  const git = (...args) => call('git', args, home);
  git('init', '--quiet');
  for (const origin of ['git@example.org:one/two.git', 'https://example.org/one/two']) {
    git('config', 'remote.origin.url', origin);
    const command = ask({}, released).stderr.trim().split('\n').at(-1);
    call('npm', command.split(' ').slice(1), home);
    const { repository, homepage, bugs } = JSON.parse(readFileSync(join(home, 'package.json')));
    const address = 'https://example.org/one/two';
    assert.deepEqual([repository.url, homepage], [`git+${address}.git`, address]);
    assert.equal(ask({ repository, homepage, bugs }, released).status, 0);
  }
  assert.equal(manifest().scripts.prepublishOnly, 'node wasm/publishable.mjs');
});

test('documents that the README names are in the package', () => {
  const readme = readFileSync(join(installed, 'README.md'), 'utf8');
  const links = [...readme.matchAll(/\]\(((?:docs|models)\/[^)#]+)/g)].map(([, file]) => file);
  assert.ok(links.length > 4);
  for (const file of links) assert.ok(files.includes(file), file);
});

test('the entries have these types and no others, and the values that these name', async () => {
  const { exports } = manifest();
  const { text, values } = publicTypes(installed, exports);
  same(text, 'tests/package-types.txt');
  for (const [entry, names] of Object.entries(values)) {
    const module = await import(join(installed, exports[entry].node ?? exports[entry].default));
    assert.deepEqual(names, Object.keys(module), entry);
  }
});

test('publint and attw find nothing', async () => {
  const { messages } = await publint({ pkgDir: installed, pack: false });
  assert.deepEqual(messages, []);
  call(process.execPath, [
    path('node_modules/@arethetypeswrong/cli/dist/index.js'),
    tarball,
    '--profile',
    'esm-only',
    '--exclude-entrypoints',
    './assets/*', // weights and wasm have no types
  ]);
});

const SNIPPET = /^## In Node\n[\s\S]*?```js\n([\s\S]*?)```/m;
for (const [name, node, skip] of [
  ['the Node on PATH', 'node', false],
  ['Node 18', NODE18, noNode18],
  ['Node 24', NODE24, noNode24],
]) {
  test(`the README's lines for Node run in an empty project: ${name}`, { skip }, async () => {
    const readme = readFileSync(join(installed, 'README.md'), 'utf8');
    const [, lines] = SNIPPET.exec(readme) ?? assert.fail('no lines for Node in the README');
    writeFileSync(join(project, 'ten-lines.js'), lines);
    const stdout = call(node, ['ten-lines.js']);
    const liveness = await loadLiveness({ variant: 'simd' });
    const { score, verdict } = await liveness.analyze(readClip(EXAMPLE_CLIP));
    assert.equal(verdict, 'live');
    await liveness.close();
    assert.ok(stdout.includes(verdict) && stdout.includes(`${score}`), stdout);
  });
}

test('CommonJS: require, and import() where Node is older', { skip: noNode24 }, () => {
  const home = join(folder, 'commonjs');
  mkdirSync(join(home, 'node_modules'), { recursive: true });
  symlinkSync(installed, join(home, 'node_modules/livedepth'));
  writeFileSync(join(home, 'package.json'), '{"private": true}');
  const use = '.loadLiveness().then((liveness) => liveness.close()).then(() => console.log("ok"))';
  writeFileSync(join(home, 'require.js'), `require('livedepth/node')${use}`);
  writeFileSync(join(home, 'import.js'), `import('livedepth/node').then((all) => all${use})`);
  assert.equal(call(NODE24, ['require.js'], home), 'ok\n');
  for (const node of ['node', NODE24]) assert.equal(call(node, ['import.js'], home), 'ok\n');
});

test('the command is there', () => {
  const { version } = manifest();
  const command = join(project, 'node_modules/.bin/livedepth');
  assert.match(call(command, ['--version']), new RegExp(`\\b${version.replaceAll('.', '\\.')}\\b`));
  const { score } = JSON.parse(call(command, ['score', '--json', 'tests/clips/live.y4m.gz']));
  assert.ok(score > 0 && score < 1);
});

test('the pool is there', () => {
  writeFileSync(
    join(project, 'pool.js'),
    `
    import { createPool } from 'livedepth/node';
    const pool = await createPool({ size: 1 });
    console.log((await pool.analyze('tests/clips/live.y4m.gz')).verdict);
  `,
  );
  assert.equal(call(process.execPath, ['pool.js']), 'live\n');
});

test('a server in one file says that the package must stay out of it', async () => {
  const entry = join(project, 'whole.js');
  writeFileSync(
    entry,
    "import { createVerifier } from 'livedepth/server';\nawait createVerifier();",
  );
  const outfile = join(folder, 'whole', 'whole.mjs');
  const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'error' };
  await build({ entryPoints: [entry], outfile, ...options });
  const { stderr } = spawnSync(process.execPath, [outfile], { encoding: 'utf8' });
  assert.match(stderr, /ENV_MODULE_MISSING.*external/);
});

test('on a server the entries for browsers load, and touch no page', () => {
  writeFileSync(
    join(project, 'server.js'),
    `
    const page = ['document', 'window', 'navigator', 'location', 'screen'];
    for (const name of page) {
      const get = () => { throw new Error(name); };
      Object.defineProperty(globalThis, name, { get, configurable: true });
    }
    const names = ['index', 'support', 'camera', 'element'];
    const base = ${JSON.stringify(pathToFileURL(dist('/')))};
    const all = await Promise.all(names.map((name) => import(new URL(name + '.js', base))));
    for (const name of page) delete globalThis[name];
    const error = await all[0].loadLiveness().catch((each) => each.code);
    console.log(error, (await all[1].checkSupport()).ok);
  `,
  );
  assert.equal(call(process.execPath, ['server.js']), 'ENV_UNSUPPORTED false\n');
});

/** What the file imports itself, in the package as it is. */
function importsOf(name) {
  const text = readFileSync(dist(name), 'utf8');
  const found = text.matchAll(/^(?:import|export)\b[^'"();]*['"]\.\/([^'"]+)['"]/gm);
  return Array.from(found, ([, from]) => from);
}

/** The file and all that it imports, directly or not. */
function graph(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const from of importsOf(name)) graph(from, seen);
  return seen;
}

test('what a page begins with asks for few files, all at once', () => {
  const common = { index: [], support: [], camera: [], element: ['camera.js', 'index.js'] };
  for (const [entry, more] of Object.entries(common)) {
    const own = [`${entry}.js`, 'common.js', ...more].sort();
    assert.deepEqual([...graph(`${entry}.js`)].sort(), own);
    assert.deepEqual([...new Set([`${entry}.js`, ...importsOf(`${entry}.js`)])].sort(), own);
  }
  for (const variant of VARIANTS) assert.equal(graph(`worker-${variant}.js`).size, 1);
});

test('size: what a page downloads first, and each part', async () => {
  const kilo = (bytes) => bytes / 1000;
  const brotli = (names) =>
    kilo(
      [...names].reduce(
        (sum, name) => sum + brotliCompressSync(readFileSync(dist(name))).length,
        0,
      ),
    );
  /** Without what is loaded on demand: languages, rare code. */
  const onDemand = {
    name: 'on-demand',
    setup({ onResolve }) {
      onResolve({ filter: /.*/ }, ({ kind, path: file }) =>
        kind === 'dynamic-import' ? { path: file, external: true } : undefined,
      );
    },
  };
  const bundled = async (name) => {
    const { outputFiles } = await build({
      entryPoints: [dist(name)],
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
      logLevel: 'error',
      plugins: [onDemand],
    });
    return kilo(gzipSync(outputFiles[0].contents, { level: 9 }).length);
  };
  const zipped = (name) => kilo(gzipSync(readFileSync(dist(name)), { level: 9 }).length);
  const weights = ['blazeface-short', DEFAULT_MODEL].map((name) => `${name}.safetensors`);
  const first = (variant) =>
    brotli([
      ...graph('index.js'),
      ...graph('camera.js'),
      ...graph(`worker-${variant}.js`),
      `livedepth-${variant}.wasm`,
      ...weights,
    ]);
  const rows = [
    // what, kB, at most
    ['first download, simd, brotli', first('simd'), 1500],
    ['first download, simd-mt, brotli', first('simd-mt'), 1500],
    ['index.js, bundled, gzip', await bundled('index.js'), 11],
    ['support.js, bundled, gzip', await bundled('support.js'), 2],
    ['camera.js, bundled, gzip', await bundled('camera.js'), 7],
    ['element.js, bundled, gzip', await bundled('element.js'), 25],
    ...VARIANTS.map((variant) => [
      `livedepth-${variant}.wasm, gzip`,
      zipped(`livedepth-${variant}.wasm`),
      250,
    ]),
    ['the package, packed', kilo(statSync(tarball).size), 4300],
  ];
  for (const [what, size, most] of rows) {
    console.log(`# ${what.padEnd(34)} ${size.toFixed(1).padStart(7)} kB of ${most}`);
    assert.ok(size <= most, `${what}: ${size} kB, more than ${most}`);
  }
});

const PAGE = `
  import { loadLiveness, LivenessError } from 'livedepth';
  import type { ClipResult, Liveness } from 'livedepth';
  import { openCamera } from 'livedepth/camera';
  import { checkSupport } from 'livedepth/support';
  import 'livedepth/element';

  export async function check(video: HTMLVideoElement): Promise<ClipResult | string> {
    if (!(await checkSupport()).ok) return 'unsupported';
    const liveness: Liveness = await loadLiveness({ threads: 1 });
    try {
      const camera = await openCamera();
      const session = liveness.start({ timeoutMs: 10_000 });
      session.on('hint', ({ hint }) => { video.title = hint; });
      return await session.attach(camera);
    } catch (error) {
      return error instanceof LivenessError ? error.code : 'other';
    } finally {
      await liveness.close();
    }
  }
  // @ts-expect-error an unknown option
  loadLiveness({ threadz: 1 });
`;
const SERVER = `
  import { createPool, loadLiveness, readClip } from 'livedepth/node';
  import type { ClipResult, Pool } from 'livedepth/node';

  const liveness = await loadLiveness({ variant: 'simd' });
  const result: ClipResult = await liveness.analyze(readClip('clip.y4m'));
  const score: number | null = result.score;
  const pool: Pool = await createPool({ size: 2 });
  export const scores = [score, (await pool.analyze('clip.y4m', { fps: 30 })).score];
  await pool.close();
  // @ts-expect-error no such variant
  await loadLiveness({ variant: 'fast' });
`;
const DOM = ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'];
const typeRoots = [path('node_modules/@types')];
for (const [name, options, sources] of [
  ['bundler', { module: 'esnext', moduleResolution: 'bundler', lib: DOM }, { PAGE, SERVER }],
  ['nodenext', { module: 'nodenext', lib: DOM }, { PAGE, SERVER }],
  [
    'node, the older one',
    { module: 'es2022', moduleResolution: 'node', lib: DOM },
    { PAGE, SERVER },
  ],
  [
    'nodenext, no DOM',
    { module: 'nodenext', lib: ['es2022'], types: ['node'], typeRoots },
    { SERVER },
  ],
]) {
  test(`TypeScript, ${name}`, () => {
    const home = join(folder, `ts-${name.replace(/\W+/g, '-')}`);
    mkdirSync(join(home, 'node_modules'), { recursive: true });
    symlinkSync(installed, join(home, 'node_modules/livedepth'));
    writeFileSync(join(home, 'package.json'), '{"private": true, "type": "module"}');
    for (const [file, text] of Object.entries(sources))
      writeFileSync(join(home, `${file}.ts`), text);
    writeFileSync(
      join(home, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { strict: true, noEmit: true, target: 'es2022', types: [], ...options },
        files: Object.keys(sources).map((file) => `${file}.ts`),
      }),
    );
    call(process.execPath, [path('node_modules/typescript/bin/tsc'), '-p', home], home);
  });
}
