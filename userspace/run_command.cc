#include "userspace/run_command.h"

#include <fcntl.h>
#include <glog/logging.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <string>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/log_format.h"
#include "userspace/command_error.h"
#include "userspace/config/run_line.h"
#include "userspace/config/version.h"
#include "userspace/run/command_runner.h"
#include "userspace/run/report.h"
#include "userspace/run/run_series.h"
#include "userspace/run_counters.h"
#include "userspace/run_service.h"

namespace brahe {
namespace {

// As env, nice and timeout have it: what failed is this program, and not the command.
constexpr int kRunFailed = 125;

int Fatal(const std::string& message) { return FailCommand("run", message, kRunFailed); }

// Standard error, or the file that is to be written. Made before the command runs, so that no run is in vain.
Result<UniqueFd> OpenOutput(const std::string& output) {
  if (output.empty()) return UniqueFd(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  if (output == "-") return UniqueFd(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  UniqueFd file(open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.valid()) return SystemError("open " + output);
  return file;
}

Status WriteAll(const UniqueFd& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file.get(), text.data(), text.size());
    if (written < 0 && errno != EINTR) return SystemError("write the report");
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<std::unique_ptr<run::CommandRunner>> StartRunner(const config::Config& config) {
  const bool by_itself = geteuid() == 0 && config.run.socket.empty();
  auto counter = by_itself ? OpenCounter(config, CgroupOf::kThisProcess) : AskForCounter(config.run);
  if (!counter) return counter.error();
  return run::CommandRunner::Start(*std::move(counter), {.waits_for_all = config.run.wait}, SystemClock());
}

std::string ReportOf(const config::Config::Run& config, const run::Report& report) {
  if (config.json) return run::JsonReport(report);
  if (config.csv) return run::CsvReport(report);
  return config.markdown ? run::MarkdownReport(report) : run::TextReport(report);
}

}  // namespace

int RunCommand(int count, char** arguments) {
  auto line = config::ParseRunLine(config::Arguments(arguments, arguments + count));
  if (!line) return Fatal(line.error().message);
  if (!line->text.empty()) {
    std::cout << line->text;
    return 0;
  }
  StartLogging("brahe", line->config.log.format == "json");
  FLAGS_log_prefix = line->config.log.level != "warn";
  SetLogLevel(line->config.log.level);
  if (line->config.run.serve) {
    const Status served = ServeCounts(line->config);
    return served ? 0 : Fatal(served.error().message);
  }
  auto runner = StartRunner(line->config);
  if (!runner) return Fatal(runner.error().message);
  auto output = OpenOutput(line->config.run.output);
  if (!output) return Fatal(output.error().message);
  const auto outcome = run::RunSeries(
      **runner,
      {.commands = std::move(line->commands), .runs = line->config.run.repeat, .warm_up = line->config.run.warm_up});
  if (!outcome) return Fatal(outcome.error().message);
  if (!outcome->exec_failure.empty()) {
    std::cerr << "brahe run: " << outcome->exec_failure << "\n";
    return outcome->exit_status;
  }
  if (!outcome->series.empty()) {
    run::Origin origin = (*runner)->origin();
    origin.version = config::kVersion;
    const Status written = WriteAll(*output, ReportOf(line->config.run, {std::move(origin), outcome->series}));
    if (!written) return Fatal(written.error().message);
  }
  return outcome->exit_status;
}

}  // namespace brahe
