// SPDX-License-Identifier: MIT
// @ts-check
// Nonces of a server: 128 random bits, when they were issued, and a signature over both and over
// whom they are for. So nothing is kept of what is issued, any server with the same secret knows a
// nonce of another, and a store has only to remember what was spent.
//
//     base64url(random 16 bytes, milliseconds since 1970 in 6 bytes, HMAC-SHA-256 cut to 16 bytes)

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { LivenessError } from '../engine/errors.js';

/** @typedef {import('./server.js').NonceStore} NonceStore */

const RANDOM = 16;
const CLOCK = 6;
const MAC = 16;
/** Between two clocks, of which one knows whole milliseconds alone. */
const ROUNDING_MS = 2;
/** Spent nonces of this process: 100 MB would be a million of them. */
const MAX_SPENT = 1_000_000;

/** @param {Buffer} bytes  of a nonce */
const issuedAt = (bytes) => bytes.readUIntBE(RANDOM, CLOCK);

/** @param {Uint8Array} secret @param {Buffer} body @param {string} subject */
const sign = (secret, body, subject) =>
  createHmac('sha256', secret).update(body).update(subject).digest().subarray(0, MAC);

/** @param {Uint8Array} secret @param {string} subject @param {number} now */
export function issueNonce(secret, subject, now) {
  const body = Buffer.alloc(RANDOM + CLOCK);
  randomBytes(RANDOM).copy(body);
  body.writeUIntBE(now, RANDOM, CLOCK);
  return Buffer.concat([body, sign(secret, body, subject)]).toString('base64url');
}

/**
 * When this server, or one with its secret, issued the nonce for this subject.
 *
 * @param {Uint8Array} secret
 * @param {string} nonce
 * @param {string} subject
 * @param {number} now
 * @param {number} ttlMs
 */
export function readNonce(secret, nonce, subject, now, ttlMs) {
  const bytes = Buffer.from(nonce, 'base64url');
  const body = bytes.subarray(0, RANDOM + CLOCK);
  const mac = bytes.subarray(RANDOM + CLOCK);
  const own =
    bytes.length === RANDOM + CLOCK + MAC &&
    bytes.toString('base64url') === nonce && // one spelling: another could be spent once more
    timingSafeEqual(mac, sign(secret, body, subject));
  if (!own) throw new LivenessError('RECORD_NONCE_FOREIGN', 'not of this server and subject');
  const issued = issuedAt(body);
  if (!(Math.abs(now - issued) <= ttlMs)) {
    throw new LivenessError('RECORD_NONCE_EXPIRED', `${now - issued} ms old, ${ttlMs} are allowed`);
  }
  return issued;
}

/**
 * Of one process. What one before it has spent, under the same secret, it cannot know, so it spends
 * no nonce that was issued before it began.
 *
 * @param {number} began  by the clock that is never set
 * @param {number} most  that are remembered
 * @returns {NonceStore}
 */
export function memoryStore(began = performance.now(), most = MAX_SPENT) {
  /** When it may be forgotten, oldest first: all have the same time to live. By two clocks, for
   * the one that nonces go by may be set forward and back.
   * @type {Map<string, {wall: number, steady: number}>} */
  const spent = new Map();
  return {
    async spend(nonce, ttlMs) {
      const [wall, steady] = [Date.now(), performance.now()];
      const over = (/** @type {{wall: number, steady: number}} */ end) =>
        end.wall <= wall && end.steady <= steady;
      for (const [each, end] of spent) {
        if (!over(end)) break;
        spent.delete(each);
      }
      const age = wall - issuedAt(Buffer.from(nonce, 'base64url'));
      if (spent.has(nonce) || age > steady - began + ROUNDING_MS) return false;
      if (spent.size >= most) {
        // Behind one of a clock that was ahead for a while.
        for (const [each, end] of spent) if (over(end)) spent.delete(each);
      }
      if (spent.size >= most) {
        throw new LivenessError('API_BUSY', `${most} records in ${ttlMs} ms`);
      }
      spent.set(nonce, { wall: wall + ttlMs, steady: steady + ttlMs });
      return true;
    },
  };
}
