#!/usr/bin/env bash
# libraries_test BRAHE: what the loader brings in at each start. TLS is there once, and nothing that only some settings
# and commands need: libcurl is loaded when pods are followed, ncurses by brahe top.
set -euo pipefail

libraries=$(ldd "$1")
echo "$libraries"
if grep -E 'lib(curl|ssl|crypto|ncursesw|tinfo)[-.]' <<<"$libraries"; then
  echo "the binary links what it may only load, or a second TLS stack"
  exit 1
fi
grep -q 'libgnutls\.' <<<"$libraries" || { echo "libgnutls is missing: is this the exporter?" && exit 1; }
count=$(wc -l <<<"$libraries")
[ "$count" -le 30 ] || { echo "$count libraries; at most 30 are wanted" && exit 1; }
