/* simd.h - four floats at a time, one source for native, simd128 and relaxed SIMD. The variant is
 * chosen when the module is compiled; nothing is dispatched at run time. */
#ifndef SIMD_H
#define SIMD_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

/* Before a loop that is to stay one: unrolled, it keeps more numbers alive than there are
 * registers. */
#define LOOP _Pragma("clang loop unroll(disable)")

typedef float f32x4 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));

/* The first n of four floats (n >= 1), zeros behind; n < 4 only at the last channels of a pixel. A
 * memcpy of variable size would be a slow call. */
static inline f32x4 load4(const float *from, int n)
{
    f32x4 v;
    if (n < 4) return (f32x4){ from[0], n > 1 ? from[1] : 0, n > 2 ? from[2] : 0, 0 };
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void store4(float *to, f32x4 v, int n)
{
    if (n >= 4) {
        memcpy(to, &v, sizeof v);
        return;
    }
    to[0] = v[0];
    if (n > 1) to[1] = v[1];
    if (n > 2) to[2] = v[2];
}

static inline f32x4 splat4(float x) { return (f32x4){ x, x, x, x }; }

static inline f32x4 sqrt4(f32x4 v)
{
#ifdef __wasm_simd128__
    return (f32x4)wasm_f32x4_sqrt((v128_t)v);
#else
    return (f32x4){ sqrtf(v[0]), sqrtf(v[1]), sqrtf(v[2]), sqrtf(v[3]) };
#endif
}

/* max(a, b), NaN if one is */
static inline f32x4 max4(f32x4 a, f32x4 b)
{
#ifdef __wasm_simd128__
    return (f32x4)wasm_f32x4_max((v128_t)a, (v128_t)b);
#else
    for (int i = 0; i < 4; i++) a[i] = a[i] < b[i] || b[i] != b[i] ? b[i] : a[i];
    return a;
#endif
}

/* v < least ? least : v, so that NaN stays NaN: one instruction where max takes seven */
static inline f32x4 at_least4(f32x4 v, f32x4 least)
{
#ifdef __wasm_simd128__
    return (f32x4)wasm_f32x4_pmax((v128_t)v, (v128_t)least);
#else
    for (int i = 0; i < 4; i++) v[i] = v[i] < least[i] ? least[i] : v[i];
    return v;
#endif
}

/* v > most ? most : v, likewise */
static inline f32x4 at_most4(f32x4 v, f32x4 most)
{
#ifdef __wasm_simd128__
    return (f32x4)wasm_f32x4_pmin((v128_t)v, (v128_t)most);
#else
    for (int i = 0; i < 4; i++) v[i] = v[i] > most[i] ? most[i] : v[i];
    return v;
#endif
}

static inline f32x4 relu4(f32x4 v) { return at_least4(v, splat4(0)); }

/* Lanes that are larger than the limit, or NaN; true if any is. */
static inline i32x4 beyond4(f32x4 v, float limit) { return ~(v <= splat4(limit)); }
static inline bool any4(i32x4 lanes) { return (lanes[0] | lanes[1] | lanes[2] | lanes[3]) != 0; }

/* Lanes that are no further from zero than the root of `square`; not NaN. */
static inline i32x4 within4(f32x4 v, f32x4 square) { return v * v <= square; }

/* a * b + c: fused in the relaxed variants, two roundings elsewhere */
static inline f32x4 madd4(f32x4 a, f32x4 b, f32x4 c)
{
#ifdef __wasm_relaxed_simd__
    return (f32x4)wasm_f32x4_relaxed_madd((v128_t)a, (v128_t)b, (v128_t)c);
#else
    return a * b + c;
#endif
}

/* v, or v * slope where v is negative; NaN stays NaN. */
static inline f32x4 prelu4(f32x4 v, f32x4 slope)
{
    return madd4(at_most4(v, splat4(0)), slope, at_least4(v, splat4(0)));
}

/* The same bits in two instructions instead of six, where the slope is at most 1. */
static inline f32x4 gentle_prelu4(f32x4 v, f32x4 slope) { return at_least4(v, v * slope); }

/* c - a * b, likewise */
static inline f32x4 nmadd4(f32x4 a, f32x4 b, f32x4 c)
{
#ifdef __wasm_relaxed_simd__
    return (f32x4)wasm_f32x4_relaxed_nmadd((v128_t)a, (v128_t)b, (v128_t)c);
#else
    return c - a * b;
#endif
}

#endif
