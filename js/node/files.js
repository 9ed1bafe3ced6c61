// SPDX-License-Identifier: MIT
// @ts-check
// Opening files that nobody vouches for: a regular file, or a typed error. Never waits on a pipe.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { badArgument, LivenessError, show } from '../engine/errors.js';

/** @type {Record<string, [code: string, text: string]>} */
const SYSTEM = {
  ENOENT: ['NOT_FOUND', 'no such file'],
  ENOTDIR: ['NOT_FOUND', 'no such file'],
  ELOOP: ['NOT_FILE', 'a symbolic link to elsewhere; a copy by cp -rL has the files themselves'],
  ENXIO: ['NOT_FILE', 'a socket or a pipe'],
  EISDIR: ['NOT_FILE', 'a folder'],
};

/** @param {unknown} path @returns {string} */
export function asPath(path) {
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path;
  throw badArgument(`a path is ${show(path)}`);
}

/** Any error met in a file as ours.
 * @param {string} family @param {string} file @param {any} error */
export function fileError(family, file, error) {
  if (error instanceof LivenessError) return error.inFile(file);
  const [code, text] = SYSTEM[error?.code] ?? ['UNREADABLE', String(error?.message ?? error)];
  return new LivenessError(`${family}_${code}`, text, { file, cause: error });
}

/**
 * Opens a regular file for reading. O_NONBLOCK: opening a pipe would wait for its writer.
 * O_NOFOLLOW, unless `follow`: what a caller names may be a link, what lies in a folder may
 * not, for the folder may come from anyone.
 *
 * @param {string} path
 * @param {'CLIP' | 'MODEL'} family  of the error codes
 * @param {{follow?: boolean, maxBytes?: number}} [limits]
 */
export async function openRegular(path, family, { follow = false, maxBytes = Infinity } = {}) {
  let handle;
  try {
    const noFollow = follow ? 0 : constants.O_NOFOLLOW;
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | noFollow);
    const stat = await handle.stat();
    if (!stat.isFile()) {
      const kind = stat.isDirectory() ? 'a folder' : 'not a regular file';
      throw new LivenessError(`${family}_NOT_FILE`, kind);
    }
    if (stat.size > maxBytes) {
      throw new LivenessError(`${family}_TOO_LARGE`, `${stat.size} bytes, more than ${maxBytes}`);
    }
    return handle;
  } catch (error) {
    await handle?.close();
    throw fileError(family, path, error);
  }
}

/**
 * @param {string} path
 * @param {'CLIP' | 'MODEL'} family
 * @param {{follow?: boolean, maxBytes: number}} limits
 */
export async function readRegular(path, family, limits) {
  const handle = await openRegular(path, family, limits);
  try {
    return await handle.readFile();
  } catch (error) {
    throw fileError(family, path, error);
  } finally {
    await handle.close();
  }
}
