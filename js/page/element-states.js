// SPDX-License-Identifier: MIT
// @ts-check
// What each state of <liveness-check> says and shows.

/**
 * attempts: failed ones, of so many that there may be; cameras: to choose from, and the one in use;
 * mirror: is the picture shown as in a mirror? lang: of the page, for numbers; speaks: of the
 * texts.
 *
 * @typedef {{
 *   state: CheckState, hint: string | null, paused: boolean, progress: number,
 *   reason: string | null | undefined,
 *   error: {code: string, stage: string, retryable: boolean} | null,
 *   attempts: number, most: number,
 *   cameras: readonly import('./camera.js').CameraDevice[], cameraId: string | undefined,
 *   mirror: boolean, lang: string | undefined, speaks: string | null,
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

/** @param {Seen} seen */
const isUsedUp = ({ attempts, most }) => attempts >= most;

/** @param {Seen} seen @param {Texts} text @returns {[title: string, detail: string]} */
function wordsOf(seen, text) {
  const { state, hint, paused, reason, error } = seen;
  const detail = `${state}.detail`;
  if (state === 'capturing') {
    // Before the first hint nothing is known to be wrong.
    return paused ? [text('paused'), text('paused.detail')] : [text(hint ?? 'loading'), ''];
  }
  if (error && state === 'error') {
    const { code, stage, retryable } = error;
    const again = retryable ? [`${code}.again`] : [];
    return [text(`error.${stage}`, 'error'), text(...again, code, code.split('_')[0], detail)];
  }
  if (isUsedUp(seen) && !RUNNING.includes(state)) {
    // "Not yet", as of undecided, would promise another attempt.
    return [text(state === 'undecided' ? 'spoof' : state), text('exhausted')];
  }
  if (state === 'undecided') {
    return [text(state), text(`undecided.${reason}`, detail)];
  }
  return [text(state), text(detail)];
}

/** @param {Seen} seen @param {Texts} text */
function noteOf({ state, error, attempts, most }, text) {
  if (state === 'error' && error) return text('code').replace('{code}', error.code);
  if (!FAILED.includes(state) || most === Infinity) return text('note');
  return text('attempt').replace('{attempt}', `${attempts}`).replace('{attempts}', `${most}`);
}

/** Written anew only if there are others: a list that is open would close.
 * @param {HTMLSelectElement} select @param {Seen} seen */
function showCameras(select, { state, cameras, cameraId }) {
  const names = cameras.map(({ label }, i) => label || `${i + 1}`);
  if (names.join('\n') !== [...select.options].map(({ text }) => text).join('\n')) {
    select.replaceChildren(...cameras.map(({ deviceId }, i) => new Option(names[i], deviceId)));
  }
  select.value = cameraId ?? '';
  select.hidden = cameras.length < 2 || state === 'starting' || state === 'live';
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
  const { card, meter, bar, cameras, words, percent, detail, button, cancel, note } = parts;
  const { state, hint, paused, progress, error, mirror, speaks } = seen;
  const running = RUNNING.includes(state);
  const classes = {
    card: true,
    [state]: true,
    running,
    failed: FAILED.includes(state),
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
  if (speaks) card.lang = speaks;
  else card.removeAttribute('lang');

  const [title, more] = wordsOf(seen, text);
  write(words, title);
  write(detail, more);
  write(percent, state === 'loading' && progress > 0 ? ` ${percentText(seen)}` : '');
  write(button, text(FAILED.includes(state) ? 'retry' : 'start'));
  write(cancel, text('cancel'));
  write(note, noteOf(seen, text));
  button.hidden = running || state === 'live' || isUsedUp(seen);
  cancel.hidden = !running;

  showCameras(cameras, seen);
  cameras.setAttribute('aria-label', text('camera'));

  meter.hidden = !running;
  meter.setAttribute('aria-label', text('label'));
  meter.setAttribute('aria-valuenow', String(Math.round(progress * 100)));
  bar.setAttribute('stroke-dasharray', `${progress * 100} 100`);
  bar.setAttribute('visibility', progress > 0 ? 'visible' : 'hidden');
}
