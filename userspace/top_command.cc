#include "userspace/top_command.h"

#include <glog/logging.h>
#include <langinfo.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "userspace/base/capabilities.h"
#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/log_format.h"
#include "userspace/base/result.h"
#include "userspace/command_error.h"
#include "userspace/config/top_line.h"
#include "userspace/log_keeper.h"
#include "userspace/monitor/host_workload_resolver.h"
#include "userspace/sources.h"
#include "userspace/top/counting_feed.h"
#include "userspace/top/curses_terminal.h"
#include "userspace/top/exporter_feed.h"
#include "userspace/top/recording.h"
#include "userspace/top/replay_feed.h"
#include "userspace/top/show.h"
#include "userspace/top/signals.h"
#include "userspace/top/view.h"

namespace brahe {
namespace {

int Fatal(const std::string& message) { return FailCommand("top", message, 1); }

std::string HostName() {
  std::string name(256, '\0');
  if (gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.c_str();
}

// Whether what is written is UTF-8, as LC_ALL, LC_CTYPE and LANG have it.
bool HasUnicode() {
  std::setlocale(LC_CTYPE, "");
  return std::string(nl_langinfo(CODESET)) == "UTF-8";
}

bool HasNoColor() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color != nullptr && *no_color != '\0';
}

// Of a table that is printed: the terminal's, or what tools take where there is none.
size_t ColumnsOfOutput() {
  constexpr size_t kOfAPipe = 120;
  winsize size = {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kOfAPipe;
}

Result<std::unique_ptr<top::Feed>> CountByItself(const config::Config& config, bool wants_documents) {
  auto sources = OpenSources(config, cpu::Purpose::kWatch);
  if (!sources) return sources.error();
  const std::string mount_point = sources->hierarchy.mount_point;
  return top::StartCounting(
      {.cpu_time = std::move(sources->cpu_time),
       .energy = std::move(sources->energy),
       .workloads = std::make_unique<monitor::HostWorkloadResolver>(config.host.procfs, mount_point),
       .cpus = nullptr},
      {.interval = config.top.interval, .node_name = HostName(), .wants_documents = wants_documents}, SystemClock());
}

// Whether it can count in the kernel.
bool MayCount() { return HasCapability(CAP_SYS_ADMIN) || (HasCapability(CAP_BPF) && HasCapability(CAP_PERFMON)); }

// Whether somebody listens at the local socket of the packaged exporter.
bool HasLocalExporter() {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string_view(config::kPackagedSocket).copy(&address.sun_path[0], sizeof address.sun_path - 1);
  const int failed = connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return failed == 0 || errno == EAGAIN;  // it has more to accept than it gets done
}

Result<std::unique_ptr<top::Feed>> FollowLocalExporter(const config::Config::Top& top) {
  return top::FollowExporter({.url = std::string("unix:") + config::kPackagedSocket, .interval = top.interval},
                             SystemClock());
}

// Without the rights to count in the kernel, a local exporter that has them knows more.
Result<std::unique_ptr<top::Feed>> CountOrAsk(const config::CommandArguments& line, bool wants_documents) {
  const bool may_ask = !line.says_how_to_count && HasLocalExporter();
  if (may_ask && !MayCount()) return FollowLocalExporter(line.config.top);
  auto counting = CountByItself(line.config, wants_documents);
  return counting || !may_ask ? std::move(counting) : FollowLocalExporter(line.config.top);
}

Result<std::unique_ptr<top::Feed>> OpenFeed(const config::CommandArguments& line, bool wants_documents) {
  const config::Config::Top& top = line.config.top;
  if (!top.replay.empty()) {
    auto recording = top::Recording::Open(top.replay);
    if (!recording) return recording.error();
    return top::Replay(*std::move(recording), /*at_once=*/top.json || top.once, SystemClock());
  }
  if (!top.url.empty()) {
    return top::FollowExporter({.url = top.url,
                                .user = top.user,
                                .password_file = top.password_file,
                                .ca_file = top.ca_file,
                                .cert_file = top.cert_file,
                                .key_file = top.key_file,
                                .insecure = top.insecure_skip_verify,
                                .interval = top.interval},
                               SystemClock());
  }
  return CountOrAsk(line, wants_documents);
}

}  // namespace

int TopCommand(int count, char** arguments) {
  auto line = config::ParseTopLine(config::Arguments(arguments, arguments + count));
  if (!line) return Fatal(line.error().message);
  if (!line->text.empty()) {
    std::cout << line->text;
    return 0;
  }
  const config::Config& config = line->config;
  const config::Config::Top& top = config.top;
  const bool is_live = !top.json && !top.once;
  StartLogging("brahe", config.log.format == "json");
  SetLogLevel(config.log.level);
  if (is_live) FLAGS_logtostderr = false;  // the screen's last line has it
  LogKeeper log;
  // Before there are threads, so that they have it.
  auto signals = top::Signals::Block();
  if (!signals) return Fatal(signals.error().message);
  std::optional<top::RecordingWriter> recorder;
  if (!top.record.empty()) {
    auto created = top::RecordingWriter::Create(top.record, top.record_limit * 1'000'000);
    if (!created) return Fatal(created.error().message);
    recorder.emplace(*std::move(created));
  }
  auto feed = OpenFeed(*line, top.json || recorder);
  if (!feed) return Fatal(feed.error().message);
  const top::ShowParts parts{.feed = **feed,
                             .signals = *signals,
                             .recorder = recorder ? &*recorder : nullptr,
                             .has_unicode = HasUnicode(),
                             .warning = [&log] {
                               const std::vector<std::string> lines = log.Take();
                               return lines.empty() ? std::string() : lines.back();
                             }};
  if (!is_live) {
    const top::PrintOptions options{.json = top.json, .once = top.once, .columns = ColumnsOfOutput()};
    const Status printed = top::Print(parts, options, top::View(top.level), SystemClock());
    return printed ? 0 : Fatal(printed.error().message);
  }
  auto terminal = top::CursesTerminal::Open(!HasNoColor());
  if (!terminal) return Fatal(terminal.error().message);
  const Status shown = top::ShowLive(parts, **terminal, top::View(top.level), SystemClock());
  terminal->reset();
  return shown ? 0 : Fatal(shown.error().message);
}

}  // namespace brahe
