#!/usr/bin/env bash
# written_files_test WRITE_PACKAGE_FILES: groff takes the manual page, and bash completes by the completion.
set -uo pipefail

"$1" "$TEST_TMPDIR" || exit 1
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

complaints=$(groff -man -Tutf8 -ww -z "$TEST_TMPDIR/brahe.8" 2>&1) || fail "groff does not take brahe.8"
[ -z "$complaints" ] || fail "groff complains: $complaints"
page=$(groff -man -rHY=0 -Tascii -P-cbou "$TEST_TMPDIR/brahe.8" | tr -s ' \n' ' ')
for text in NAME 'brahe - tells how many joules' '--monitor.interval DURATION' '--[no-]kube.enable' 'Key: kube.enabled.' \
  '(default: 5s)' 'brahe run [OPTIONS] [--] COMMAND' '-r, --repeat NUMBER' SIGHUP LISTEN_FDS /etc/brahe/brahe.yaml; do
  grep -qF -- "$text" <<<"$page" || fail "the manual page does not say $text"
done

# shellcheck disable=SC2317  # called by _brahe
compopt() { echo "$*" >"$TEST_TMPDIR/compopt"; }
# shellcheck source=/dev/null
. "$TEST_TMPDIR/brahe.bash"

# WANTED WORD...: the words that complete the last one, on one line.
expect() {
  local wanted=$1
  shift
  COMP_WORDS=(brahe "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _brahe
  [ "${COMPREPLY[*]}" = "$wanted" ] || fail "after brahe $*: '${COMPREPLY[*]}' and not '$wanted'"
}
expect '--monitor.interval=' --monitor.i
grep -qx -- '-o nospace' "$TEST_TMPDIR/compopt" || fail "a space after ="
expect '--kube.enable' --kube.e
expect '--no-kube.enable' --no-kube.e
expect '--version' --ver
expect 'debug info warn error' --log.level =
expect 'warn' --log.level = w
expect 'warn' --log.level w
expect 'model msr' --cpu.preferred-meters = m
touch "$TEST_TMPDIR/a file"
expect "$TEST_TMPDIR/a file" --config.file = "$TEST_TMPDIR/a"
expect 'run' r
expect 'state' st
expect '--state.dir=' state --st
touch "$TEST_TMPDIR/kept"
expect "$TEST_TMPDIR/kept" state --state.dir = "$TEST_TMPDIR/k"
expect '--warmup=' run --warm
expect '--cert-file=' top --cert
touch "$TEST_TMPDIR/key file"
expect "$TEST_TMPDIR/key file" top --key-file = "$TEST_TMPDIR/key"
expect '--web.local-socket.path=' --web.local-socket.p
expect '--host.sysfs=' run --host.s
expect "$TEST_TMPDIR/a file" run -o "$TEST_TMPDIR/a"
expect '--exporter.stdout' --config.strict --exporter.s
expect '' --nothing.like.it
exit "$((failures > 0))"
