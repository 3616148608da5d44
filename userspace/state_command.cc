#include "userspace/state_command.h"

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/base/result.h"
#include "userspace/checkpoint/boot_id.h"
#include "userspace/checkpoint/checkpoint.h"
#include "userspace/checkpoint/checkpoint_file.h"
#include "userspace/checkpoint/describe.h"
#include "userspace/command_error.h"
#include "userspace/config/config.h"
#include "userspace/config/state_line.h"
#include "userspace/describe_state.h"

namespace brahe {
namespace {

using checkpoint::Checkpoint;

// Each with its function, where there is more to tell of it than its size.
constexpr checkpoint::Part kParts[] = {{"books", &Checkpoint::books, DescribeBooks},
                                       {"meters", &Checkpoint::meters, DescribeMeters},
                                       {"source", &Checkpoint::source},
                                       {"split", &Checkpoint::split},
                                       {"gpus", &Checkpoint::gpus},
                                       {"cards", &Checkpoint::cards}};

int Fatal(const std::string& message) { return FailCommand("state", message, 1); }

std::string FolderOf(const config::Config::State& state) {
  const std::string folder = config::StateFolder(state, std::getenv("STATE_DIRECTORY"));
  return folder.empty() ? config::kPackagedStateFolder : folder;
}

Error NothingKept(const std::string& folder) {
  return MakeError(folder + ": nothing is kept there; name the exporter's folder with --state.dir");
}

Result<checkpoint::Found> Find(const std::string& folder, const std::string& procfs) {
  auto stored = checkpoint::ReadCheckpointFile(folder);
  if (!stored && stored.error().code == ENOENT) return NothingKept(folder);
  if (!stored) {
    const char* const remedy = IsPermission(stored.error()) ? "; to be run as root or as the exporter's user" : "";
    return MakeError(stored.error().message + remedy);
  }
  if (!*stored) return NothingKept(folder);
  auto read = checkpoint::ReadCheckpoint((*stored)->value);
  if (!read) return MakeError((*stored)->path + ": " + read.error().message);
  return checkpoint::Found{.path = (*stored)->path,
                           .file_bytes = (*stored)->file_bytes,
                           .message_bytes = (*stored)->value.size(),
                           .checkpoint = std::move(*read),
                           .boot_id = checkpoint::BootId(procfs).value_or(""),
                           .unix_ms = UnixMilliseconds(),
                           .monotonic = SystemClock().Now()};
}

}  // namespace

int StateCommand(int count, char** arguments) {
  auto line = config::ParseStateLine(config::Arguments(arguments, arguments + count));
  if (!line) return Fatal(line.error().message);
  if (!line->text.empty()) {
    std::cout << line->text;
    return 0;
  }
  const auto found = Find(FolderOf(line->config.state), line->config.host.procfs);
  if (!found) return Fatal(found.error().message);
  std::cout << (line->config.show_state.json ? checkpoint::AsJson(*found, kParts) : checkpoint::AsText(*found, kParts));
  return 0;
}

}  // namespace brahe
