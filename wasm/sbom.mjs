// SPDX-License-Identifier: MIT
// The package's bill of materials, CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json): what of
// wasm/pins.txt is in it, with which tools it was made, and every file with its hash. It has neither
// a time nor a number of its own, so that two builds of the same package have the same.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The rows of wasm/pins.txt. @param {string} text */
export const pins = (text) =>
  text
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => {
      const [kind, name, version, sha256, use, ...license] = line.split(/\s+/);
      return { kind, name, version, sha256, use, license: license.join(' ') };
    });

/** The address of a package: https://github.com/package-url/purl-spec. */
const PURL = {
  deb: (name, version) => `pkg:deb/debian/${name}@${version}`,
  source: (name, version) => `pkg:deb/debian/${name}@${version}?arch=source`,
  npm: (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`,
  pypi: (name, version) => `pkg:pypi/${name}@${version}`,
};

const hashes = (content) => [{ alg: 'SHA-256', content }];

function component({ kind, name, version, sha256, use, license }) {
  const purl = PURL[kind](name, encodeURIComponent(version));
  return {
    type: use === 'part' ? 'library' : 'application',
    'bom-ref': purl,
    name,
    version,
    scope: use === 'part' ? 'required' : 'excluded',
    hashes: hashes(sha256),
    licenses: [{ expression: license }],
    purl,
  };
}

function file(folder, name) {
  const sha256 = createHash('sha256')
    .update(readFileSync(join(folder, name)))
    .digest('hex');
  const type = name.endsWith('.safetensors') ? 'machine-learning-model' : 'file';
  return { type, 'bom-ref': `dist/${name}`, name: `dist/${name}`, hashes: hashes(sha256) };
}

/**
 * @param {string} folder  all files of the package, but for this one
 * @param {ReturnType<typeof pins>} rows
 * @param {{name: string, version: string, description: string, license: string}} manifest
 */
export function sbom(folder, rows, { name, version, description, license }) {
  const purl = PURL.npm(name, version);
  const parts = rows.map(component);
  const required = parts.filter(({ scope }) => scope === 'required').map((each) => each['bom-ref']);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        type: 'library',
        'bom-ref': purl,
        name,
        version,
        description,
        licenses: [{ license: { id: license } }],
        purl,
      },
    },
    components: [
      ...parts,
      ...readdirSync(folder)
        .sort()
        .map((each) => file(folder, each)),
    ],
    dependencies: [{ ref: purl, dependsOn: required }],
  };
}
