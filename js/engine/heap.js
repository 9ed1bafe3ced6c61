// SPDX-License-Identifier: MIT
// @ts-check
// The module's memory and exports. A view of that memory lives no longer than one expression:
// growth replaces the buffer.

import { LivenessError } from './errors.js';

/** The module's memory and exports behind checked calls; knows when the module is dead. */
export class Heap {
  /** @type {any} */ #module;
  /** @type {LivenessError | null} */ #dead = null;

  /** @param {any} module  what the Emscripten factory gave */
  constructor(module) {
    this.#module = module;
  }

  get bytes() {
    return /** @type {Uint8Array} */ (this.#alive().HEAPU8);
  }

  /** The name without its underscore; returns what C returned. A trap kills the module for good.
   * @param {string} name @param {...number} args @returns {number} */
  call(name, ...args) {
    const module = this.#alive();
    try {
      return module[`_${name}`](...args);
    } catch (error) {
      const text = `the module stopped in ${name}`;
      this.#dead = new LivenessError('ENV_CRASHED', text, { cause: error });
      throw this.#dead;
    }
  }

  /** A call that returns a status. @param {string} name @param {...number} args */
  try(name, ...args) {
    const status = this.call(name, ...args);
    if (status !== 0) {
      const code = this.text(this.call('livedepth_status_text', status));
      throw new LivenessError(code, this.text(this.call('livedepth_error_detail')));
    }
  }

  /** A constructor `name(**out, ...args)`; returns what it made.
   * @param {string} name @param {...number} args */
  create(name, ...args) {
    const out = this.alloc(4);
    try {
      this.try(name, out, ...args);
      return this.view(out, 4).getUint32(0, true);
    } finally {
      this.free(out);
    }
  }

  /** wasm cuts a size to 32 bits, and C would give too little. @param {number} size */
  alloc(size) {
    const address = size < 2 ** 32 ? this.call('malloc', size) >>> 0 : 0;
    if (address === 0) throw new LivenessError('NO_MEMORY', `${size} bytes`);
    return address;
  }

  /** Nothing is freed in a dead module: its memory goes as a whole. @param {number} address */
  free(address) {
    if (!this.#dead && this.#module) this.call('free', address);
  }

  /** @param {Uint8Array} data */
  copyIn(data) {
    const address = this.alloc(Math.max(1, data.length));
    this.bytes.set(data, address);
    return address;
  }

  /** @param {number} address @param {number} size */
  view(address, size) {
    return new DataView(this.bytes.buffer, address, size);
  }

  /** A zero-terminated string; slice(), for TextDecoder refuses shared memory.
   * @param {number} address */
  text(address) {
    const { bytes } = this;
    return new TextDecoder().decode(bytes.slice(address, bytes.indexOf(0, address)));
  }

  get size() {
    return this.#module ? this.#module.HEAPU8.buffer.byteLength : 0;
  }

  get usable() {
    return this.#module !== null && this.#dead === null;
  }

  close() {
    this.#module?.PThread?.terminateAllThreads();
    this.#module = null;
  }

  #alive() {
    if (this.#dead) throw this.#dead;
    if (!this.#module) throw new LivenessError('API_CLOSED', 'the engine is closed');
    return this.#module;
  }
}
