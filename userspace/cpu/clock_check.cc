#include "userspace/cpu/clock_check.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <glog/logging.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>

#include "bpf/kernel_clock.skel.h"

namespace brahe::cpu {
namespace {

// The kernel side's clock is made for any context, and may stray so far while the time is being adjusted.
constexpr Nanoseconds kTolerance = {10'000};
// Readings of which the narrowest are compared: in a slow one an offset can hide.
constexpr int kReadings = 8;

Nanoseconds Now(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return Seconds(static_cast<uint64_t>(now.tv_sec)) + Nanoseconds{static_cast<uint64_t>(now.tv_nsec)};
}

using Skeleton = std::unique_ptr<kernel_clock_bpf, void (*)(kernel_clock_bpf*)>;

struct BothClocks {
  ClockReading monotonic, boottime;
};

Result<BothClocks> ReadClocks(const kernel_clock_bpf& skeleton) {
  BothClocks both;
  both.monotonic.before = Now(CLOCK_MONOTONIC);
  both.boottime.before = Now(CLOCK_BOOTTIME);
  bpf_test_run_opts run = {};
  run.sz = sizeof run;
  if (bpf_prog_test_run_opts(bpf_program__fd(skeleton.progs.read_clocks), &run) != 0) {
    return SystemError("run BPF program read_clocks");
  }
  both.monotonic.after = Now(CLOCK_MONOTONIC);
  both.boottime.after = Now(CLOCK_BOOTTIME);
  both.monotonic.kernel = {skeleton.bss->monotonic_ns};
  both.boottime.kernel = {skeleton.bss->boottime_ns};
  return both;
}

void WarnOfUncheckedClocks(const Error& error) {
  LOG(WARNING) << "Whether this time namespace shifts the clocks is not known, which would falsify CPU time: "
               << error.message;
}

}  // namespace

Status CompareClocks(const std::string& name, const ClockReading& reading) {
  const bool ahead = reading.before > reading.kernel + kTolerance;
  const bool behind = reading.after + kTolerance < reading.kernel;
  if (!ahead && !behind) return {};
  char seconds[32];
  snprintf(seconds, sizeof seconds, "%.6g",
           static_cast<double>((ahead ? reading.before - reading.kernel : reading.kernel - reading.after).value) / 1e9);
  return MakeError(name + " is " + seconds + " s " + (ahead ? "ahead of" : "behind") +
                   " the kernel's, which is a time namespace's doing: start brahe in the machine's own time namespace");
}

const ClockReading& Narrowest(const std::vector<ClockReading>& readings) {
  return *std::ranges::min_element(readings, {}, [](const ClockReading& one) { return one.after - one.before; });
}

Status CheckClocks() {
  const Skeleton skeleton(kernel_clock_bpf::open_and_load(), kernel_clock_bpf::destroy);
  if (skeleton == nullptr) {
    WarnOfUncheckedClocks(SystemError("load BPF program read_clocks"));
    return {};
  }
  std::vector<ClockReading> monotonic, boottime;
  for (int i = 0; i < kReadings; ++i) {
    const auto both = ReadClocks(*skeleton);
    if (!both) {
      WarnOfUncheckedClocks(both.error());
      return {};
    }
    monotonic.push_back(both->monotonic);
    boottime.push_back(both->boottime);
  }
  const auto same = CompareClocks("CLOCK_MONOTONIC", Narrowest(monotonic));
  return same ? CompareClocks("CLOCK_BOOTTIME", Narrowest(boottime)) : same;
}

}  // namespace brahe::cpu
