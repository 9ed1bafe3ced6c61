// SPDX-License-Identifier: MIT
// @ts-check
// Opening files that nobody vouches for: a regular file, or a typed error. Never waits on a pipe.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LivenessError, show, textOf } from '../engine/errors.js';

const PART = 2 ** 18; // of a file, read at once
/** @type {Record<string, [code: string, text: string]>} */
const SYSTEM = {
  ENOENT: ['NOT_FOUND', 'no such file'],
  ENOTDIR: ['NOT_FOUND', 'no such file'],
  ELOOP: ['NOT_FILE', 'a symbolic link to elsewhere; a copy by cp -rL has the files themselves'],
  ENXIO: ['NOT_FILE', 'a socket or a pipe'],
  EISDIR: ['NOT_FILE', 'a folder'],
};

/** @param {unknown} path @param {string} what  it is for, and of whom @returns {string} */
export function asPath(path, what) {
  let text = path;
  let cause;
  try {
    if (path instanceof URL) text = fileURLToPath(path);
  } catch (error) {
    cause = error; // of another protocol or machine, or not even a URL
  }
  if (!cause && typeof text === 'string' && text !== '' && !text.includes('\0')) return text;
  const given =
    path instanceof URL
      ? `${show(textOf(path))}, not the URL of a file here`
      : `${show(path)}, neither a path nor a file: URL`;
  throw new LivenessError('BAD_ARGUMENT', `${what} is ${given}`, { cause });
}

/** Any error met in a file as ours.
 * @param {string} family @param {string} file @param {any} error */
export function fileError(family, file, error) {
  if (error instanceof LivenessError) return error.inFile(file);
  const [code, text] = SYSTEM[error?.code] ?? ['UNREADABLE', String(error?.message ?? error)];
  return new LivenessError(`${family}_${code}`, text, { file, cause: error });
}

/** @param {'CLIP' | 'MODEL'} family @param {number} maxBytes */
export const tooLarge = (family, maxBytes) =>
  new LivenessError(`${family}_TOO_LARGE`, `more than ${maxBytes} bytes`);

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
    if (stat.size > maxBytes) throw tooLarge(family, maxBytes);
    return handle;
  } catch (error) {
    await handle?.close();
    throw fileError(family, path, error);
  }
}

/**
 * All of a file. Its size is what the system says of it, which is 0 of what it makes while it is
 * read, and may grow: the limit is that of what was read.
 *
 * @param {string} path
 * @param {'CLIP' | 'MODEL'} family
 * @param {{follow?: boolean, maxBytes: number}} limits
 */
export async function readRegular(path, family, { follow, maxBytes }) {
  const handle = await openRegular(path, family, { follow, maxBytes });
  try {
    const parts = [];
    let size = 0;
    const range = { start: 0, end: maxBytes }; // inclusive: one byte too many tells
    const stream = handle.createReadStream({ ...range, autoClose: false, highWaterMark: PART });
    for await (const part of stream) {
      parts.push(part);
      size += part.length;
    }
    if (size > maxBytes) throw tooLarge(family, maxBytes);
    return Buffer.concat(parts);
  } catch (error) {
    throw fileError(family, path, error);
  } finally {
    await handle.close();
  }
}
