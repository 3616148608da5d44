#include "userspace/cpu/bpf_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <glog/logging.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <set>
#include <utility>

#include "bpf/cpu_time.skel.h"
#include "userspace/cpu/clock_check.h"
#include "userspace/cpu/cpu_visit.h"
#include "userspace/cpu/kernel_features.h"

namespace brahe::cpu {
namespace {

// Hints for threads, so many for each record.
constexpr uint32_t kHintsEach = 2;

// libbpf's lines, at VLOG(1): what matters of them comes back as an error.
int PrintLibbpf(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG || !VLOG_IS_ON(1)) return 0;
  std::string line(1 << 16, '\0');  // the verifier's reasons are long
  const int length = vsnprintf(line.data(), line.size(), format, arguments);
  VLOG(1) << "libbpf: " << Trim(line.c_str());
  return length;
}

cgroup_hierarchy HierarchyCode(const CgroupHierarchy& hierarchy) {
  if (hierarchy.v2) return CGROUP_V2;
  return hierarchy.controller == "cpuacct" ? CGROUP_V1_CPUACCT : CGROUP_V1_CPU;
}

Error WithRemedy(const Error& why) {
  return {why.code, why.message + (why.code != 0 ? " (" + BpfRemedy(why.code) + ")" : "")};
}

// Whether a feature stands on a program of cpu_time.bpf.c.
bool IsOfTheObject(const OptionalFeature& feature) {
  return feature.program != nullptr && std::string_view(feature.program) != kVisitProgram;
}

}  // namespace

uint32_t RecordCapacity(uint32_t configured, const std::vector<uint32_t>& socket_of_cpu) {
  constexpr size_t kEachCpu = 1024, kEachSocket = 65536, kMost = 1 << 20;
  if (configured != 0) return configured;
  const size_t sockets = std::set(socket_of_cpu.begin(), socket_of_cpu.end()).size();
  return static_cast<uint32_t>(std::min(kMost, std::max(socket_of_cpu.size() * kEachCpu, kEachSocket * sockets)));
}

Result<std::unique_ptr<BpfProgram>> BpfProgram::Load(const BpfProgramOptions& options) {
  libbpf_set_print(PrintLibbpf);
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    return SystemError(
        "kernel type information: open /sys/kernel/btf/vmlinux (the kernel must be built with CONFIG_DEBUG_INFO_BTF)");
  }
  std::unique_ptr<BpfProgram> program(new BpfProgram);
  if (const auto loaded = program->LoadWhatTheKernelAccepts(options); !loaded) return loaded.error();
  if (!options.claim.empty()) {
    auto claim = InstanceClaim::Take(options.claim);
    if (!claim) return claim.error();
    program->claim_.emplace(*std::move(claim));
  }
  if (const auto same = CheckClocks(); !same) return same.error();
  if (const auto mapped = program->MapMemory(options.topology); !mapped) return mapped.error();
  if (const auto freed = program->FreeAll(); !freed) return freed.error();
  if (const auto attached = program->Attach(); !attached) return attached.error();
  program->VisitCpus();
  program->NoteMissingFields();
  if (!options.pin_path.empty()) program->Pin(options.pin_path);
  return program;
}

BpfProgram::~BpfProgram() {
  pins_.reset();
  for (bpf_link* const link : links_) bpf_link__destroy(link);
  cpu_time_bpf::destroy(skeleton_);
}

bool BpfProgram::Has(std::string_view feature) const {
  const auto at = std::find_if(features_.begin(), features_.end(), [&](const auto& f) { return f.name == feature; });
  return at != features_.end() && at->on;
}

void BpfProgram::SwitchOff(std::string_view feature, const Error& why) {
  const auto of = [&](const auto& f) { return f.name == feature; };
  std::find_if(features_.begin(), features_.end(), of)->on = false;
  const auto* const optional = std::find_if(std::begin(kOptionalFeatures), std::end(kOptionalFeatures), of);
  LOG(WARNING) << "Counting in the kernel goes on without " << feature << ": " << WithRemedy(why).message << "; "
               << optional->lost;
}

