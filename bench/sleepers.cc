// `sleepers COUNT`: processes that each run once and then sleep.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "bench/herd.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "sleepers COUNT\n");
    return 2;
  }
  return brahe::bench::KeepHerd("sleepers", std::strtoul(argv[1], nullptr, 10), [](size_t) {
    while (true) pause();
  });
}
