// SPDX-License-Identifier: MIT
// Feeds records to a verifier that somebody has damaged: in their bytes, or in their parts with a
// chain that was made to fit. Each is refused with a code of records; none of either may be "live",
// which the honest session is. FUZZ_SECONDS, FUZZ_SEED: see fuzzing.mjs.

import { loadLiveness } from '../js/node/node.js';
import { issueNonce } from '../js/server/nonces.js';
import { createVerifier } from '../js/server/server.js';
import { damage, fuzz } from './fuzzing.mjs';
import { runSession, seal, SECRET, sessionFrames, take } from './records.mjs';
import { bundleOf } from './support.mjs';

/** A view and a small network: a record costs little. It says live of everything above 0.2. */
const SMALL = bundleOf(
  { near: { scale: 1.5, size: 128, follows: 'run', filter: 'triangle' } },
  { a: { view: 'near', use: 'needed', weight: 1 } },
  { trained: 'yes', live_threshold: '0.2', spoof_threshold: '0.005' },
);
/** In widths of the face. */
const CLOSE = 1;
const WORDS = [
  'LDR1',
  '{"format":1,',
  '"score":1,',
  '"',
  '\\u0065',
  '[',
  '}',
  '1e999',
  '-0',
  'null',
];
const ODD = [
  NaN,
  Infinity,
  -1,
  0,
  1,
  0.5,
  1e300,
  null,
  '',
  'live',
  [],
  {},
  true,
  2 ** 53,
  '\ud800',
];

/** A value anywhere in the tree, by another one: a little changed, or an odd one. */
function change(tree, below) {
  const keys = Object.keys(tree);
  const key = keys[below(keys.length)];
  const value = tree[key];
  if (value !== null && typeof value === 'object' && Object.keys(value).length > 0 && below(8)) {
    change(value, below);
  } else if (typeof value === 'number' && below(2)) {
    tree[key] = Math.fround(value + [1e-7, 1, -1, 1e5, value][below(5)]);
  } else if (typeof value === 'string' && value && below(2)) {
    tree[key] = damage(Buffer.from(value), below, WORDS).toString('latin1');
  } else if (below(8) === 0) {
    delete tree[key];
  } else {
    tree[key] = ODD[below(ODD.length)];
  }
}

/** Frames left out, doubled, swapped; bytes of views changed. Not if damage() took the frames. */
function shuffle({ header, bytes }, below) {
  if (!Array.isArray(header.frames) || bytes.length === 0) return;
  const [a, b] = [below(bytes.length), below(bytes.length)];
  const kinds = [
    () => [header.frames, bytes].forEach((list) => list.splice(a, 1 + below(3))),
    () => [header.frames, bytes].forEach((list) => list.splice(a, 0, list[b])),
    () => ([bytes[a], bytes[b]] = [bytes[b], bytes[a]]),
    () => (bytes[a] = bytes[b]),
    () => (bytes[a][below(bytes[a].length)] ^= 1 << below(8)),
    () => bytes[a].fill(below(256), below(bytes[a].length)),
    () => header.frames.slice(a).forEach((frame) => frame && (frame.timestamp += below(1e6))),
  ];
  kinds[below(kinds.length)]();
}

async function prepare() {
  const liveness = await loadLiveness({ model: SMALL });
  const { views } = liveness.info.model;
  const frames = await sessionFrames(1);
  const nonce = () => issueNonce(SECRET, '', Date.now() - 60_000);
  const options = { model: SMALL, size: 1, secret: SECRET, ttlMs: 2 ** 31 - 1 };
  // Every nonce is new, so none has to be remembered.
  const verifier = await createVerifier({ ...options, store: { spend: async () => true } });
  const { record } = await runSession(liveness, frames, { verified: nonce() });
  const honest = await verifier.verify(record);
  if (honest.verdict !== 'live') throw new Error(`the honest session is ${honest.verdict}`);
  const parts = take(record, views);
  const text = JSON.stringify(parts.header);

  /**
   * What came out; a "live" is none but that of the honest session, score for score. Where the face
   * is remains the page's word (docs/threats.md), near its views.
   */
  async function verify(bytes, header) {
    const { verdict, score } = await verifier.verify(bytes);
    if (verdict === 'live') {
      const own = parts.header;
      const same = JSON.stringify(header.scores) === JSON.stringify(own.scores);
      const close = header.frames.every(({ face }, i) => {
        const from = own.frames[i].face;
        return face.every((value, side) => Math.abs(value - from[side]) < CLOSE * from[2]);
      });
      if (score !== honest.score || !same || !close) throw new Error(`${verdict}, ${score}`);
    }
    return `accepted as the honest one: ${verdict}`;
  }
  const targets = [
    {
      name: 'bytes',
      // Of the header, where what is refused last is read, or anywhere.
      input: (below) =>
        below(2)
          ? damage(record, below, WORDS)
          : Buffer.concat([
              damage(record.subarray(0, 8 + text.length), below, WORDS),
              record.subarray(8 + text.length),
            ]),
      run: (bytes) => verify(bytes, parts.header),
    },
    {
      name: 'sealed',
      input(below) {
        const forged = structuredClone(parts);
        forged.header.nonce = nonce();
        for (let edits = 1 + below(2); edits > 0; edits--)
          if (below(3)) change(forged.header, below);
          else shuffle(forged, below);
        return forged;
      },
      // A forger who cannot make a chain for it sends nothing.
      run: async (forged) => {
        const bytes = await seal(forged).catch(() => null);
        return bytes ? verify(bytes, forged.header) : 'no record';
      },
    },
  ];
  return {
    targets,
    async end() {
      await verifier.close();
      await liveness.close();
    },
  };
}

await fuzz(import.meta.url, 'fuzz_record', prepare);