// The program of a feature that the object has.
const char* BpfProgram::ProgramOf(const OptionalFeature& feature) const {
  return std::string_view(feature.name) == "exec" && !Has("strings") ? "on_exec_bare" : feature.program;
}

Status BpfProgram::LoadWhatTheKernelAccepts(const BpfProgramOptions& options) {
  capacity_ = RecordCapacity(options.max_processes, options.topology.socket_of_cpu);
  features_ = {{kEssentialFeature, true}};
  for (const OptionalFeature& feature : kOptionalFeatures) features_.push_back({feature.name, true});
  if (auto opened = Open(options, capacity_); !opened) return opened;
  if (cpu_time_bpf::load(skeleton_) == 0) return {};

  // Something is refused, and libbpf says no more than that: each program is tried by itself.
  if (const int error = Probe(options, kEssentialProgram); error != 0) {
    return WithRemedy(SystemError(std::string("load BPF program ") + kEssentialProgram, error));
  }
  if (const int error = ProbeStrings(options); error != 0) {
    SwitchOff("strings", SystemError("call BPF helper bpf_probe_read_kernel_str", error));
  }
  for (const OptionalFeature& feature : kOptionalFeatures) {
    if (!IsOfTheObject(feature)) continue;
    const int error = Probe(options, ProgramOf(feature));
    if (error != 0) SwitchOff(feature.name, SystemError(std::string("load BPF program ") + feature.program, error));
  }
  if (auto opened = Open(options, capacity_); !opened) return opened;
  if (const int error = -cpu_time_bpf::load(skeleton_); error != 0) {
    return WithRemedy(SystemError("load the BPF programs that the kernel accepts", error));
  }
  return {};
}

// The sizes of maps follow the machine and the settings.
Status BpfProgram::Open(const BpfProgramOptions& options, uint32_t capacity) {
  cpu_time_bpf::destroy(std::exchange(skeleton_, cpu_time_bpf::open()));
  if (skeleton_ == nullptr) return SystemError("open BPF object");
  skeleton_->rodata->cgroup_hierarchy = HierarchyCode(options.hierarchy);
  const uint32_t records = kOverflowRecords + capacity;
  const uint32_t hints = std::bit_ceil(capacity) * kHintsEach;
  skeleton_->rodata->hint_mask = hints - 1;
  const auto& maps = skeleton_->maps;
  bpf_map__set_max_entries(maps.cpu_slots, static_cast<uint32_t>(options.topology.socket_of_cpu.size()));
  bpf_map__set_max_entries(maps.records, records + 1);
  bpf_map__set_max_entries(maps.comms, records + 1);
  bpf_map__set_max_entries(maps.marks, records / MARKS_EACH + 1);
  bpf_map__set_max_entries(maps.hints, hints);
  bpf_map__set_max_entries(maps.procs, records);
  bpf_map__set_max_entries(maps.free_records, capacity);
  bpf_map__set_max_entries(maps.free_overflow, kOverflowRecords);
  if (options.event_buffer_bytes != 0) bpf_map__set_max_entries(maps.events, options.event_buffer_bytes);
  for (const OptionalFeature& feature : kOptionalFeatures) {
    if (!IsOfTheObject(feature)) continue;
    bpf_program__set_autoload(bpf_object__find_program_by_name(skeleton_->obj, feature.program), Has(feature.name));
  }
  const bool bare = Has("exec") && !Has("strings");
  bpf_program__set_autoload(skeleton_->progs.on_exec_bare, bare);
  if (bare) bpf_program__set_autoload(skeleton_->progs.on_exec, false);
  return {};
}

int BpfProgram::Probe(const BpfProgramOptions& options, const char* program) {
  if (const auto opened = Open(options, 1); !opened) return opened.error().code;
  bpf_program* other = nullptr;
  bpf_object__for_each_program(other, skeleton_->obj) {
    bpf_program__set_autoload(other, std::string_view(bpf_program__name(other)) == program);
  }
  return -cpu_time_bpf::load(skeleton_);
}

