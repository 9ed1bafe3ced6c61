/* Stands before XNNPACK's own header of this name on the include path of the native build.
 *
 * XNNPACK takes its kernels by the compiler's macros for the machine. Here it finds POWER without
 * vectors instead, for which it has only plain C kernels: so the native build is the same 360 files
 * on x86-64 and arm64, and a reference for the wasm kernels. */
#ifndef LIVEDEPTH_SCALAR_COMMON_H
#define LIVEDEPTH_SCALAR_COMMON_H

#pragma push_macro("__x86_64__")
#pragma push_macro("__x86_64")
#pragma push_macro("__aarch64__")
#undef __x86_64__
#undef __x86_64
#undef __aarch64__
#define __PPC64__ 1
#include_next "xnnpack/common.h"
#undef __PPC64__
#pragma pop_macro("__x86_64__")
#pragma pop_macro("__x86_64")
#pragma pop_macro("__aarch64__")

/* A bit of the auxiliary vector that sys/auxv.h names on POWER only; 0: no vectors. */
#define PPC_FEATURE_HAS_VSX 0

#endif
