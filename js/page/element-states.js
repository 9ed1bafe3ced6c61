// SPDX-License-Identifier: MIT
// @ts-check
// What each state of <liveness-check> says and shows.

/**
 * lang: of the page, for numbers; mirror: is the picture shown as in a mirror?
 *
 * @typedef {{
 *   state: CheckState, hint: string | null, paused: boolean, progress: number,
 *   reason: string | null | undefined, error: {code: string, stage: string} | null,
 *   mirror: boolean, lang: string | undefined,
 * }} Seen
 * @typedef {(...keys: string[]) => string} Texts  the first of the keys that there is a text for
 * @typedef {import('./element.js').CheckState} CheckState
 */

export const RUNNING = /** @type {CheckState[]} */ (['starting', 'loading', 'capturing']);
const FAILED = /** @type {CheckState[]} */ (['spoof', 'undecided', 'error']);

/** Screen readers read a live region again when it is written again. @param {Element} element
 * @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
  /** @type {HTMLElement} */ (element).hidden = text === '';
}

/** @param {Seen} seen @param {Texts} text @returns {[title: string, detail: string]} */
function wordsOf({ state, hint, paused, reason, error }, text) {
  const detail = `${state}.detail`;
  if (state === 'capturing') {
    return [text(paused ? 'paused' : (hint ?? 'ok')), ''];
  }
  if (error && state === 'error') {
    const { code, stage } = error;
    return [text(`error.${stage}`, 'error'), text(code, code.split('_')[0], detail)];
  }
  if (state === 'undecided') {
    return [text(state), text(`undecided.${reason}`, detail)];
  }
  return [text(state), text(detail)];
}

/** @param {Seen} seen */
function percentText({ progress, lang }) {
  try {
    return progress.toLocaleString(lang, { style: 'percent' });
  } catch {
    return progress.toLocaleString(undefined, { style: 'percent' }); // lang="klingon"
  }
}

/**
 * @param {ReturnType<typeof import('./element-drawing.js').build>} parts
 * @param {Seen} seen
 * @param {Texts} text
 */
export function show(parts, seen, text) {
  const { card, meter, bar, words, percent, detail, button, cancel, note } = parts;
  const { state, hint, paused, progress, error, mirror } = seen;
  const running = RUNNING.includes(state);
  const classes = {
    card: true,
    [state]: true,
    running,
    camera: state === 'loading' || state === 'capturing',
    ok: state === 'capturing' && hint === 'ok' && !paused,
    mirror,
    'at-camera': error?.stage === 'camera',
  };
  card.className = Object.entries(classes)
    .filter(([, on]) => on)
    .map(([name]) => name)
    .join(' ');
  card.setAttribute('aria-label', text('label'));

  const [title, more] = wordsOf(seen, text);
  write(words, title);
  write(detail, more);
  write(percent, state === 'loading' && progress > 0 ? ` ${percentText(seen)}` : '');
  write(button, text(FAILED.includes(state) ? 'retry' : 'start'));
  write(cancel, text('cancel'));
  write(
    note,
    state === 'error' && error ? text('code').replace('{code}', error.code) : text('note'),
  );
  button.hidden = running || state === 'live';
  cancel.hidden = !running;

  meter.hidden = !running;
  meter.setAttribute('aria-label', text('label'));
  meter.setAttribute('aria-valuenow', String(Math.round(progress * 100)));
  bar.setAttribute('stroke-dasharray', `${progress * 100} 100`);
  bar.setAttribute('visibility', progress > 0 ? 'visible' : 'hidden');
}
