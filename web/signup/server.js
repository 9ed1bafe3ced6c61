// SPDX-License-Identifier: MIT
// @ts-check
// The server of web/verify.mjs, as a sign-up sees it; its static copy has none.

/** @typedef {{verdict: 'live' | 'spoof' | 'undecided', reason: string | null}} Answer */

/** Nobody waits longer for a server; milliseconds. */
const PATIENCE = 30_000;

/** What the server refused (RECORD_*, API_BUSY), or OFFLINE. */
export class Refusal extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** @param {string} path @param {Uint8Array} [body] */
async function post(path, body) {
  let response;
  let answer;
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    response = await fetch(path, { method: 'POST', body: /** @type {BodyInit} */ (body), signal });
    answer = await response.json();
  } catch {
    throw new Refusal('OFFLINE'); // or no server of ours, or none that answers
  }
  if (!response.ok) throw new Refusal(answer.error);
  return answer;
}

/** @returns {Promise<string>} */
export const fetchNonce = async () => (await post('/nonce')).nonce;

/** @param {Uint8Array} record @returns {Promise<Answer>} */
export const verify = (record) => post('/verify', record);

/** Is there one? */
export const isThere = () =>
  fetchNonce().then(
    () => true,
    () => false,
  );
