#!/bin/bash
# Makes the Python environment of training and its tests: training/environment.sh FOLDER
# (`make` calls it with third_party/venv.) Debian 12 or later; root or sudo only for packages that
# are missing: python3-venv, and OpenGL without a screen for the clip maker's renderer.
set -euo pipefail
here=$(cd "$(dirname "$0")"; pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

say() { echo "set-up: $*"; }
quietly() { "$@" > "$log" 2>&1 || { cat "$log"; exit 1; }; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

packages=()
python3 -c 'import ensurepip, venv' 2> /dev/null || packages+=(python3-venv)
for library in EGL GL; do
    python3 -c "import ctypes; ctypes.CDLL('lib$library.so.1')" 2> /dev/null ||
        packages+=("lib${library,,}1")
done
compgen -G '/usr/lib/*/dri/swrast_dri.so' > /dev/null || packages+=(libgl1-mesa-dri)
if [ ${#packages[@]} -gt 0 ]; then
    say "Debian packages ${packages[*]}"
    quietly as_root apt-get -qq update
    quietly as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "${packages[@]}"
fi

say "Python packages of training/requirements.txt"
rm -rf "$1"
quietly python3 -m venv "$1"
quietly "$1/bin/python" -m pip install --quiet --no-input -r "$here/requirements.txt"
