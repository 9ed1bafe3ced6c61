// SPDX-License-Identifier: MIT
// What the tests of the readers share: files made here, in a folder that goes with them.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { encodePng } from '../js/node/png.js';
import { temporaryFolder } from './support.mjs';

export const folder = temporaryFolder(after);
let files = 0;
export function file(bytes, name = `clip${files++}.y4m`) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
export function pictures(entries) {
  const path = join(folder, `pictures${files++}`);
  mkdirSync(path);
  for (const [name, bytes] of Object.entries(entries)) writeFileSync(join(path, name), bytes);
  return path;
}
export const png = (width, height, value = 0) =>
  encodePng(width, height, new Uint8Array(width * height * 3).fill(value));
