// SPDX-License-Identifier: MIT
// @ts-check
// The client of verify.mjs: asks it for a nonce, sends it the record, shows its answer alone.

import '/livedepth/element.js';

/** @param {string} path @param {BodyInit} [body] */
async function ask(path, body) {
  const response = await fetch(path, { method: 'POST', body });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** @param {string} text */
function show(text) {
  const answer = document.getElementById('answer');
  if (answer) answer.textContent = text;
}

const check = /** @type {import('../js/page/element.js').LivenessCheckElement} */ (
  document.querySelector('liveness-check')
);
await customElements.whenDefined('liveness-check');
check.loadOptions = { variant: /** @type {const} */ ('simd') }; // the same bits as the server's
check.startOptions = { verified: async () => (await ask('/nonce')).nonce };
// The element's own says that the video stays, which is not all here.
check.strings = { note: 'Small pictures of you and what is around you go to the server.' };
check.addEventListener('liveness-result', async (event) => {
  const { record, reason } = /** @type {CustomEvent} */ (event).detail;
  if (!record) {
    show(`No record was sent: ${reason}.`);
    return;
  }
  const size = `${Math.round(record.length / 1000)} kB`;
  show(`The server looks at ${size}.`);
  try {
    const { verdict, reason: why } = await ask('/verify', record);
    show(`The server says: ${why ? `${verdict}, ${why}` : verdict} (${size}).`);
  } catch (error) {
    show(`The server refuses the record: ${error instanceof Error ? error.message : error}.`);
  }
});
