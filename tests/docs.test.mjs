// SPDX-License-Identifier: MIT
// What the documents say is what the code has: every error code and reason stands in
// docs/errors.md, and nothing else does; the README shows the default model and what `make run`
// prints; every relative link of a Markdown file leads somewhere.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { LivenessError } from '../js/engine/errors.js';
import { humanText } from '../js/node/cli-text.js';
import { loadLiveness, readClip } from '../js/node/node.js';
import { path, read } from './support.mjs';

const sorted = (names) => [...new Set(names)].sort();
const FAMILIES = 'API|CAMERA|CLIP|DECODE|ENV|FRAME|MODEL|RECORD|WEIGHTS';
// fileError() makes these of its family's name.
const OF_FILES = ['MODEL', 'CLIP'].flatMap((family) =>
  ['NOT_FOUND', 'NOT_FILE', 'UNREADABLE', 'TOO_LARGE'].map((end) => `${family}_${end}`),
);

/** Of docs/errors.md the first cells of the tables below a heading that suits, one list a table. */
function tables(heading) {
  const parts = read('docs/errors.md').split(/^## /m).slice(1);
  return parts
    .filter((part) => heading.test(part.split('\n')[0]))
    .map((part) => [...part.matchAll(/^\| ([*`].*?) \|/gm)].map((row) => row[1]));
}

const names = (cells) => cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map((m) => m[1]));

test('every code is in the tables, and no other', () => {
  const header = read('src/livedepth.h').match(/enum livedepth_status \{[^}]*\}/)[0];
  const ofC = [...header.matchAll(/LIVEDEPTH_(\w+)/g)].map((m) => m[1]);
  const ofJs = readdirSync(path('js'), { recursive: true })
    .filter((file) => /\.m?js$/.test(file))
    .flatMap((file) =>
      [...read(`js/${file}`).matchAll(new RegExp(`'((?:${FAMILIES})_\\w+)'`, 'g'))].map(
        (m) => m[1],
      ),
    );
  const known = sorted([...ofC, ...ofJs, ...OF_FILES]).filter((code) => code !== 'OK');
  assert.ok(known.length > 60, `${known.length} codes found`);
  assert.deepEqual(sorted(names(tables(/^(?!Reasons)/).flat())), known);
  const [, types] = read('js/engine/engine.d.ts').match(
    /\*\*([^/]*)\*\/\nexport class LivenessError/,
  );
  assert.deepEqual(
    sorted(types.match(new RegExp(`\\b(${FAMILIES})_[A-Z_]+\\b`, 'g'))),
    known.filter((code) => !ofC.includes(code)),
  );
});

test("the element's parts are those that its types name", () => {
  const drawn = read('js/page/element-drawing.js').matchAll(/\bpart: '(\w+)'/g);
  const [, named] = read('js/page/element.d.ts').match(/Parts: ([^.]*)\./);
  const parts = named.replace(/ \* |\(.*?\)/g, '').split(',');
  assert.deepEqual(sorted(parts.map((part) => part.trim())), sorted([...drawn].map((m) => m[1])));
});

test('bold codes are those that are retryable', () => {
  const cells = tables(/^(?!Reasons)/).flat();
  const bold = names(cells.filter((cell) => cell.startsWith('**')));
  const retryable = names(cells).filter((code) => new LivenessError(code, '').retryable);
  assert.deepEqual(sorted(bold), sorted(retryable));
});

test('a code stands under its stage', () => {
  for (const heading of read('docs/errors.md').match(/^## .*\(.*\)$/gm)) {
    const stages = [...heading.matchAll(/`(\w+)`/g)].map((m) => m[1]);
    const title = heading.slice(3, heading.indexOf(' ('));
    for (const code of names(tables(new RegExp(`^${title}`)).flat())) {
      assert.ok(stages.includes(new LivenessError(code, '').stage), `${code} under ${heading}`);
    }
  }
});

test('every reason is in its table', () => {
  const unions = [
    read('js/engine/engine.d.ts').match(/export type Reason =([^;]*);/)[1],
    read('js/check/liveness.d.ts').match(/export type SessionReason =([^;]*);/)[1],
  ];
  const known = [...unions.join().matchAll(/'(\w+)'/g)].map((m) => m[1]);
  assert.deepEqual(sorted(names(tables(/^Reasons/).flat())), sorted(known));
});

test('every row of bad input has its answer, and its test exists', () => {
  const rows = [
    ...read('docs/inputs.md').matchAll(/^\| (\d[\d, to]*) \|.*\| `(.*?)`: `(.*?)` \|$/gm),
  ];
  const numbers = rows.flatMap(([, cell]) => {
    const ends = cell.split(' to ').map((part) => part.split(', ').map(Number));
    if (ends.length === 1) return ends[0];
    const [from, to] = [ends[0].at(-1), ends[1][0]];
    const between = Array.from({ length: to - from - 1 }, (_, i) => from + 1 + i);
    return [...ends[0], ...between, ...ends[1]];
  });
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 97 }, (_, i) => i + 1),
  );
  const tested = read('docs/inputs.md').matchAll(/^\| (.*?) \|.*\| `(.*?)`: `(.*?)` \|$/gm);
  for (const [, row, file, name] of tested) {
    assert.ok(read(file).includes(name), `row ${row}: no ${name} in ${file}`);
  }
});

test('the README shows what `make run` prints, and the views of its model', async () => {
  const readme = read('README.md');
  const [, block] = readme.match(/^`make run` ends with\n\n((?: {4}.*\n)+)/m);
  const shown = block.split('\n').map((line) => line.slice(4));
  const liveness = await loadLiveness({ variant: 'simd', threads: 1 });
  const printed = [];
  for (const clip of ['tests/clips/live.y4m.gz', 'tests/clips/replay.y4m.gz']) {
    const result = await liveness.analyze(readClip(path(clip)));
    printed.push(...humanText(clip, result, [`build/depth/${basename(clip)}.png`], []).split('\n'));
  }
  const { views } = liveness.info.model;
  await liveness.close();
  const lines = shown.filter((line) => line && line !== '  ...');
  assert.ok(lines.length > 8, block);
  for (const line of lines) assert.ok(printed.includes(line), `${line}\n\n${printed.join('\n')}`);
  for (const { name, scale, follows } of views) {
    const square = `${name}  x ${scale}, ${follows === 'run' ? 'held' : 'with the face'}`;
    assert.ok(readme.includes(square), square);
  }
});

test('relative links of the documents lead somewhere', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'models/README.md',
    'training/README.md',
    ...readdirSync(path('docs')).map((name) => `docs/${name}`),
  ];
  for (const file of documents) {
    for (const [, link] of read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
      const target = join(dirname(file), link);
      assert.ok(existsSync(path(target)), `${file}: ${link}`);
      assert.doesNotMatch(target, /^(build|dist|node_modules|third_party)\b/, 'not in a clone');
    }
  }
});
