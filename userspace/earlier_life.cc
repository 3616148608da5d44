#include "userspace/earlier_life.h"

#include <glog/logging.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "userspace/attribution/baseline_state.h"
#include "userspace/base/clock.h"
#include "userspace/checkpoint/boot_id.h"
#include "userspace/energy/meter_state.h"
#include "userspace/gpu/gpu_meter_state.h"
#include "userspace/monitor/books_state.h"
#include "userspace/monitor/gpu_books_state.h"

namespace brahe {
namespace {

using checkpoint::Checkpoint;
using checkpoint::CheckpointFile;

// An exporter that is being replaced needs some time to end.
constexpr Nanoseconds kHandover = Seconds(10);

Result<CheckpointFile> OpenWhenFree(const std::string& folder) {
  const Nanoseconds end = SystemClock().Now() + kHandover;
  bool said = false;
  while (true) {
    auto file = CheckpointFile::Open(folder);
    if (file || file.error().code != EWOULDBLOCK || SystemClock().Now() > end) return file;
    if (!std::exchange(said, true)) LOG(INFO) << "Waiting for another exporter to end: " << file.error().message;
    SystemClock().SleepUntil(SystemClock().Now() + Milliseconds(20));
  }
}

// Of the parts that were written together with the books: without them, only the books go on.
template <typename T>
T PartOr(Result<T> part, const char* name, bool& whole) {
  if (part) return *std::move(part);
  LOG(WARNING) << "What was kept of " << name << " cannot be read: " << part.error().message;
  whole = false;
  return {};
}

// Only what outlives a boot: totals of zones and namespaces. Instants of another boot mean nothing.
void KeepForAnotherBoot(monitor::BooksState& books) {
  for (const monitor::ProcessState& process : books.processes) {
    for (size_t s = 0; s < books.series.size(); ++s) books.series[s].closed += process.account.energy[s];
  }
  books.processes.clear();
  books.containers.clear();
  books.vms.clear();
  books.pods.clear();
  std::erase_if(books.groups, [](const monitor::GroupState& group) { return group.level != "namespace"; });
  for (monitor::GroupState& group : books.groups) group.since = {};
  books.begin = books.end = {};
  for (monitor::ZoneBooks& zone : books.zones) zone.known_until = {};
}

std::optional<monitor::Resumption> Resumable(const Checkpoint& checkpoint, CheckpointFile& file, bool same_boot,
                                             bool nodes_go_on) {
  const std::string& path = file.path();
  const Nanoseconds now = SystemClock().Now();
  if (!same_boot && !nodes_go_on) {
    LOG(INFO) << "The machine has been started since " << path << " was written: all counters begin at 0 "
              << "(state.otherBoot)";
    return std::nullopt;
  }
  if (same_boot && checkpoint.monotonic > now) {
    LOG(WARNING) << path << " is from the future, by " << (checkpoint.monotonic - now).value / 1'000'000'000
                 << " s: all counters begin at 0";
    return std::nullopt;
  }
  auto books = monitor::ReadBooks(checkpoint.books);
  if (!books) {
    LOG(WARNING) << "All counters begin at 0: " << path << ": " << books.error().message;
    file.PutAside();
    return std::nullopt;
  }
  if (!same_boot) KeepForAnotherBoot(*books);
  monitor::Resumption resumption{.books = *std::move(books)};
  bool whole = true;
  resumption.gpu_books = PartOr(monitor::ReadGpuBooksState(checkpoint.gpus), "the GPUs' books", whole);
  if (!same_boot) {
    LOG(INFO) << "The machine has been started since " << path << " was written: the totals of the node's zones and of "
              << "namespaces go on, all other counters begin at 0 (state.otherBoot)";
    return resumption;
  }
  resumption.meter = PartOr(energy::ReadMeterState(checkpoint.meters), "the meters", whole);
  resumption.gpu_meter = PartOr(gpu::ReadGpuMeterState(checkpoint.cards), "the GPUs", whole);
  resumption.gap_is_counted = whole;
  LOG(INFO) << "Every counter goes on where it stood " << (now - checkpoint.monotonic).value / 1'000'000
            << " ms ago, in " << path;
  return resumption;
}

}  // namespace

Result<EarlierLife> OpenEarlierLife(const config::Config& config) {
  EarlierLife life;
  const std::string folder = config::StateFolder(config.state, std::getenv("STATE_DIRECTORY"));
  if (folder.empty()) return life;
  const auto boot_id = checkpoint::BootId(config.host.procfs);
  if (!boot_id) {
    LOG(WARNING) << "Counters begin at 0 after each start, as boots cannot be told apart: " << boot_id.error().message;
    return life;
  }
  auto file = OpenWhenFree(folder);
  if (!file && file.error().code == EWOULDBLOCK) return file.error();
  if (!file) {
    LOG(WARNING) << "Counters begin at 0 after each start: " << file.error().message;
    return life;
  }
  life.boot_id = *boot_id;
  life.file = *std::move(file);
  const std::string& path = life.file->path();
  auto kept = life.file->Read();
  if (!kept) {
    LOG(WARNING) << "All counters begin at 0: " << kept.error().message;
    return life;
  }
  if (!*kept) {
    LOG(INFO) << "All counters begin at 0: nothing is kept in " << path << " yet";
    return life;
  }
  auto checkpoint = checkpoint::ReadCheckpoint(**kept);
  if (!checkpoint) {
    LOG(WARNING) << "All counters begin at 0: " << path << ": " << checkpoint.error().message;
    life.file->PutAside();
    return life;
  }
  life.checkpoint = *std::move(checkpoint);
  life.same_boot = life.checkpoint.boot_id == *boot_id;
  if (life.same_boot && !life.checkpoint.source.empty()) {
    auto source = cpu::ReadSourceState(life.checkpoint.source);
    if (!source) LOG(WARNING) << path << ": of the CPU time source: " << source.error().message;
    if (source) life.source = *std::move(source);
  }
  life.resumption = Resumable(life.checkpoint, *life.file, life.same_boot, config.state.other_boot == "nodes");
  return life;
}

std::vector<attribution::ZoneBaseline> LearntOf(const EarlierLife& life, const std::vector<energy::Zone>& zones) {
  auto learnt = attribution::ReadBaseline(life.checkpoint.split, monitor::NamesOf(zones));
  if (learnt) return *std::move(learnt);
  LOG(WARNING) << "What was learnt of idle power is learnt anew: " << learnt.error().message;
  return {};
}

}  // namespace brahe
