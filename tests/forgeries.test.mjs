// SPDX-License-Identifier: MIT
// Records that are no honest sessions': each is refused, with its code. A forger here has the
// page's code, and so makes every chain fit; the naive ones do not.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { packRecord } from '../js/check/record.js';
import { loadLiveness, LivenessError } from '../js/node/node.js';
import { createVerifier, memoryStore } from '../js/server/server.js';
import { runSession, seal, sessionFrames, take, withHeader } from './records.mjs';
import { failure } from './support.mjs';

const USER = 'the person who logs in';
const SECRET = 'a secret of two servers and more';
/** `make honest` tries a thousand. */
const HONEST = Number(process.env.HONEST ?? 3);

let liveness;
let verifier;
let views;
/** Of two honest sessions, unpacked, with nonces that were never sent. */
let one;
let other;
let record;

/** A nonce that is old enough for a session of a second. */
function oldNonce(ageMs = 60_000, from = verifier, subject = USER) {
  const { now } = Date;
  Date.now = () => now() - ageMs;
  try {
    return from.issue(subject);
  } finally {
    Date.now = now;
  }
}

async function honest(seed) {
  const result = await runSession(liveness, await sessionFrames(seed), { verified: oldNonce() });
  return result.record;
}

before(async () => {
  liveness = await loadLiveness();
  ({ views } = liveness.info.model);
  verifier = await createVerifier({ size: 1, secret: SECRET, store: memoryStore(-Infinity) });
  record = await honest(1);
  one = take(record, views);
  other = take(await honest(2), views);
});
after(async () => {
  await verifier?.close();
  await liveness?.close();
});

test('honest sessions are accepted, and the server says what the page said', async () => {
  for (let seed = 3; seed < 3 + HONEST; seed++) {
    const frames = await sessionFrames(seed);
    const page = await runSession(liveness, frames, { verified: oldNonce() });
    const { verdict, score, scores, votes } = await verifier.verify(page.record, USER);
    assert.deepEqual(
      { verdict, score, scores },
      { verdict: 'live', score: page.score, scores: page.scores },
    );
    assert.deepEqual(votes, page.votes);
  }
});

