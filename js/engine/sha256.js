// SPDX-License-Identifier: MIT
// @ts-check
// Compares a file's hash with that of the file that was meant.

import { LivenessError } from './errors.js';

/** @type {Crypto | undefined} */
let own;
/** Node 18 has one, but none that is global. @param {any} crypto */
export function useCrypto(crypto) {
  own = crypto;
}

/** @param {Uint8Array} bytes @returns {Promise<Uint8Array>} */
export async function sha256Bytes(bytes) {
  const { subtle } = own ?? globalThis.crypto ?? {};
  if (!subtle) {
    const text = 'no crypto.subtle to check files with: the page needs https';
    throw new LivenessError('ENV_INSECURE_CONTEXT', text);
  }
  const data = /** @type {Uint8Array<ArrayBuffer>} */ (bytes);
  return new Uint8Array(await subtle.digest('SHA-256', data));
}

/** @param {Uint8Array} bytes */
export const hexOf = (bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {Uint8Array} bytes */
export const sha256 = async (bytes) => hexOf(await sha256Bytes(bytes));

/**
 * @param {Uint8Array} bytes
 * @param {string | undefined} wanted  undefined: unchecked
 * @param {string} file
 */
export async function checkHash(bytes, wanted, file) {
  const found = await sha256(bytes);
  if (wanted === undefined || found === wanted.toLowerCase()) return found;
  const html = /^\s*<(!doctype|html)/i.test(new TextDecoder().decode(bytes.subarray(0, 64)));
  const text = `SHA-256 is ${found.slice(0, 12)}..., not ${wanted.slice(0, 12)}...`;
  throw new LivenessError('ENV_INTEGRITY', html ? `${text}; it looks like HTML` : text, { file });
}
