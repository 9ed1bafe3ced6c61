#!/bin/bash
# What the tests and the demo need beside the build: Debian's Chromium with a Chinese font, Redis,
# ffmpeg, its tools of `make analyze`, and the npm packages of package-lock.json in node_modules.
# (`make` calls it.) Root or sudo only for packages that are missing.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

say() { echo "set-up: $*"; }
quietly() { "$@" > "$log" 2>&1 || { cat "$log"; exit 1; }; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

packages=()
command -v chromium > /dev/null || packages+=(chromium fonts-dejavu-core)
[ -n "$(fc-list :lang=zh 2> /dev/null)" ] || packages+=(fonts-wqy-zenhei)
command -v redis-server > /dev/null || packages+=(redis-server)
for tool in ffmpeg gcc cppcheck valgrind; do
    command -v $tool > /dev/null || packages+=("$tool")
done
if [ ${#packages[@]} -gt 0 ]; then
    say "Debian packages ${packages[*]}"
    quietly as_root apt-get -qq update
    # RUNLEVEL: no service is started; a test starts its own.
    quietly as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get -qq install -y --no-install-recommends "${packages[@]}"
fi
say "npm packages of package-lock.json"
quietly npm ci --ignore-scripts --no-fund --no-audit
