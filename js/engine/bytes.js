// SPDX-License-Identifier: MIT
// @ts-check
// A caller's bytes as they are, and not as the caller's object says: what claims to be shorter
// than it is would be written over the memory behind its place.

/** Of a file that an engine reads, which may have no end. */
export const MAX_FILE_BYTES = 2 ** 28;

const { prototype } = Object.getPrototypeOf(Uint8Array);

/** @param {string | symbol} name  of a property that every typed array has */
const ownField = (name) => {
  const { get } = /** @type {any} */ (Object.getOwnPropertyDescriptor(prototype, name));
  return (/** @type {unknown} */ view) => get.call(view);
};
const [kindOf, bufferOf, offsetOf, sizeOf] = [
  ownField(Symbol.toStringTag),
  ownField('buffer'),
  ownField('byteOffset'),
  ownField('byteLength'),
];

/**
 * The memory of a typed array, or of an ArrayBuffer where that is one of the kinds, as a Uint8Array
 * whose length stays what it is; null: of none of these kinds. A buffer that is detached, or has
 * shrunk, has no bytes.
 *
 * @param {any} value
 * @param {...('ArrayBuffer' | 'Uint8Array' | 'Uint8ClampedArray' | 'Float32Array')} kinds
 * @returns {Uint8Array | null}
 */
export function bytesOf(value, ...kinds) {
  const isBuffer = kinds.includes('ArrayBuffer') && value instanceof ArrayBuffer;
  if (!isBuffer && !kinds.includes(kindOf(value))) return null;
  try {
    return isBuffer
      ? new Uint8Array(value, 0, value.byteLength)
      : new Uint8Array(bufferOf(value), offsetOf(value), sizeOf(value));
  } catch {
    return new Uint8Array(0);
  }
}
