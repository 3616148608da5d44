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
  if (const auto claimed = program->TakeClaim(options); !claimed) return claimed.error();
  if (const auto same = CheckClocks(); !same) return same.error();
  if (const auto mapped = program->MapMemory(); !mapped) return mapped.error();
  program->NoteSockets(options.topology);
  if (!options.pin_path.empty() && program->MayPin()) {
    // What another process has left there would run at every switch, too: it goes.
    (void)PinDirectory::Open(options.pin_path);
  }
  if (const auto freed = program->FreeAll(); !freed) return freed.error();
  if (const auto attached = program->Attach(); !attached) return attached.error();
  program->VisitCpus();
  program->NoteMissingFields();
  if (!options.pin_path.empty()) program->Pin(options);
  return program;
}

Result<std::unique_ptr<BpfProgram>> BpfProgram::Adopt(const BpfProgramOptions& options) {
  libbpf_set_print(PrintLibbpf);
  std::unique_ptr<BpfProgram> program(new BpfProgram);
  if (const auto claimed = program->TakeClaim(options); !claimed) return claimed.error();
  program->resumed_from_ = options.resume();
  if (program->resumed_from_ == nullptr) return Error{ENODATA, "nothing was kept"};
  const SourceState& state = *program->resumed_from_;
  if (state.version != SourceState::kVersion) return MakeError("it is of another version");
  if (!program->MayPin()) return MakeError("other instances cannot be seen, and it may be one's");
  if (const auto same = CheckClocks(); !same) return same.error();
  auto pins = PinDirectory::Open(options.pin_path);
  if (!pins) return pins.error();
  if (const auto own = pins->CheckOwners(); !own) {
    pins->Keep();
    return own.error();
  }
  program->pins_.emplace(*std::move(pins));
  program->pins_->Keep();  // also if this fails: whoever loads anew removes them
  program->outlives_ = true;
  program->features_ = {{kEssentialFeature, true}};
  for (const OptionalFeature& feature : kOptionalFeatures) {
    const bool off = std::ranges::find(state.features_off, feature.name) != state.features_off.end();
    program->features_.push_back({feature.name, !off});
  }
  program->capacity_ = RecordCapacity(options.max_processes, options.topology.socket_of_cpu);
  if (auto opened = program->Open(options, program->capacity_); !opened) return opened.error();
  const uint32_t hierarchy = program->skeleton_->rodata->cgroup_hierarchy;
  const uint32_t hint_mask = program->skeleton_->rodata->hint_mask;
  if (auto reused = program->ReuseMaps(options.pin_path); !reused) return reused.error();
  const bool same_code = state.program_hash == CodeHash();
  bpf_program* each = nullptr;
  if (same_code) bpf_object__for_each_program(each, program->skeleton_->obj) bpf_program__set_autoload(each, false);
  if (const int error = -cpu_time_bpf::load(program->skeleton_); error != 0) {
    return SystemError("use what is pinned in " + options.pin_path, error);
  }
  if (auto mapped = program->MapMemory(); !mapped) return mapped.error();
  if (auto same = program->CheckSettings(options.topology, hierarchy, hint_mask); !same) return same.error();
  if (same_code) {
    if (auto opened = program->OpenPrograms(); !opened) return opened.error();
    return program;
  }
  // The old ones first, for two would count everything twice.
  program->pins_->RemovePrograms();
  if (auto attached = program->Attach(); !attached) return attached.error();
  program->VisitCpus();
  if (auto pinned = program->PinPrograms(); !pinned) return pinned.error();
  LOG(INFO) << "The BPF programs of another version of Brahe were exchanged for this one's";
  return program;
}

BpfProgram::~BpfProgram() {
  pins_.reset();
  for (const auto& [name, link] : links_) bpf_link__destroy(link);  // one that is pinned stays attached
  cpu_time_bpf::destroy(skeleton_);
}

