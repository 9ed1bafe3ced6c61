// SPDX-License-Identifier: MIT
// @ts-check
// Files that the command writes, into a folder that it makes.

import { constants } from 'node:fs';
import { access, mkdir, stat as statOf, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LivenessError } from '../engine/errors.js';
import { viewsBesideDepth } from './picture.js';
import { encodePng } from './png.js';

/**
 * @typedef {import('./node.js').ClipResult} ClipResult
 * @typedef {import('./node.js').RawFrame} RawFrame
 * @typedef {import('./node.js').Box} Box
 */

/** What writeDepth() and writeBest() add to a name. */
const ADDED = /-(pair\d+|best|face)$/i;

/** Names of the clips' files, without an ending. A number tells clips of one name apart, also where
 * case makes no difference, and a name from what is added to another one.
 * @param {string[]} clips */
export function outputNames(clips) {
  const used = new Set();
  /** @type {Map<string, number>} */ const numbers = new Map();
  return clips.map((clip) => {
    const base =
      basename(clip)
        .replace(/[^\w.-]/g, '_')
        .replace(/^\.+/, '_') || 'clip';
    let name = base;
    while (used.has(name.toLowerCase()) || ADDED.test(name)) {
      const number = (numbers.get(base) ?? 1) + 1;
      numbers.set(base, number);
      name = `${base}-${number}`;
    }
    used.add(name.toLowerCase());
    return name;
  });
}

/** @param {unknown} error */
const unwritable = (error) =>
  new LivenessError('ENV_UNWRITABLE', /** @type {Error} */ (error).message, { cause: error });

/** The folder and those that it lies in. Node's own `recursive` never ends in /proc, where a folder
 * that is there says of its new one that it is not. @param {string} folder */
async function make(folder) {
  try {
    await mkdir(folder);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOENT' && dirname(folder) !== folder) {
      await make(dirname(folder));
      await mkdir(folder);
    } else if (code !== 'EEXIST' || !(await statOf(folder)).isDirectory()) {
      throw error;
    }
  }
}

/** Before hours of work: a folder that can be written into, or ENV_UNWRITABLE.
 * @param {string} folder */
export async function makeFolder(folder) {
  try {
    await make(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw unwritable(error);
  }
}

/** O_NONBLOCK: opening a pipe would wait for its reader. @param {string} file
 * @param {Uint8Array} bytes */
async function writeOut(file, bytes) {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK = 0 } = constants;
  try {
    await writeFile(file, bytes, {
      flag: /** @type {any} */ (O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK),
    });
  } catch (error) {
    throw unwritable(error);
  }
}

/** Writes the maps, each beside the views of the last scored frame; returns the files' names.
 * @param {string} folder @param {string} name @param {ClipResult} result
 * @param {{frame: RawFrame, views: Box[], turn: number} | null} seen */
export async function writeDepth(folder, name, { depth, pairs }, seen) {
  if (!depth || !seen) return [];
  const files = [];
  for (const [i, map] of [depth, ...pairs].entries()) {
    const file = join(folder, i === 0 ? `${name}.png` : `${name}-pair${i}.png`);
    const { width, height, data } = viewsBesideDepth(seen.frame, seen.views, seen.turn, map);
    await writeOut(file, encodePng(width, height, data));
    files.push(file);
  }
  return files;
}

/** Writes the best frame and its face; returns the files' names.
 * @param {string} folder @param {string} name @param {ClipResult} result */
export async function writeBest(folder, name, { best }) {
  const files = [];
  for (const [blob, file] of /** @type {const} */ ([
    [best?.picture, `${name}-best.png`],
    [best?.face, `${name}-face.png`],
  ])) {
    if (!blob) continue;
    files.push(join(folder, file));
    await writeOut(join(folder, file), new Uint8Array(await blob.arrayBuffer()));
  }
  return files;
}
