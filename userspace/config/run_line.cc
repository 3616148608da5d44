#include "userspace/config/run_line.h"

#include <limits>
#include <string_view>
#include <utility>

namespace brahe::config {
namespace {

constexpr std::string_view kHead =
    "Runs a command and tells how many joules it and all its descendants use. As root, or by a service of root's.\n"
    "Usage: brahe run [OPTIONS] [--] COMMAND [ARGUMENT...]\n"
    "       brahe run -r N [OPTIONS] [--] COMMAND [ARGUMENT...] --vs COMMAND [ARGUMENT...]   two, compared\n"
    "       brahe run --serve [OPTIONS]   the service\n";

const std::vector<OwnOption>& OwnOptions() {
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  static const std::vector<OwnOption> options = {
      {'r',
       {"Run", "", "repeat", "runs of each command",
        CountAt(
            [](Config & c) -> auto& { return c.run.repeat; }, kMost)}},
      {0,
       {"Run", "", "warmup", "runs of each command before them that are not counted",
        CountAt(
            [](Config & c) -> auto& { return c.run.warm_up; }, kMost)}},
      {0, {"Run", "", "wait", "wait for what the command left running; no: end with the command", SwitchAt([
           ](Config & c) -> auto& { return c.run.wait; })}},
      {0,
       {"Run", "", "json", "report as one object of JSON", SwitchAt([](Config & c) -> auto& { return c.run.json; })}},
      {0, {"Run", "", "csv", "report as a line for each zone of each run", SwitchAt([](Config & c) -> auto& {
             return c.run.csv;
           })}},
      {0, {"Run", "", "markdown", "report with tables in Markdown", SwitchAt([](Config & c) -> auto& {
             return c.run.markdown;
           })}},
      {'o',
       {"Run", "", "output", "where the report goes; -: standard output; none: standard error",
        TextAt(
            [](Config & c) -> auto& { return c.run.output; }, "FILE")}},
      {0, {"Run", "", "serve", "run nothing: count for users who are not root and ask at the socket", SwitchAt([
           ](Config & c) -> auto& { return c.run.serve; })}},
      {0,
       {"Run", "", "socket", "of who counts for others; none: /run/brahe-run.sock, and root counts by itself",
        TextAt(
            [](Config & c) -> auto& { return c.run.socket; }, "PATH")}},
      {0, {"Run", "", "allow", "who may ask at the socket: root, everyone, user:NAME or group:NAME", LocalRulesAt([
           ](Config & c) -> auto& { return c.run.allow; })}},
  };
  return options;
}

// Splits the rest into one command, or two.
Result<std::vector<std::vector<std::string>>> CommandsIn(const Arguments& words) {
  std::vector<std::vector<std::string>> commands(1);
  for (const std::string_view word : words) {
    if (word == kVersus) {
      commands.emplace_back();
    } else {
      commands.back().emplace_back(word);
    }
  }
  if (commands.size() > 2) return RunFlags().Failure("two commands at most are compared, with one --vs between them");
  for (const auto& command : commands) {
    if (!command.empty() && !command.front().empty()) continue;
    return RunFlags().Failure("a command is expected " +
                              std::string(commands.size() == 1 ? "after the flags" : "before and after --vs") +
                              "; see brahe run --help");
  }
  return commands;
}

Status CheckRun(const Config::Run& run) {
  if (run.repeat == 0) return RunFlags().Failure("--repeat: at least 1 is expected");
  if (run.json + run.csv + run.markdown > 1) {
    return RunFlags().Failure("a report has one form: --json, --csv or --markdown");
  }
  return {};
}

}  // namespace

const CommandFlags& RunFlags() {
  // The table of processes has a size of its own here: who does not fit in is known by his cgroup, which is enough.
  static const CommandFlags flags("run", kHead, OwnOptions(), {"cpu.max-processes"});
  return flags;
}

Result<RunLine> ParseRunLine(const Arguments& arguments) {
  auto parsed = RunFlags().Parse(arguments, kVersus);
  if (!parsed) return parsed.error();
  RunLine line;
  line.text = std::move(parsed->text);
  line.config = std::move(parsed->config);
  if (!line.text.empty()) return line;
  if (const Status checked = CheckRun(line.config.run); !checked) return checked.error();
  if (line.config.run.serve && parsed->rest < arguments.size()) {
    return RunFlags().Failure("--serve runs no command: leave out either");
  }
  if (line.config.run.serve) return line;
  auto commands = CommandsIn(Arguments(arguments.begin() + static_cast<ptrdiff_t>(parsed->rest), arguments.end()));
  if (!commands) return commands.error();
  line.commands = *std::move(commands);
  return line;
}

}  // namespace brahe::config