Status BpfProgram::TakeClaim(const BpfProgramOptions& options) {
  if (options.claim.empty()) return {};
  auto claim = InstanceClaim::Take(options.claim, options.outlives ? options.claim_wait : Nanoseconds{});
  if (!claim) return claim.error();
  claim_.emplace(*std::move(claim));
  return {};
}

uint32_t BpfProgram::records_id() const {
  bpf_map_info info = {};
  __u32 size = sizeof info;
  return bpf_obj_get_info_by_fd(bpf_map__fd(skeleton_->maps.records), &info, &size) == 0 ? info.id : 0;
}

// FNV-1a.
uint64_t BpfProgram::CodeHash() {
  size_t size = 0;
  const auto* const bytes = static_cast<const unsigned char*>(cpu_time_bpf::elf_bytes(&size));
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  return hash;
}

// Takes the pinned maps in place of those that the object would make, if they are the same.
Status BpfProgram::ReuseMaps(const std::string& pin_path) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton_->obj) {
    const std::string name = bpf_map__name(map);
    const UniqueFd fd(bpf_obj_get(pins_->PathOf(name).c_str()));
    bpf_map_info info = {};
    __u32 size = sizeof info;
    if (!fd.valid() || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) {
      return SystemError("open " + pins_->PathOf(name));
    }
    if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
        info.value_size != bpf_map__value_size(map) || info.max_entries != bpf_map__max_entries(map)) {
      return MakeError("its map " + name + " is of another size (" + std::to_string(info.max_entries) +
                       " entries; with these settings it has " + std::to_string(bpf_map__max_entries(map)) + ")");
    }
    if (map == skeleton_->maps.records && info.id != resumed_from_->records_id) {
      return MakeError("the kernel side in " + pin_path + " is another than the one that was kept");
    }
    if (bpf_map__reuse_fd(map, fd.get()) != 0) return SystemError("reuse BPF map " + name);
  }
  return {};
}

// What is fixed for as long as the kernel side lives.
Status BpfProgram::CheckSettings(const CpuTopology& topology, uint32_t hierarchy, uint32_t hint_mask) const {
  if (skeleton_->rodata->cgroup_hierarchy != hierarchy) return MakeError("it counts by another cgroup hierarchy");
  if (skeleton_->rodata->hint_mask != hint_mask) return MakeError("it has other settings");
  for (size_t cpu = 0; cpu < cut_memory_.cpus; ++cpu) {
    if (cut_memory_.slots[cpu].key.socket != topology.socket_of_cpu[cpu]) {
      return MakeError("CPU " + std::to_string(cpu) + " was of another socket");
    }
  }
  return {};
}

std::vector<std::string> BpfProgram::ProgramsInUse() const {
  std::vector<std::string> names = {kEssentialProgram};
  for (const OptionalFeature& feature : kOptionalFeatures) {
    if (IsOfTheObject(feature) && Has(feature.name)) names.emplace_back(ProgramOf(feature));
  }
  return names;
}

// That a link is pinned is that its program is attached.
Status BpfProgram::OpenPrograms() {
  for (const std::string& name : ProgramsInUse()) {
    bpf_link* const link = bpf_link__open(pins_->PathOf(kLinkPin + name).c_str());
    if (link == nullptr) return SystemError("open " + pins_->PathOf(kLinkPin + name));
    links_.emplace_back(name, link);
    UniqueFd program(bpf_obj_get(pins_->PathOf(kProgramPin + name).c_str()));
    if (!program.valid()) return SystemError("open " + pins_->PathOf(kProgramPin + name));
    adopted_programs_.emplace_back(name, std::move(program));
  }
  return {};
}

