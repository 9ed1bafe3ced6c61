#!/bin/sh
# Prints the sources of XNNPACK for one instruction set, relative to its root.
# usage: xnnpack_sources.sh XNNPACK_DIR scalar|simd|relaxed
#
# The lists are read from XNNPACK's own CMake files: CMake itself refuses Emscripten and never
# lists the wasm kernels. Reference kernels are left out: see no_reference.c.
set -eu
root=$1 set=$2

list() { # CMake file, variable
    sed -n "/^SET($2\$/,/)/p" "$root/$1" | grep -oE 'src/[A-Za-z0-9_./-]+\.(c|cc)'
}

{
    for name in OPERATOR_SRCS SUBGRAPH_SRCS LOGGING_SRCS XNNPACK_SRCS TABLE_SRCS; do
        list CMakeLists.txt $name
    done
    for name in allocator cache configs/hardware-config datatype indirection memory \
        microkernel-utils microparams-init mutex normalization operator-run operator-utils; do
        echo "src/$name.c"
    done
    echo src/reference/packing.cc
    list cmake/gen/scalar_microkernels.cmake PROD_SCALAR_MICROKERNEL_SRCS
    if [ "$set" != scalar ]; then
        list cmake/gen/wasm_microkernels.cmake PROD_WASM_MICROKERNEL_SRCS
        list cmake/gen/wasmsimd_microkernels.cmake PROD_WASMSIMD_MICROKERNEL_SRCS
    fi
    if [ "$set" = relaxed ]; then
        list cmake/gen/wasmrelaxedsimd_microkernels.cmake PROD_WASMRELAXEDSIMD_MICROKERNEL_SRCS
    fi
} | sort -u
