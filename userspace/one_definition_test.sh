#!/usr/bin/env bash
# one_definition_test OBJECT...: links the objects of the whole binary as GCC's link-time optimizer does, which alone sees
# all types at once, and fails where two of one name differ (-Wodr). Libraries stay out and no code is made: the result is
# not a program.
set -euo pipefail

case " $* " in
  *"/main.cc.o "*) ;;
  *)
    echo "main.cc.o is not among: $*"
    exit 1
    ;;
esac
g++ -O0 -flto=2 -r -flinker-output=rel -nostdlib -Wodr -Wlto-type-mismatch -Werror "$@" -o "$TEST_TMPDIR/all.o"
