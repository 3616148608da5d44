#include "userspace/e2e/refusal_rules.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "userspace/base/file.h"

namespace brahe::refusals {
namespace {

struct ProgramKind {
  const char* name;
  uint32_t type;
  uint32_t attach_type;
};

constexpr ProgramKind kKinds[] = {
    {"tp_btf", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP}, {"fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY},
    {"fexit", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT},   {"iter", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER},
    {"raw_tp", BPF_PROG_TYPE_RAW_TRACEPOINT, 0},
};

constexpr uint32_t kBatchCommands[] = {BPF_MAP_LOOKUP_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH, BPF_MAP_UPDATE_BATCH,
                                       BPF_MAP_DELETE_BATCH};

// The kernel keeps 15 characters of a name.
std::string AsKept(const std::string& name) { return name.substr(0, BPF_OBJ_NAME_LEN - 1); }

std::string NameIn(const char (&field)[BPF_OBJ_NAME_LEN]) { return {field, strnlen(field, sizeof field)}; }

bool CallsHelper(const std::vector<bpf_insn>& instructions, int32_t helper) {
  return std::any_of(instructions.begin(), instructions.end(), [helper](const bpf_insn& instruction) {
    return instruction.code == (BPF_JMP | BPF_CALL) && instruction.src_reg == 0 && instruction.imm == helper;
  });
}

Result<Rule> RuleOfKind(const std::string& name) {
  for (const ProgramKind& kind : kKinds) {
    if (name != kind.name) continue;
    return Rule{[kind](const BpfCall& call) {
      return call.command == BPF_PROG_LOAD && call.attributes.prog_type == kind.type &&
             call.attributes.expected_attach_type == kind.attach_type;
    }};
  }
  return MakeError("--kind " + name + ": not known (tp_btf, fentry, fexit, iter and raw_tp are)");
}

Result<Rule> RuleOf(const std::string& option, const std::string& value) {
  const std::string name = AsKept(value);
  if (option == "--program") {
    return Rule{[name](const BpfCall& call) {
      return call.command == BPF_PROG_LOAD && NameIn(call.attributes.prog_name) == name;
    }};
  }
  if (option == "--map") {
    return Rule{[name](const BpfCall& call) {
      return call.command == BPF_MAP_CREATE && NameIn(call.attributes.map_name) == name;
    }};
  }
  if (option == "--attach") {
    return Rule{[name](const BpfCall& call) {
      return (call.command == BPF_LINK_CREATE || call.command == BPF_RAW_TRACEPOINT_OPEN) && call.attached == name;
    }};
  }
  if (option == "--kind") return RuleOfKind(value);
  if (option == "--helper") {
    const auto helper = ParseUint64(value);
    if (!helper) return MakeError("--helper: " + helper.error().message);
    return Rule{[id = static_cast<int32_t>(*helper)](const BpfCall& call) {
                  return call.command == BPF_PROG_LOAD && CallsHelper(call.instructions, id);
                },
                EINVAL};
  }
  return MakeError(option + ": no such option");
}

Rule RuleOfBatches() {
  return Rule{[](const BpfCall& call) {
                return std::find(std::begin(kBatchCommands), std::end(kBatchCommands), call.command) !=
                       std::end(kBatchCommands);
              },
              EINVAL};
}

Result<int> ErrnoNamed(const std::string& name) {
  constexpr int kMostErrno = 4095;
  for (int code = 1; code <= kMostErrno; ++code) {
    const char* const known = strerrorname_np(code);
    if (known != nullptr && name == known) return code;
  }
  return MakeError("--errno " + name + ": not known (EPERM, for example, is)");
}

}  // namespace

const char kUsage[] =
    "refuse RULE... [--errno NAME] -- COMMAND...: runs a command to which the kernel refuses some calls of bpf(2).\n"
    "  --program NAME  loading the program of this name\n"
    "  --kind KIND     loading any program of a kind: tp_btf, fentry, fexit, iter, raw_tp\n"
    "  --helper ID     loading any program that calls the helper of this number (with EINVAL)\n"
    "  --map NAME      making the map of this name\n"
    "  --attach NAME   attaching the program of this name\n"
    "  --batch         reading and writing maps many entries at a time (with EINVAL)\n"
    "  --errno NAME    with which error all of it is refused, in place of EPERM\n";

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments) {
  CommandLine line;
  std::optional<int> error;
  auto at = arguments.begin();
  while (at != arguments.end() && *at != "--") {
    const std::string option = *at++;
    if (option == "--batch") {
      line.rules.push_back(RuleOfBatches());
      continue;
    }
    if (at == arguments.end() || *at == "--") return MakeError(option + ": its value is missing");
    const std::string value = *at++;
    if (option == "--errno") {
      const auto code = ErrnoNamed(value);
      if (!code) return code.error();
      error = *code;
      continue;
    }
    auto rule = RuleOf(option, value);
    if (!rule) return rule.error();
    line.rules.push_back(*std::move(rule));
  }
  if (at != arguments.end()) line.command.assign(at + 1, arguments.end());
  if (line.command.empty()) return MakeError("no command after --");
  if (line.rules.empty()) return MakeError("nothing to refuse");
  for (Rule& rule : line.rules) rule.error = error.value_or(rule.error);
  return line;
}

int ErrorOf(const std::vector<Rule>& rules, const BpfCall& call) {
  for (const Rule& rule : rules) {
    if (rule.matches(call)) return rule.error;
  }
  return 0;
}

}  // namespace brahe::refusals
