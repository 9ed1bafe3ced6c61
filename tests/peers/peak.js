// SPDX-License-Identifier: MIT
// How many multiply-adds this thread can do, of floats and of bytes: a loop over registers, made
// here byte by byte so that it needs no compiler. It is short and called often, because engines do
// not move a running function to their optimising tier.

const SUMS = 12; // independent chains, to cover the latency; with two factors they fit 16 registers
const TURNS = 4000;
const CALLS = 400; // a sample takes about 3 ms

const V128 = 0x7b;
const f32x4 = (value) => {
  const bytes = [...new Uint8Array(new Float32Array([value]).buffer)];
  return [0xfd, 12, ...bytes, ...bytes, ...bytes, ...bytes]; // v128.const
};
const get = (i) => [0x20, i];
const set = (i) => [0x21, i];
const ADD = [0xfd, 0xe4, 0x01];
const MUL = [0xfd, 0xe6, 0x01];
const MADD = [0xfd, 0x85, 0x02]; // relaxed
const DOT = [0xfd, 0x93, 0x02]; // relaxed: sixteen products of bytes, four to a sum
// name: how sum i takes in two factors, and how many multiply-adds that is
const KINDS = {
  simd: {
    step: (i, a, b) => [...get(i), ...get(a), ...MUL, ...get(b), ...ADD, ...set(i)],
    work: 4,
  },
  relaxed: { step: (i, a, b) => [...get(i), ...get(a), ...get(b), ...MADD, ...set(i)], work: 4 },
  int8: { step: (i, a, b) => [...get(a), ...get(b), ...get(i), ...DOT, ...set(i)], work: 16 },
};
const unsigned = (value) =>
  value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >> 7)];
const section = (id, bytes) => [id, ...unsigned(bytes.length), ...bytes];

/** (turns) -> number, which nobody needs. */
function moduleBytes(step) {
  const [factor, addend] = [SUMS + 1, SUMS + 2];
  const sums = Array.from({ length: SUMS }, (_, i) => i + 1);
  const body = [
    1,
    SUMS + 2,
    V128, // locals
    ...sums.flatMap((i) => [...f32x4(i / 10), ...set(i)]),
    ...f32x4(0.9999),
    ...set(factor),
    ...f32x4(1e-4),
    ...set(addend),
    0x03,
    0x40,
    ...sums.flatMap((i) => step(i, factor, addend)), // loop
    ...get(0),
    0x41,
    1,
    0x6b,
    0x22,
    0,
    0x0d,
    0,
    0x0b, // turns -= 1; again unless zero
    ...get(1),
    ...sums.slice(1).flatMap((i) => [...get(i), ...ADD]),
    0xfd,
    0x1f,
    0, // first lane
    0x0b,
  ];
  return new Uint8Array([
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7d]), // (i32) -> f32
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 107, 0, 0]), // export "k"
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

/** @type {Map<string, (turns: number) => number>} */
const kernels = new Map();

/** GFLOP/s (a multiply-add is two; of bytes: GOP/s): {simd: [...], relaxed: [...], int8: [...]},
 * samples; without those that the engine does not know. */
export function measurePeak(samples = 5) {
  /** @type {Record<string, number[]>} */ const found = {};
  for (const [name, { step, work }] of Object.entries(KINDS)) {
    const bytes = moduleBytes(step);
    if (!WebAssembly.validate(bytes)) continue;
    if (!kernels.has(name)) {
      const { k } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
      kernels.set(name, /** @type {any} */ (k));
      for (let i = 0; i < 10 * CALLS; i++) /** @type {any} */ (k)(TURNS); // until it is optimised
    }
    const kernel = /** @type {(turns: number) => number} */ (kernels.get(name));
    found[name] = Array.from({ length: samples }, () => {
      const start = performance.now();
      for (let i = 0; i < CALLS; i++) kernel(TURNS);
      const ms = performance.now() - start;
      return (2 * work * CALLS * TURNS * SUMS) / 1e6 / ms;
    });
  }
  return found;
}
