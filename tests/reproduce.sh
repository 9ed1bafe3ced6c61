#!/bin/sh
# reproduce.sh VARIANT...: the wasm modules in build/ are, bit for bit, those that a second build in
# another folder gives. It starts from the files of the tree that git knows, and third_party.
set -eu
folder=$(mktemp -d)/a-folder-with-a-longer-name
trap 'rm -rf "$(dirname "$folder")"' EXIT
mkdir "$folder"
# With their times: make would set up anew what a newer wasm/toolchain.sh had made.
git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar x -C "$folder"
ln -s "$PWD/third_party" "$folder/third_party"

same=0 other=0
for variant; do
    MAKEFLAGS= make -C "$folder" --no-print-directory "build/livedepth-$variant.mjs" > /dev/null
    for file in "livedepth-$variant.wasm" "livedepth-$variant.mjs"; do
        if cmp "build/$file" "$folder/build/$file"; then
            same=$((same + 1))
            echo "$(sha256sum < "build/$file" | cut -d ' ' -f 1) $file"
        else
            other=$((other + 1))
        fi
    done
done
echo "$same passed, $other failed"
[ $other = 0 ]
