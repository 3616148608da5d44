#pragma once

#include <linux/bpf.h>

#include <functional>
#include <string>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::refusals {

// A call of bpf(2), as far as rules look at it.
struct BpfCall {
  uint32_t command = 0;
  bpf_attr attributes = {};            // 0 where the caller gave nothing
  std::vector<bpf_insn> instructions;  // of BPF_PROG_LOAD
  std::string attached;                // name of the program that BPF_LINK_CREATE or BPF_RAW_TRACEPOINT_OPEN attaches
};

// Which calls the kernel is to refuse.
struct Rule {
  std::function<bool(const BpfCall&)> matches;
  int error = EPERM;
};

struct CommandLine {
  std::vector<Rule> rules;
  std::vector<std::string> command;
};

// How `refuse` is called, in words for its user.
extern const char kUsage[];

// Arguments without the program's own name.
Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments);

// The errno value with which the first matching rule refuses a call; 0: none does.
int ErrorOf(const std::vector<Rule>& rules, const BpfCall& call);

}  // namespace brahe::refusals