Status BpfProgram::PinPrograms() {
  for (const auto& [name, link] : links_) {
    const int fd = bpf_program__fd(bpf_object__find_program_by_name(skeleton_->obj, name.c_str()));
    if (bpf_obj_pin(fd, pins_->PathOf(kProgramPin + name).c_str()) != 0) return SystemError("pin program " + name);
    const int error = -bpf_link__pin(link, pins_->PathOf(kLinkPin + name).c_str());
    if (error != 0) return SystemError("pin the link of program " + name, error);
  }
  return {};
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

Status BpfProgram::MapMemory() {
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
  marks_view_ = {*marks, marks_.size()};
  auto events = EventRing::Map(bpf_map__fd(maps.events), bpf_map__max_entries(maps.events));
  if (!events) return events.error();
  events_ = *std::move(events);
  cut_memory_ = {.control = &skeleton_->data->control, .slots = *slots, .moves = *moves, .cpus = slots_.size()};
  return {};
}

void BpfProgram::NoteSockets(const CpuTopology& topology) {
  const auto slots = slots_.All();  // is mapped
  for (size_t cpu = 0; slots && cpu < slots_.size(); ++cpu) (*slots)[cpu].key.socket = topology.socket_of_cpu[cpu];
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
    links_.emplace_back(name, link);
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

// Without a claim it is nobody's but its caller's.
bool BpfProgram::MayPin() const { return !claim_ || claim_->sees_others(); }

// Links only where the programs are to outlive this one: they would go on running after an end by SIGKILL.
void BpfProgram::Pin(const BpfProgramOptions& options) {
  if (!MayPin()) {
    LOG(INFO) << "BPF maps are not pinned: " << options.pin_path
              << " may be another instance's; bpftool finds them by name";
    return;
  }
  auto directory = PinDirectory::Create(options.pin_path, FindSurroundings());
  if (!directory) {
    LOG(INFO) << "BPF maps are not pinned: " << directory.error().message << "; bpftool finds them by name";
    return;
  }
  pins_.emplace(*std::move(directory));
  bool all = true;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton_->obj) {
    const char* const name = bpf_map__name(map);
    if (bpf_obj_pin(bpf_map__fd(map), pins_->PathOf(name).c_str()) != 0) {
      LOG(WARNING) << "pin " << name << ": " << strerror(errno);
      all = false;
    }
  }
  if (!options.outlives || !all) return;
  if (const auto pinned = PinPrograms(); !pinned) {
    pins_->RemovePrograms();
    LOG(WARNING) << "CPU time is not counted while Brahe is away: " << pinned.error().message;
    return;
  }
  outlives_ = true;
  pins_->Keep();
}

uint64_t BpfProgram::dropped_events() const {
  return __atomic_load_n(&skeleton_->bss->dropped_events, __ATOMIC_RELAXED);
}

std::vector<KernelProgramStats> BpfProgram::ProgramStats() const {
  std::vector<std::pair<std::string, int>> fds;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton_->obj) {
    if (bpf_program__autoload(program)) fds.emplace_back(bpf_program__name(program), bpf_program__fd(program));
  }
  for (const auto& [name, fd] : adopted_programs_) fds.emplace_back(name, fd.get());
  std::vector<KernelProgramStats> all;
  for (const auto& [name, fd] : fds) {
    bpf_prog_info info = {};
    __u32 size = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) continue;
    KernelProgramStats& stats = all.emplace_back();
    stats.name = name;
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

// By a mapping of its own, that all of them are not resident from then on.
Status BpfProgram::ForEachRecord(const std::function<void(uint32_t, const task_record&)>& visit) {
  auto array = MappedArray<task_record>::Reserve(bpf_map__fd(skeleton_->maps.records), records() + 1, "records");
  if (!array) return array.error();
  for (uint32_t index = 1; index <= records(); ++index) {
    const auto record = array->At(index);
    if (!record) return record.error();
    visit(index, **record);
  }
  return {};
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
    if (error != 0 && error != ENOENT) {
      can_delete_batches_ = error == ENOMEM || error == EAGAIN || error == EINTR;  // next time
      break;  // `count` may not have been written: those that are gone by now do not matter below
    }
    done += count;
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
