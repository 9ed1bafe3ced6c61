// SPDX-License-Identifier: MIT
// Model, variant and threads: three pickers, and the same as ?model=&variant=&threads= of the
// address.

import { ASSETS } from '/livedepth/assets.js';
import { DEFAULT_MODEL } from '/livedepth/index.js';
import { $, make } from './dom.js';

const OWN = 'own';
const MODELS = Object.keys(ASSETS)
  .filter((name) => name.endsWith('.safetensors') && !name.startsWith('blazeface'))
  .map((name) => name.replace('.safetensors', ''));
const CHOICES = {
  model: { ...Object.fromEntries(MODELS.map((name) => [name, name])), [OWN]: 'own file …' },
  variant: { auto: 'auto', simd: 'simd', relaxed: 'relaxed' },
  threads: { auto: 'auto', 1: '1', 2: '2', 4: '4' },
};
const DEFAULTS = { model: DEFAULT_MODEL, variant: 'auto', threads: 'auto' };

export class Settings extends EventTarget {
  /** A weight file. @type {Uint8Array | null} */ #own = null;
  /** Of the address, but not known. @type {string[]} */ unknown = [];
  #before = DEFAULTS.model;

  constructor() {
    super();
    const wishes = new URLSearchParams(location.search);
    for (const [name, choices] of Object.entries(CHOICES)) {
      for (const [value, text] of Object.entries(choices)) {
        $(name).append(make('option', { value }, text));
      }
      const wish = wishes.get(name);
      const known = wish !== null && wish !== OWN && Object.hasOwn(choices, wish);
      if (wish !== null && !known) this.unknown.push(`${name}=${wish}`);
      $(name).value = known ? wish : DEFAULTS[name];
      $(name).addEventListener('change', () => this.#picked(name));
    }
    this.#before = $('model').value;
    $('settings').addEventListener('submit', (event) => event.preventDefault());
    $('weights').addEventListener('change', () => this.#readOwn());
    $('weights').addEventListener('cancel', () => {
      $('model').value = this.#before;
    });
  }

  /** For loadLiveness. */
  get options() {
    const threads = $('threads').value;
    return {
      model: $('model').value === OWN ? this.#own : $('model').value,
      variant: $('variant').value,
      threads: threads === 'auto' ? threads : Number(threads),
    };
  }

  #picked(name) {
    if (name === 'model' && $('model').value === OWN) {
      $('weights').click();
      return;
    }
    if (name === 'model') this.#before = $('model').value;
    const url = new URL(location.href);
    for (const each of Object.keys(CHOICES)) {
      const { value } = $(each);
      if (value === DEFAULTS[each] || value === OWN) url.searchParams.delete(each);
      else url.searchParams.set(each, value);
    }
    history.replaceState(null, '', url);
    this.dispatchEvent(new Event('change'));
  }

  async #readOwn() {
    const [file] = $('weights').files;
    $('weights').value = '';
    if (!file) return;
    this.#own = new Uint8Array(await file.arrayBuffer());
    $('model').querySelector(`[value=${OWN}]`).textContent = `own file: ${file.name}`;
    $('model').value = OWN;
    this.#before = OWN;
    this.dispatchEvent(new Event('change'));
  }
}
