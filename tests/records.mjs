// SPDX-License-Identifier: MIT
// What the tests of the server share: honest sessions, and records that somebody has changed.

import { chainOf, packRecord } from '../js/check/record.js';
import { openRecord, unpackViews } from '../js/server/read-record.js';
import { liveFrames, noiseOf } from './support.mjs';

/** Of a server that signs nonces. */
export const SECRET = 'known to both servers';

/** Frames of the recorded man, each with noise of its own: every seed is another session.
 * @param {number} seed */
export async function sessionFrames(seed) {
  const noise = noiseOf(seed + 1);
  const frames = (await liveFrames()).slice(0, 31);
  return frames.map((frame) => ({ ...frame, data: noise(frame.data) }));
}

/** The result of a session over all these frames. */
export async function runSession(liveness, frames, options) {
  const session = liveness.start({ depth: 'none', ...options });
  for (const frame of frames) await session.push(frame);
  return session.result;
}

/** Bytes of a frame's views. @param {readonly {size: number}[]} views */
const viewBytes = (views) => views.reduce((sum, { size }) => sum + size * size * 3, 0);

/** The parts of a record. @param {Uint8Array} record @param {readonly {size: number}[]} views */
export function take(record, views) {
  const { header, packed } = openRecord(record);
  const bytes = unpackViews(packed, header.frames.length, viewBytes(views));
  return { header: structuredClone(header), bytes: bytes.map((each) => each.slice()) };
}

/** The parts as a record, with a chain that fits them, as who writes a page's code can make it. */
export async function seal({ header, bytes }) {
  const chain = await chainOf(header, bytes);
  return packRecord({ ...header, chain }, bytes);
}

/** The record with a header of this text. @param {Uint8Array} record
 * @param {(text: string) => string | Uint8Array} change */
export function withHeader(record, change) {
  const size = new DataView(record.buffer, record.byteOffset).getUint32(4, true);
  const text = Buffer.from(change(Buffer.from(record.subarray(8, 8 + size)).toString()));
  const start = Buffer.from(record.subarray(0, 8));
  start.writeUInt32LE(text.length, 4);
  return Buffer.concat([start, text, record.subarray(8 + size)]);
}
