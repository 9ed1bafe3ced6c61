// SPDX-License-Identifier: MIT
// @ts-check
// A whole sign-up with <liveness-check>: consent, check, picture, the server's answer; each step
// can be left, each failure says what to do. As it stands it runs; by make server it is verified.

import { STRINGS } from '/livedepth/element.js';
import { fetchNonce, isThere, Refusal, verify } from './server.js';

/** @typedef {import('../../js/check/liveness.js').ClipResult} ClipResult */

/** @template {HTMLElement} T @param {string} selector */
const get = (selector) => /** @type {T} */ (document.querySelector(selector));
const check = /** @type {import('../../js/page/element.js').LivenessCheckElement} */ (
  get('liveness-check')
);
const picture = /** @type {HTMLImageElement} */ (get('#picture'));
const consent = /** @type {HTMLFormElement} */ (get('#consent'));
const sections = [
  .../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-step]')),
];
const marks = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-for]'))];

/** Of the last check that said live. @type {ClipResult | null} */ let result = null;

/** Shows one step, and tells who cannot see it. @param {string} step */
function go(step) {
  for (const each of sections) each.hidden = each.dataset.step !== step;
  for (const each of marks) {
    if (each.dataset.for === step) each.setAttribute('aria-current', 'step');
    else each.removeAttribute('aria-current');
  }
  if (step !== 'check') check.cancel();
  if (step === 'other' || step === 'check') forget();
  const heading = sections.find((each) => !each.hidden)?.querySelector('h1');
  heading?.focus();
  scrollTo(0, 0);
}

/** Nothing of the person stays in the page. */
function forget() {
  if (picture.src) URL.revokeObjectURL(picture.src);
  picture.removeAttribute('src');
  result = null;
}

/** @param {string} title @param {string} detail
 * @param {{again?: 'retry' | 'send', tone?: 'good' | 'wait' | 'again'}} [how] */
function say(title, detail, { again, tone = 'again' } = {}) {
  get('#title').textContent = title;
  get('#title').dataset.tone = tone;
  get('#detail').textContent = detail;
  for (const id of ['retry', 'send']) get(`#${id}`).hidden = id !== again;
  get('#leave').hidden = again === undefined;
  go('answer');
}

consent.addEventListener('submit', async (event) => {
  event.preventDefault();
  // A server that decides needs an engine with its own bits; without one the page's word is all
  // there is, which no real account may rest on.
  const verified = (await isThere()) ? fetchNonce : undefined;
  check.startOptions = { best: true, verified };
  // The element's own says that the video stays, which is not all that matters here.
  check.strings = verified
    ? { note: 'Small pictures of you and what is around you are sent to us.' }
    : {};
  go('check');
});

check.addEventListener('liveness-result', ({ detail }) => {
  if (detail.verdict !== 'live' || !detail.best?.face) return; // the element says what to do
  result = detail;
  picture.src = URL.createObjectURL(detail.best.face);
  go('picture');
});
check.addEventListener('liveness-exhausted', () => {
  say('That did not work', STRINGS.exhausted);
  get('#leave').hidden = false;
});

async function send() {
  if (!result) return;
  if (!result.record) {
    say('Welcome', 'There is no server here: in a real sign-up only its answer would count.', {
      tone: 'good',
    });
    return;
  }
  say('One moment', 'Our server looks at it.', { tone: 'wait' });
  try {
    const { verdict, reason } = await verify(result.record);
    if (verdict === 'live') {
      // Here the picture (result.best.face) would go to your server.
      say('Welcome', 'Your account is open. We have sent you a message.', { tone: 'good' });
    } else {
      const text = STRINGS[`undecided.${reason}`] ?? STRINGS[`${verdict}.detail`];
      say('That did not work yet', text, { again: 'retry' });
    }
  } catch (error) {
    const code = error instanceof Refusal ? error.code : 'OFFLINE';
    if (code === 'OFFLINE' || code === 'API_BUSY') {
      say('We could not be reached', 'Nothing is lost. Look at your connection.', {
        again: 'send',
      });
    } else {
      const late = code.startsWith('RECORD_NONCE');
      const text = late ? 'It took too long.' : `The recording could not be used (${code}).`;
      say('Once more, please', text, { again: 'retry' });
    }
  }
}
get('#use').addEventListener('click', send);
get('#send').addEventListener('click', send);

document.addEventListener('click', ({ target }) => {
  const step = /** @type {HTMLElement} */ (target).dataset?.go;
  if (step === 'consent') {
    consent.reset();
    check.reset();
  }
  if (step) go(step);
});
