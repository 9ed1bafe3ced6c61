// SPDX-License-Identifier: MIT
// One calm line about what went wrong, with a way on.

import { $, icon, make } from './dom.js';
import { errorWords } from './words.js';

/** Of the page, not of a run: stays until it is dismissed. */
let lasting = false;

/** @param {any} error @param {(() => void) | null} [retry] */
export function showError(error, retry = null, { lasts = false } = {}) {
  lasting = lasts;
  const button = (text, action) => {
    const element = make('button', { type: 'button', class: 'small' }, text);
    element.addEventListener('click', () => {
      lasting = false;
      hideError();
      action?.();
    });
    return element;
  };
  const code = error?.code ?? error?.name ?? 'Error';
  const detail = [error?.file, error?.detail ?? error?.message].filter(Boolean).join(': ');
  $('banner').replaceChildren(
    icon('alert'),
    make(
      'div',
      { class: 'banner-text' },
      make('p', {}, make('strong', {}, errorWords(error))),
      make('p', { class: 'quiet' }, make('code', {}, code), ` ${detail}`),
    ),
    make(
      'div',
      { class: 'banner-actions' },
      ...(retry ? [button('Try again', retry)] : []),
      button('Dismiss', null),
    ),
  );
  $('banner').hidden = false;
}

export function hideError() {
  if (lasting) return;
  $('banner').hidden = true;
  $('banner').replaceChildren();
}