/** A copy of an honest session's parts with a new nonce. */
const fresh = () => structuredClone({ ...one, header: { ...one.header, nonce: oldNonce() } });
/** By the name of a forgery: what it does to fresh parts, and how it is refused. */
const SEALED = {
  // What the page found.
  'the score': ['SCORE', ({ header }) => (header.score = Math.fround(0.99))],
  'the score by one bit': ['SCORE', ({ header }) => (header.score -= 2 ** -24)],
  'a network’s score': ['SCORE', ({ header }) => (header.scores.depth = 1)],
  'no score of a network': ['SCORE', ({ header }) => delete header.scores.depth],
  'the verdict': ['SCORE', ({ header }) => (header.verdict = 'undecided')],
  'a verdict of its own': ['FORMAT', ({ header }) => (header.verdict = 'real')],
  // What it was made with.
  thresholds: ['POLICY', ({ header }) => (header.thresholds = { live: 0.1, spoof: 0.05 })],
  'fewer clips': ['POLICY', ({ header }) => (header.clips = 1)],
  'other weights': ['ENGINE', ({ header }) => (header.model = 'ab'.repeat(32))],
  'another wasm file': ['ENGINE', ({ header }) => (header.wasm = 'ab'.repeat(32))],
  'another detector': ['ENGINE', ({ header }) => (header.detector = 'ab'.repeat(32))],
  'another version': ['ENGINE', ({ header }) => (header.version = '9.9.9')],
  'a variant with other bits': ['ENGINE', ({ header }) => (header.variant = 'relaxed')],
  'the other build’s name': ['ENGINE', ({ header }) => (header.variant = 'simd-mt')],
  'threads of a build without': ['ENGINE', ({ header }) => (header.threads = 7)],
  'a variant of Object': ['ENGINE', ({ header }) => (header.variant = 'constructor')],
  // The frames.
  'a pixel': ['SCORE', ({ bytes }) => (bytes[4][1000] ^= 64)],
  'a frame left out': ['TIME', ({ header, bytes }) => drop(header, bytes, 3, 2)],
  'a frame left out, times pushed together': [
    'RUN',
    ({ header, bytes }) => {
      drop(header, bytes, 3, 1);
      even(header);
    },
  ],
  'the first frame left out': ['VIEWS', ({ header, bytes }) => drop(header, bytes, 0, 1)],
  'a pause before the first frame': ['FORMAT', ({ header }) => (header.frames[0].paused = true)],
  'two frames swapped': ['SCORE', ({ bytes }) => bytes.splice(3, 2, bytes[4], bytes[3])],
  'a frame repeated': ['VIEWS', ({ bytes }) => (bytes[6] = bytes[2])],
  'one frame three times': ['VIEWS', ({ bytes }) => (bytes[4] = bytes[5] = bytes[3])],
  'a loop of two frames': [
    'VIEWS',
    ({ bytes }) => bytes.forEach((_, i) => (bytes[i] = bytes[i % 2])),
  ],
  'two sessions mixed': ['SCORE', ({ bytes }) => bytes.splice(5, 3, ...other.bytes.slice(5, 8))],
  'another session’s scores': [
    'SCORE',
    ({ header }) =>
      Object.assign(header, { scores: other.header.scores, score: other.header.score }),
  ],
  'views of two pictures': [
    'VIEWS',
    ({ bytes }) => {
      for (const each of bytes)
        each.set(
          each.subarray(-80 * 80 * 3).map((byte) => 255 - byte),
          128 * 128 * 3,
        );
    },
  ],
  'a view of one colour': [
    'VIEWS',
    ({ bytes }) => bytes.forEach((each) => each.fill(128, -80 * 80 * 3)),
  ],
  'further frames': [
    'RUN',
    ({ header, bytes }) => {
      for (const i of [7, 8]) append(header, bytes, header.frames[i], other.bytes[i]);
    },
  ],
  'a pause that was none': ['VIEWS', ({ header }) => (header.frames[5].paused = true)],
  'more frames than there may be': [
    'FORMAT',
    ({ header, bytes }) => {
      while (header.frames.length < 41) append(header, bytes, header.frames[0], bytes[0]);
    },
  ],
  'no frames': [
    'FORMAT',
    (parts) => {
      parts.header.frames = [];
      parts.bytes = [new Uint8Array(0)];
    },
  ],
  // Where the views lie.
  'a square moved': ['VIEWS', ({ header }) => (header.frames[2].squares[1][0] += 1)],
  'a face that is somewhere else': ['VIEWS', ({ header }) => (header.frames[2].face[0] += 8)],
  'a face of a speck': [
    'VIEWS',
    ({ header }) => header.frames.forEach((frame) => (frame.face = [0, 0, 1, 1])),
  ],
  'a face that jumps': [
    'VIEWS',
    ({ header }) =>
      header.frames.slice(5).forEach((frame) => (frame.face[0] = Math.fround(frame.face[0] + 300))),
  ],
  'one frame turned': ['VIEWS', ({ header }) => (header.frames[2].turn = 30)],
  'a turn of more than a half': [
    'VIEWS',
    ({ header }) => header.frames.forEach((frame) => (frame.turn = 270)),
  ],
  'a turn that is no number': ['FORMAT', ({ header }) => (header.frames[2].turn = '0')],
  'a square less': ['FORMAT', ({ header }) => header.frames[0].squares.pop()],
  'another size of the frame': [
    'VIEWS',
    ({ header }) => header.frames.forEach((frame) => (frame.width = 64)),
  ],
  // Times.
  'time runs backwards': ['TIME', ({ header }) => (header.frames[4].timestamp -= 3e5)],
  'time stands still': [
    'TIME',
    ({ header }) => (header.frames[4].timestamp = header.frames[3].timestamp),
  ],
  'a gap': [
    'TIME',
    ({ header }) => header.frames.slice(5).forEach((frame) => (frame.timestamp += 1e6)),
  ],
  'too fast': [
    'TIME',
    ({ header }) => header.frames.forEach((frame, i) => (frame.timestamp = i * 1e4)),
  ],
  'more frames than there was time for': [
    'TIME',
    ({ header }) => (header.nonce = oldNonce(-20_000)), // a clock so far ahead of ours
  ],
  'a time without end': ['FORMAT', ({ header }) => (header.frames[4].timestamp = Infinity)],
  // Nonces.
  'a nonce of nobody': ['NONCE_FOREIGN', ({ header }) => (header.nonce = 'A'.repeat(51))],
  'a nonce of another server': [
    'NONCE_FOREIGN',
    ({ header }) => (header.nonce = header.nonce.replace(/^.../, 'AAA')),
  ],
  'a nonce of another person': [
    'NONCE_FOREIGN',
    ({ header }) => (header.nonce = oldNonce(1000, verifier, 'somebody else')),
  ],
  'a nonce that is too old': ['NONCE_EXPIRED', ({ header }) => (header.nonce = oldNonce(180_500))],
  'a nonce of tomorrow': ['NONCE_EXPIRED', ({ header }) => (header.nonce = oldNonce(-86_400_000))],
  'a nonce of other letters': [
    'FORMAT',
    ({ header }) => (header.nonce = `ｎ${header.nonce.slice(1)}`),
  ],
  'a nonce spelled otherwise': [
    'NONCE_FOREIGN',
    ({ header }) => (header.nonce = respell(header.nonce)),
  ],
  // The header.
  'no number': ['SCORE', ({ header }) => (header.score = NaN)],
  'a box of no numbers': ['FORMAT', ({ header }) => (header.frames[1].face[2] = NaN)],
  'a score above 1': ['FORMAT', ({ header }) => (header.score = 1.5)],
  'a box that is no float': ['FORMAT', ({ header }) => (header.frames[0].face[0] = 0.1)],
  'a field more': ['FORMAT', ({ header }) => (header.admin = true)],
  'a prototype': [
    'FORMAT',
    ({ header }) => (header.signals = JSON.parse('{"__proto__": {"live": true}}')),
  ],
  'no prototype': ['FORMAT', ({ header }) => (header.signals = JSON.parse('{"__proto__": null}'))],
  'a list of signals': ['FORMAT', ({ header }) => (header.signals = [true])],
  'another format': ['FORMAT', ({ header }) => (header.format = 1)],
};

