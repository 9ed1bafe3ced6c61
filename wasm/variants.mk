# The builds of the library, and where the sources of others lie. Read by Makefile and xnnpack.mk.

# A variant of the wasm module: flags of the compiler and the linker.
VARIANTS := simd simd-mt relaxed relaxed-mt
FLAGS_simd       := -msimd128
FLAGS_simd-mt    := -msimd128 -pthread
FLAGS_relaxed    := -msimd128 -mrelaxed-simd
FLAGS_relaxed-mt := -msimd128 -mrelaxed-simd -pthread

# The native build: XNNPACK with plain C kernels, our own code with sanitizers.
LLVM ?= /usr/lib/llvm-19/bin

# Folders with the sources; name another one to build with it.
XNNPACK_SRC     ?= third_party/src/xnnpack
PTHREADPOOL_SRC ?= third_party/src/pthreadpool
FXDIV_SRC       ?= third_party/src/fxdiv
FP16_SRC        ?= third_party/src/fp16
STB_SRC         ?= third_party/src/stb

# Stamps of wasm/toolchain.sh: newer than an object if what it was made with has changed.
THIRD_PARTY := $(wildcard $(addprefix third_party/done/,emscripten xnnpack pthreadpool fxdiv fp16))
