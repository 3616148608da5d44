#!/usr/bin/env bash
# aarch64_test OBJECT...: whether each object file is of aarch64 or BPF, and those that touch memory which the kernel
# writes to are there. Bazel has compiled them before this starts; that they compile is the most of the test.
set -euo pipefail

readonly EM_AARCH64=183 EM_BPF=247
for wanted in bpf_program.cc.o bpf_cpu_time_source.cc.o record_table.cc.o cpu_time.aarch64.bpf.o; do
  case " $* " in
    *"/$wanted "*) ;;
    *)
      echo "$wanted is not among: $*"
      exit 1
      ;;
  esac
done
for object; do
  machine=$(od -An -tu2 -j18 -N2 "$object")
  case "$object" in
    *.bpf.o) wanted=$EM_BPF ;;
    *) wanted=$EM_AARCH64 ;;
  esac
  [ "$((machine))" = "$wanted" ] || { echo "$object is for machine $machine, not $wanted" && exit 1; }
done