function drop(header, bytes, at, count) {
  header.frames.splice(at, count);
  bytes.splice(at, count);
}

/** Frames 100 ms apart. */
function even({ frames }) {
  frames.forEach((frame, i) => (frame.timestamp = i * 1e5));
}

function append({ frames }, bytes, frame, view) {
  frames.push({ ...frame, timestamp: frames.at(-1).timestamp + 1e5 });
  bytes.push(view);
}

/** The same bytes in base64url, in another spelling: the last letter has bits to spare. */
function respell(nonce) {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return nonce.slice(0, -1) + digits[digits.indexOf(nonce.at(-1)) + 1];
}

for (const [name, [code, forge]] of Object.entries(SEALED)) {
  test(`refused: ${name}`, async () => {
    const parts = fresh();
    forge(parts);
    const error = await failure(verifier.verify(await seal(parts), USER));
    assert.equal(error.code, `RECORD_${code}`, error.message);
  });
}

/** What is done to the bytes of a fresh record, without a chain that fits. */
const NAIVE = {
  'a pixel, and the old chain': [
    'CHAIN',
    ({ header, bytes }) => {
      bytes[4][1000] ^= 64;
      return packRecord(header, bytes);
    },
  ],
  'a time, and the old chain': [
    'CHAIN',
    ({ header, bytes }) => {
      header.frames.at(-1).timestamp += 1;
      return packRecord(header, bytes);
    },
  ],
  'a signal, and the old chain': [
    'CHAIN',
    ({ header, bytes }) => packRecord({ ...header, signals: { virtualLabel: false } }, bytes),
  ],
  'two frames swapped, and the old chain': [
    'CHAIN',
    ({ header, bytes }) => packRecord(header, [bytes[1], bytes[0], ...bytes.slice(2)]),
  ],
  'a new nonce, and the old chain': [
    'CHAIN',
    ({ header, bytes }) => packRecord({ ...header, chain: one.header.chain }, bytes),
  ],
  'cut in its views': ['FORMAT', async (parts) => (await seal(parts)).slice(0, -1000)],
  'cut in its header': ['FORMAT', async (parts) => (await seal(parts)).slice(0, 500)],
  'cut at its start': ['FORMAT', async (parts) => (await seal(parts)).slice(0, 7)],
  nothing: ['FORMAT', () => new Uint8Array(0)],
  'not packed': [
    'FORMAT',
    async (parts) => Buffer.concat([headOf(await seal(parts)), ...parts.bytes]),
  ],
  'packed in another way': [
    'FORMAT',
    async (parts) =>
      Buffer.concat([headOf(await seal(parts)), gzipSync(Buffer.concat(parts.bytes))]),
  ],
  'something behind it': [
    'FORMAT',
    async (parts) => Buffer.concat([await seal(parts), Buffer.from('more')]),
  ],
  'a bomb': [
    'FORMAT',
    async (parts) => Buffer.concat([headOf(await seal(parts)), deflateSync(Buffer.alloc(2 ** 27))]),
  ],
  'a frame less than it says': [
    'FORMAT',
    async (parts) => {
      const [whole, less] = [
        await seal(parts),
        await packRecord(parts.header, parts.bytes.slice(1)),
      ];
      return Buffer.concat([headOf(whole), less.subarray(headOf(less).length)]);
    },
  ],
  'a huge body': ['TOO_LARGE', () => new Uint8Array(2 ** 22 + 1)],
  'a header without end': [
    'FORMAT',
    async (parts) => {
      const bytes = await seal(parts);
      new DataView(bytes.buffer).setUint32(4, 0xffffffff, true);
      return bytes;
    },
  ],
  'spaces in its header': [
    'FORMAT',
    async (parts) => withHeader(await seal(parts), (text) => text.replace(',', ', ')),
  ],
  'a score twice': [
    'FORMAT',
    async (parts) =>
      withHeader(await seal(parts), (text) => text.replace('"score":', '"score":0.9,"score":')),
  ],
  'a number of another spelling': [
    'FORMAT',
    async (parts) =>
      withHeader(await seal(parts), (text) => text.replace('"clips":6', '"clips":6.0')),
  ],
  'a letter of another spelling': [
    'FORMAT',
    async (parts) => withHeader(await seal(parts), (text) => text.replace('live"', 'liv\\u0065"')),
  ],
  'a mark of the order of bytes': [
    'FORMAT',
    async (parts) => withHeader(await seal(parts), (text) => `\ufeff${text}`),
  ],
  'no Unicode': [
    'FORMAT',
    async (parts) =>
      withHeader(await seal(parts), (text) =>
        Buffer.concat([Buffer.from(text), Buffer.from([0xff])]),
      ),
  ],
  'brackets without end': [
    'FORMAT',
    async (parts) => withHeader(await seal(parts), () => '['.repeat(60_000)),
  ],
};

