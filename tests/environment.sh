#!/bin/bash
# What the tests and the demo need beside the build: Debian's Chromium, and the npm packages of
# package-lock.json in node_modules. (`make` calls it.) Root or sudo only for packages missing.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

say() { echo "set-up: $*"; }
quietly() { "$@" > "$log" 2>&1 || { cat "$log"; exit 1; }; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

if ! command -v chromium > /dev/null; then
    say "Debian packages chromium fonts-dejavu-core"
    quietly as_root apt-get -qq update
    quietly as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core
fi
say "npm packages of package-lock.json"
quietly npm ci --ignore-scripts --no-fund --no-audit
