// SPDX-License-Identifier: MIT
// @ts-check
// Fills build/site, a folder of static files for the root of any web server: the demo, the element
// with all its states, a sign-up, the package; typedoc puts the API beside them (make site).

import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const OUT = 'build/site';
/** To where, from where. */
const COPIES = {
  '.': 'web/site',
  livedepth: 'dist',
  'js/page': 'js/page',
  'js/languages': 'js/languages',
  signup: 'web/signup',
  clips: 'tests/clips',
  'vendor/uplot': 'node_modules/uplot/dist',
  'vendor/mediabunny': 'node_modules/mediabunny/dist/bundles',
};
const NOT_OF_THE_SITE = /\.json$|api\.css$/; // settings of typedoc

rmSync(OUT, { recursive: true, force: true });
for (const [to, from] of Object.entries(COPIES)) {
  cpSync(from, join(OUT, to), {
    recursive: true,
    filter: (file) => from !== 'web/site' || !NOT_OF_THE_SITE.test(file),
  });
}
mkdirSync(join(OUT, 'demo'));
for (const name of readdirSync('web').filter((each) => /\.(js|css|html|svg)$/.test(each))) {
  cpSync(join('web', name), join(OUT, 'demo', name));
}
