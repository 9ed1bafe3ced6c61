#!/bin/sh
# A file in src may include only itself and files named before it in this list, which is also the
# order in which to read the code; a header that others need before its .c has a place of its own.
# What comes from others is included in one place only.
order='livedepth base simd kernels matmul depthwise winograd json weights.h weights_data weights'
order="$order metadata resize bilinear image turn view nn.h nn_plan nn_wishes nn_fuse nn_memory"
order="$order nn_xnnpack nn nn_run.h nn_finish nn_run blocks networks.h network_score"
order="$order network_plans networks minifas scorer fas single fusion decide bundle face track"
order="$order watch pictures quality planar scene model clip run session session_views"

cd "$(dirname "$0")/../${1:-src}" || exit 1
bad=0 seen=' '
for name in $order; do
    seen="$seen${name%.h} "
    for file in "${name%.h}.h" "${name%.h}.c"; do
        case $name$file in *.h*.c) continue ;; esac # a header before its .c
        [ -f "$file" ] || continue
        for dep in $(sed -n 's/^#include "\([a-z_]*\)\.h"/\1/p' "$file"); do
            case $seen in *" $dep "*) ;; *) echo "src/$file: must not include $dep.h"; bad=1 ;; esac
        done
    done
done
for file in *.[ch]; do
    name=${file%.[ch]}
    case " $(echo $order) " in
        *" $name "*) ;;
        *) echo "src/$file: not in the order of tests/check_layers.sh"; bad=1 ;;
    esac
done

only() { # header, the files that may include it
    header=$1
    shift
    for file in $(grep -lE "#include [<\"]$header" ./*.[ch]); do
        case " $* " in
            *" ${file#./} "*) ;;
            *) echo "src/${file#./}: only $* may include $header"; bad=1 ;;
        esac
    done
}
only xnnpack nn_xnnpack.c
only pthreadpool nn.c nn_run.c run.c session.c
only fp16 weights_data.c
only stb_image_resize2 resize.c
only emscripten 'files in wasm'
exit $bad