// on_exec can do without the helper; on_cgroup_made cannot.
int BpfProgram::ProbeStrings(const BpfProgramOptions& options) {
  const int error = Probe(options, "on_exec");
  return error != 0 && Probe(options, "on_exec_bare") == 0 ? error : 0;
}

Status BpfProgram::MapMemory(const CpuTopology& topology) {
  const auto& maps = skeleton_->maps;
  const auto reserve = [](auto& array, const bpf_map* map) -> Status {
    auto reserved = std::remove_reference_t<decltype(array)>::Reserve(bpf_map__fd(map), bpf_map__max_entries(map),
                                                                      bpf_map__name(map));
    if (!reserved) return reserved.error();
    array = *std::move(reserved);
    return {};
  };
  for (const Status& status : {reserve(slots_, maps.cpu_slots), reserve(moves_, maps.moves),
                               reserve(records_, maps.records), reserve(marks_, maps.marks)}) {
    if (!status) return status;
  }
  const auto slots = slots_.All();
  const auto moves = moves_.All();
  const auto marks = marks_.All();
  for (const auto* error :
       {slots ? nullptr : &slots.error(), moves ? nullptr : &moves.error(), marks ? nullptr : &marks.error()}) {
    if (error != nullptr) return *error;
  }
  for (size_t cpu = 0; cpu < slots_.size(); ++cpu) (*slots)[cpu].key.socket = topology.socket_of_cpu[cpu];
  marks_view_ = {*marks, marks_.size()};
  auto events = EventRing::Map(bpf_map__fd(maps.events), bpf_map__max_entries(maps.events));
  if (!events) return events.error();
  events_ = *std::move(events);
  cut_memory_ = {.control = &skeleton_->data->control, .slots = *slots, .moves = *moves, .cpus = slots_.size()};
  return {};
}

// The lowest numbers are taken first, so that few pages are touched.
Status BpfProgram::FreeAll() {
  for (uint32_t index = records(); index != 0; --index) {
    if (auto freed = Free(index); !freed) return freed;
  }
  return {};
}

Status BpfProgram::Attach() {
  const auto attach = [this](const char* name) {
    bpf_link* const link = bpf_program__attach(bpf_object__find_program_by_name(skeleton_->obj, name));
    if (link == nullptr) return errno;
    links_.push_back(link);
    return 0;
  };
  if (const int error = attach(kEssentialProgram); error != 0) {
    return WithRemedy(SystemError(std::string("attach BPF program ") + kEssentialProgram, error));
  }
  for (const OptionalFeature& feature : kOptionalFeatures) {
    if (!IsOfTheObject(feature) || !Has(feature.name)) continue;
    const int error = attach(ProgramOf(feature));
    if (error != 0) SwitchOff(feature.name, SystemError(std::string("attach BPF program ") + feature.program, error));
  }
  return {};
}

// A CPU whose task does not switch would stay unseen after the program is attached.
void BpfProgram::VisitCpus() {
  const auto visited = VisitEveryCpu({.cpu_slots_fd = bpf_map__fd(skeleton_->maps.cpu_slots),
                                      .cpus = slots_.size(),
                                      .cgroup_hierarchy = skeleton_->rodata->cgroup_hierarchy});
  if (!visited) SwitchOff("visit", visited.error());
}

// The program tells with its first switch, which our own sleep is.
void BpfProgram::NoteMissingFields() {
  usleep(1000);
  if ((__atomic_load_n(&skeleton_->bss->missing, __ATOMIC_RELAXED) & MISSING_OWN_TIME) != 0) {
    SwitchOff("own_time", MakeError("the kernel's tasks have no field prev_sum_exec_runtime"));
  }
}

