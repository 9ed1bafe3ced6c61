// SPDX-License-Identifier: MIT
// What a file in js/ may import: files named before it in this list, which is also the order in
// which to read the code, in its own folder and in those that its folder may import. Types may come
// from all files of these folders. Prints what breaks the rule.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** By folder: what it may import, its files. */
const FOLDERS = {
  engine: [
    [],
    `errors bytes options sha256 features variant raw-frame read-back quality heap model
    frame-numbers view-numbers frame-result engine-session engine`,
  ],
  check: [
    ['engine'],
    'heatmap summary ending steps photo-file best record session analyze liveness',
  ],
  worker: [['engine'], 'pictures worker'],
  languages: [
    [],
    `strings-ar strings-de strings-es strings-fr strings-hi strings-it strings-ja strings-pl
    strings-pt strings-tr strings-zh`,
  ],
  page: [
    ['engine', 'check', 'languages'],
    `camera-support support camera-devices camera-options camera-open
    camera-ways newest-frame camera watchdog download rpc
    other-origin frame-copy best-picture index strings element-attributes element-oval
    element-progress element-cameras element-texts element-engine element-style element-drawing
    element-states
    frameworks element`,
  ],
  node: [
    ['engine', 'check'],
    `files square y4m y4m-file png exif ffmpeg video
    picture-file frames pool-clip threads pool
    pthread-node stream picture node pool-worker masks cli-output
    cli-text cli`,
  ],
  server: [['engine', 'check', 'node'], 'nonces one-scene read-record server'],
};
/** Of what package.mjs makes in dist/ one file is imported, by these alone. */
const MADE = { from: ['js/page/index.js', 'js/page/other-origin.js'], file: 'dist/assets.js' };
const IMPORT = /^(?:(?:im|ex)port\b[^;'()]*\bfrom|import) '([^']+)';$/gm;

const order = Object.entries(FOLDERS).flatMap(([folder, [, names]]) =>
  names.split(/\s+/).map((name) => `js/${folder}/${name}`),
);
const place = (file) => order.indexOf(file.replace(/(\.d)?\.[a-z]+$/, ''));
const problems = [];

/** @param {string} file @param {string} address @param {boolean} isType */
function check(file, address, isType) {
  const folder = basename(dirname(file));
  const complain = (text) => problems.push(`${file}: ${text}`);
  if (!address.startsWith('.')) {
    if (!['node', 'server'].includes(folder) || !address.startsWith('node:'))
      complain(`must not import ${address}`);
    return;
  }
  const target = join(dirname(file), address);
  const [top, from] = target.split('/');
  if (top !== 'js') {
    if (!MADE.from.includes(file) || target !== MADE.file) complain(`must not import ${target}`);
  } else if (from !== folder && !FOLDERS[folder][0].includes(from)) {
    complain(`${folder}/ must not import ${from}/ (${target})`);
  } else if (!existsSync(target) && !(isType && existsSync(target.replace(/\.js$/, '.d.ts')))) {
    complain(`no ${target}`);
  } else if (!isType && place(target) >= place(file)) {
    complain(`comes before ${target}, which it imports`);
  }
}

const files = readdirSync('js').flatMap((folder) =>
  readdirSync(join('js', folder)).map((name) => join('js', folder, name)),
);
for (const file of files) {
  if (place(file) < 0) problems.push(`${file}: not in the list of tests/check_imports.mjs`);
  const text = readFileSync(file, 'utf8');
  for (const [, address] of text.matchAll(IMPORT)) check(file, address, file.endsWith('.d.ts'));
  for (const [, address] of text.matchAll(/\bimport\('([^']+)'\)/g)) check(file, address, true);
}
for (const name of order) {
  if (!files.some((file) => file.startsWith(`${name}.`))) problems.push(`${name}: is not there`);
}
if (problems.length > 0) {
  console.log(problems.join('\n'));
  process.exitCode = 1;
}
