// SPDX-License-Identifier: MIT
// @ts-check
// Pixels that are not square, as of old video standards: made square by enlarging one side, for a
// face that is too wide or too narrow is none that a network has seen.

/**
 * A plane of bytes at another size, bilinear; the centres of the outer pixels stay half a pixel
 * from the edge.
 *
 * @param {Uint8Array} from @param {number} w @param {number} h
 * @param {Uint8Array} to @param {number} toW @param {number} toH
 */
function stretch(from, w, h, to, toW, toH) {
  /** @param {number} i @param {number} size @param {number} toSize */
  const place = (i, size, toSize) => {
    const at = Math.min(Math.max(((i + 0.5) * size) / toSize - 0.5, 0), size - 1);
    return { low: Math.floor(at), high: Math.ceil(at), share: at % 1 };
  };
  const columns = Array.from({ length: toW }, (_, x) => place(x, w, toW));
  for (let y = 0; y < toH; y++) {
    const row = place(y, h, toH);
    const [above, below] = [row.low * w, row.high * w];
    columns.forEach(({ low, high, share }, x) => {
      const top = from[above + low] + share * (from[above + high] - from[above + low]);
      const bottom = from[below + low] + share * (from[below + high] - from[below + low]);
      to[y * toW + x] = top + row.share * (bottom - top) + 0.5;
    });
  }
}

/**
 * A tightly packed I420 picture with square pixels.
 *
 * @param {Uint8Array} data @param {number} width @param {number} height
 * @param {number} aspect  width of a pixel over its height
 * @returns {{data: Uint8Array, width: number, height: number}}
 */
export function squarePixels(data, width, height, aspect) {
  const [toW, toH] = squareSize(width, height, aspect);
  if (toW === width && toH === height) return { data, width, height };
  const half = (/** @type {number} */ side) => (side + 1) >> 1;
  const planes = [
    [width, height, toW, toH],
    ...Array(2).fill([half(width), half(height), half(toW), half(toH)]),
  ];
  const out = new Uint8Array(toW * toH + 2 * half(toW) * half(toH));
  let [from, to] = [0, 0];
  for (const [w, h, w2, h2] of planes) {
    stretch(data.subarray(from, from + w * h), w, h, out.subarray(to, to + w2 * h2), w2, h2);
    from += w * h;
    to += w2 * h2;
  }
  return { data: out, width: toW, height: toH };
}

/** @param {number} width @param {number} height @param {number} aspect
 * @returns {[width: number, height: number]} */
export const squareSize = (width, height, aspect) => [
  Math.round(width * Math.max(aspect, 1)),
  Math.round(height / Math.min(aspect, 1)),
];