// Maps only: a pinned link would go on running its program after an end by SIGKILL.
void BpfProgram::Pin(const std::string& path) {
  if (claim_ && !claim_->sees_others()) {
    LOG(INFO) << "BPF maps are not pinned: " << path << " may be another instance's; bpftool finds them by name";
    return;
  }
  auto directory = PinDirectory::Create(path, FindSurroundings());
  if (!directory) {
    LOG(INFO) << "BPF maps are not pinned: " << directory.error().message << "; bpftool finds them by name";
    return;
  }
  pins_.emplace(*std::move(directory));
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton_->obj) {
    const char* const name = bpf_map__name(map);
    if (bpf_obj_pin(bpf_map__fd(map), pins_->PathOf(name).c_str()) != 0) {
      LOG(WARNING) << "pin " << name << ": " << strerror(errno);
    }
  }
}

uint64_t BpfProgram::dropped_events() const {
  return __atomic_load_n(&skeleton_->bss->dropped_events, __ATOMIC_RELAXED);
}

std::vector<KernelProgramStats> BpfProgram::ProgramStats() const {
  std::vector<KernelProgramStats> all;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton_->obj) {
    bpf_prog_info info = {};
    __u32 size = sizeof info;
    if (!bpf_program__autoload(program)) continue;
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0) continue;
    KernelProgramStats& stats = all.emplace_back();
    stats.name = bpf_program__name(program);
    stats.runs = info.run_cnt;
    stats.run_time = {info.run_time_ns};
    // An older kernel's record ends before it.
    if (size >= offsetof(bpf_prog_info, recursion_misses) + sizeof info.recursion_misses) {
      stats.recursion_misses = info.recursion_misses;
    }
  }
  return all;
}

uint64_t BpfProgram::Births() const {
  uint64_t births = 0;
  for (size_t cpu = 0; cpu < cut_memory_.cpus; ++cpu) {
    births += __atomic_load_n(&cut_memory_.slots[cpu].births, __ATOMIC_RELAXED);
  }
  return births;
}

std::string_view BpfProgram::CommOf(uint32_t index) {
  if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.comms), &index, comm_) != 0) return "";
  return {comm_, strnlen(comm_, COMM_LENGTH)};
}

Status BpfProgram::Unlink(std::span<const task_key> keys) {
  const int fd = bpf_map__fd(skeleton_->maps.procs);
  size_t done = 0;
  while (can_delete_batches_ && done < keys.size()) {
    auto count = static_cast<uint32_t>(keys.size() - done);
    const int error = bpf_map_delete_batch(fd, &keys[done], &count, nullptr) == 0 ? 0 : errno;
    can_delete_batches_ = error == 0 || error == ENOENT;
    // After another error `count` may not have been written: those that are gone by now do not matter below.
    if (can_delete_batches_) done += count;
    if (error == ENOENT) ++done;  // it stops at a key that is not there
  }
  Status status;
  for (; done < keys.size(); ++done) {
    if (bpf_map_delete_elem(fd, &keys[done]) != 0 && errno != ENOENT) status = SystemError("delete from BPF map procs");
  }
  return status;
}

Status BpfProgram::Free(uint32_t index) {
  const bpf_map* const stack = index <= kOverflowRecords ? skeleton_->maps.free_overflow : skeleton_->maps.free_records;
  if (bpf_map_update_elem(bpf_map__fd(stack), nullptr, &index, BPF_ANY) == 0) return {};
  return SystemError(std::string("put a record back to BPF map ") + bpf_map__name(stack));
}

int BpfProgram::events_fd() const { return bpf_map__fd(skeleton_->maps.events); }

void BpfProgram::ConsumeEvents(const EventHandlers& handlers) {
  union {
    process_event process;
    cgroup_event cgroup;
  } event;
  char* const bytes = reinterpret_cast<char*>(&event);
  static_assert(offsetof(process_event, kind) == offsetof(cgroup_event, kind));
  events_.Consume({bytes, sizeof event}, [&](size_t size) {
    memset(bytes + size, 0, sizeof event - size);
    switch (event.process.kind) {
      case CGROUP_MADE:
      case CGROUP_GONE:
        return handlers.cgroup(event.cgroup);
      case PROCESS_EXEC:
      case PROCESS_FREE:
        return handlers.process(event.process);
      default:  // MANY_MOVES, which has woken us
        return;
    }
  });
}

}  // namespace brahe::cpu
