// SPDX-License-Identifier: MIT
// @ts-check
// The attributes of <liveness-check> as options. What cannot be read becomes NaN, for the option's
// reader to refuse.

/** Attributes that another engine follows from. */
export const ENGINE = ['model', 'base-url', 'variant', 'threads'];
const ATTEMPTS = 3;

/** @param {Element} element @param {string} name */
const numberOf = (element, name) =>
  element.hasAttribute(name) ? Number(element.getAttribute(name) || NaN) : undefined;

/** For loadLiveness. @param {Element} element */
export function loadWishes(element) {
  const [model, baseUrl, variant, threads] = ENGINE.map(
    (name) => element.getAttribute(name) ?? undefined,
  );
  const count = threads === 'auto' ? threads : numberOf(element, 'threads');
  return { model, baseUrl, variant, threads: count };
}

/** For start(). @param {Element} element */
export function startWishes(element) {
  const [clips, timeoutMs] = ['clips', 'timeout'].map((name) => numberOf(element, name));
  return { ...(clips !== undefined && { clips }), ...(timeoutMs !== undefined && { timeoutMs }) };
}

/** So many attempts may fail. @param {Element} element */
export const mostAttempts = (element) => numberOf(element, 'attempts') ?? ATTEMPTS;

/** Of the element or the nearest element about it, also outside the shadow tree that it is in.
 * @param {Element} element @returns {string | undefined} */
export function languageOf(element) {
  const found = element.closest('[lang]');
  if (found) return found.getAttribute('lang') || undefined;
  const { host } = /** @type {ShadowRoot} */ (element.getRootNode());
  return host && languageOf(host);
}
