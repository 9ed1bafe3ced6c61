// SPDX-License-Identifier: MIT
// @ts-check
// The texts of <liveness-check> in the page's language: each language is a file of its own, loaded
// when a page speaks it. (Literal addresses: that is what bundlers find.)

import { STRINGS } from './strings.js';

/** @typedef {Readonly<Record<string, string>>} Texts */

/** @type {Record<string, () => Promise<{default: Texts}>>} */
const LANGUAGES = {
  ar: () => import('../languages/strings-ar.js'),
  de: () => import('../languages/strings-de.js'),
  es: () => import('../languages/strings-es.js'),
  fr: () => import('../languages/strings-fr.js'),
  hi: () => import('../languages/strings-hi.js'),
  it: () => import('../languages/strings-it.js'),
  ja: () => import('../languages/strings-ja.js'),
  pl: () => import('../languages/strings-pl.js'),
  pt: () => import('../languages/strings-pt.js'),
  tr: () => import('../languages/strings-tr.js'),
  zh: () => import('../languages/strings-zh.js'),
};

export const ENGLISH = { lang: 'en', texts: STRINGS };

/**
 * The texts for a language tag ("de-AT"); English for all others, and where the file cannot be
 * loaded.
 *
 * @param {string | null | undefined} tag
 * @returns {Promise<{lang: string, texts: Texts}>}
 */
export async function loadTexts(tag) {
  const lang = tag?.toLowerCase().split('-')[0] ?? '';
  if (!Object.hasOwn(LANGUAGES, lang)) return ENGLISH;
  try {
    return { lang, texts: (await LANGUAGES[lang]()).default };
  } catch {
    return ENGLISH;
  }
}
