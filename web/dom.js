// SPDX-License-Identifier: MIT
// The few words that every part of the page needs.

/** @param {string} id @returns {any} */
export const $ = (id) => document.getElementById(id);

/** An element with its text or children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function makeSvg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** One of index.html's symbols. */
export function icon(name) {
  const svg = makeSvg('svg', { class: 'icon', 'aria-hidden': 'true' });
  svg.append(makeSvg('use', { href: `#i-${name}` }));
  return svg;
}

/** Writes only what has changed: a live region speaks at every write. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Text and picture of a button with both. */
export function setButton(button, name, text) {
  button.querySelector('use').setAttribute('href', `#i-${name}`);
  setText(button.querySelector('span'), text);
}

/** A colour of demo.css as the theme has it now. */
export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** @param {number | null | undefined} value */
export const fixed = (value, digits = 3) =>
  typeof value === 'number' && Number.isFinite(value)
    ? value.toFixed(digits).replace('-', '−')
    : '–';
