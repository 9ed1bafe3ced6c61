// SPDX-License-Identifier: MIT
// The bill of materials says what the package has: the hashes of wasm/pins.txt and of its files,
// in the form that CycloneDX 1.5 asks for.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pins, sbom } from '../wasm/sbom.mjs';
import { path, read } from './support.mjs';

const bill = JSON.parse(read('dist/sbom.cdx.json'));
const manifest = JSON.parse(read('package.json'));
/** Of the notices: what there is a licence of. */
const licensed = [...read('dist/NOTICES.txt').matchAll(/^==== (.*)$/gm)].map((m) => m[1]);

test('it is CycloneDX, about this version', () => {
  assert.equal(bill.bomFormat, 'CycloneDX');
  assert.equal(bill.specVersion, '1.5');
  assert.ok(Number.isInteger(bill.version) && bill.version >= 1);
  const { name, version, purl, licenses } = bill.metadata.component;
  assert.deepEqual({ name, version }, { name: manifest.name, version: manifest.version });
  assert.equal(purl, `pkg:npm/${manifest.name}@${manifest.version}`);
  assert.equal(licenses[0].license.id, manifest.license);
});

test('every component has what it needs, once', () => {
  const types = ['library', 'application', 'file', 'machine-learning-model'];
  for (const { type, name, 'bom-ref': ref, hashes, purl } of bill.components) {
    assert.ok(types.includes(type), `${name} is a ${type}`);
    assert.equal(hashes.length, 1, name);
    assert.equal(hashes[0].alg, 'SHA-256', name);
    assert.match(hashes[0].content, /^[0-9a-f]{64}$/, name);
    assert.ok(ref === purl || ref === name, `${name}: ${ref}`);
  }
  const refs = bill.components.map((each) => each['bom-ref']);
  assert.equal(new Set(refs).size, refs.length);
  const [{ ref, dependsOn }] = bill.dependencies;
  assert.equal(ref, bill.metadata.component['bom-ref']);
  for (const each of dependsOn) assert.ok(refs.includes(each), each);
});

test('the pins are those of the set-up, and what is a part has its licence in the notices', () => {
  const pinned = bill.components.filter(({ purl }) => purl);
  const rows = pins(read('wasm/pins.txt'));
  const described = ({ name, version, sha256, use, license }) =>
    `${name} ${version} ${sha256} ${use === 'part' ? 'required' : 'excluded'} ${license}`;
  assert.deepEqual(
    pinned.map(
      ({ name, version, hashes, scope, licenses }) =>
        `${name} ${version} ${hashes[0].content} ${scope} ${licenses[0].expression}`,
    ),
    rows.map(described),
  );
  assert.ok(rows.every(({ use }) => use === 'part' || use === 'tool'));
  const noticed = { libstb: 'stb', '@mediapipe/face_detection': 'blazeface-short.safetensors' };
  for (const { name } of rows.filter(({ use }) => use === 'part')) {
    assert.ok(licensed.includes(noticed[name] ?? name), `${name} is in no notice`);
  }
});

test('every file of dist is in it with its hash, and no other', () => {
  const found = Object.fromEntries(
    bill.components
      .filter(({ purl }) => !purl)
      .map(({ name, hashes }) => [name, hashes[0].content]),
  );
  const names = readdirSync(path('dist')).filter((name) => name !== 'sbom.cdx.json');
  const hash = (name) =>
    createHash('sha256')
      .update(readFileSync(path(name)))
      .digest('hex');
  assert.deepEqual(
    found,
    Object.fromEntries(names.sort().map((name) => [`dist/${name}`, hash(`dist/${name}`)])),
  );
});

test('made again it is the same: nothing in it is of a time, a machine or chance', () => {
  const again = sbom(path('dist'), pins(read('wasm/pins.txt')), manifest);
  again.components = again.components.filter(({ name }) => name !== 'dist/sbom.cdx.json');
  assert.deepEqual(again, bill);
  assert.ok(!read('dist/sbom.cdx.json').includes(process.cwd()));
});