/** A record up to its views. */
function headOf(bytes) {
  return bytes.subarray(0, 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true));
}

for (const [name, [code, forge]] of Object.entries(NAIVE)) {
  test(`refused: ${name}`, async () => {
    const error = await failure(verifier.verify(await forge(fresh()), USER));
    assert.equal(error.code, `RECORD_${code}`, error.message);
  });
}

test('refused: a record that comes twice, at once and later', async () => {
  const bytes = await seal(fresh());
  const all = await Promise.allSettled([1, 2, 3].map(() => verifier.verify(bytes, USER)));
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const { reason } of all) if (reason) assert.equal(reason.code, 'RECORD_NONCE_USED');
  assert.equal((await failure(verifier.verify(bytes, USER))).code, 'RECORD_NONCE_USED');
});

test('refused: a forged record spends its nonce', async () => {
  const parts = fresh();
  const bytes = await seal(parts);
  parts.header.score = 0.5;
  assert.equal((await failure(verifier.verify(await seal(parts), USER))).code, 'RECORD_SCORE');
  assert.equal((await failure(verifier.verify(bytes, USER))).code, 'RECORD_NONCE_USED');
});

test('every bit of a record counts', async () => {
  const bytes = await seal(fresh());
  for (let i = 0; i < 60; i++) {
    const changed = bytes.slice();
    const at = Math.floor((i / 60) * bytes.length);
    changed[at] ^= 1 << (i % 8);
    const error = await failure(verifier.verify(changed, USER));
    assert.ok(error instanceof LivenessError && /^RECORD_/.test(error.code), error.message);
  }
});
