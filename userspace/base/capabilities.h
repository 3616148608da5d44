#pragma once

#include <sys/capability.h>

#include <vector>

#include "userspace/base/result.h"

namespace brahe {

// The capabilities(7) of the calling thread. Threads that it makes later begin with the same.

// Whether it may use `capability` now (the effective set).
bool HasCapability(cap_value_t capability);

// Takes into use all capabilities that it is permitted. A program has those of its file that are marked +p without
// being able to use them at first; marked +ep, it could not even be executed where one of them is out of bounds.
Status UsePermittedCapabilities();

// Gives up every capability but those of `kept` that it has, in all sets and for good, and sets no_new_privs, so that
// no program that it executes gets more. To be called before there are other threads, which would keep theirs.
Status KeepOnlyCapabilities(const std::vector<cap_value_t>& kept);

// Does without some capabilities for as long as it lives. Not to be passed to another thread.
class WithoutCapabilities {
 public:
  explicit WithoutCapabilities(const std::vector<cap_value_t>& capabilities);
  WithoutCapabilities(const WithoutCapabilities&) = delete;
  WithoutCapabilities& operator=(const WithoutCapabilities&) = delete;
  ~WithoutCapabilities();

 private:
  std::vector<cap_value_t> lowered_;
};

// "cap_bpf,cap_perfmon"; "none" of none.
std::string NamesOf(const std::vector<cap_value_t>& capabilities);

}  // namespace brahe
