#include "userspace/cpu/bpf_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <glog/logging.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "bpf/cpu_time.skel.h"
#include "userspace/cpu/clock_check.h"
#include "userspace/cpu/cpu_visit.h"

namespace brahe {
namespace {

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

uint32_t ProcsCapacity(uint32_t configured, size_t cpus) {
  if (configured != 0) return configured;
  return static_cast<uint32_t>(std::clamp<size_t>(cpus * 1024, 65536, 1 << 20));
}

// What a failed load most likely means, and what to do about it.
Error LoadError(int code) {
  switch (code) {
    case EPERM:
      return Error{
          code, "load BPF program: " + std::string(strerror(code)) +
                    " (run as root or grant CAP_BPF and CAP_PERFMON, before Linux 5.8 CAP_SYS_ADMIN; before 5.11 the "
                    "maps must also fit into RLIMIT_MEMLOCK)"};
    case ENOMEM:
      return Error{code, "load BPF program: no memory for its maps (lower --cpu.max-processes)"};
    default:
      return Error{code, "load BPF program: " + std::string(strerror(code)) +
                             " (Linux 5.10 or newer with BTF is needed; --log.level=debug shows the kernel's reason)"};
  }
}

}  // namespace

Result<std::unique_ptr<BpfProgram>> BpfProgram::Load(const BpfProgramOptions& options) {
  libbpf_set_print(PrintLibbpf);
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    return SystemError(
        "kernel type information: open /sys/kernel/btf/vmlinux (the kernel must be built with CONFIG_DEBUG_INFO_BTF)");
  }
  std::unique_ptr<BpfProgram> program(new BpfProgram);
  if (const auto opened = program->Open(options); !opened) return opened.error();
  auto claim = InstanceClaim::Take(options.claim);
  if (!claim) return claim.error();
  program->claim_.emplace(*std::move(claim));
  if (const auto same = CheckClocks(); !same) return same.error();
  if (const auto mapped = program->MapSlots(options.topology); !mapped) return mapped.error();
  if (const auto attached = program->Attach(); !attached) return attached.error();
  program->VisitCpus();
  program->Pin(options.pin_path);
  return program;
}

BpfProgram::~BpfProgram() {
  pins_.reset();
  ring_buffer__free(ring_);
  bpf_link__destroy(bank_iterator_);
  if (slots_ != nullptr) munmap(slots_, slots_bytes_);
  cpu_time_bpf::destroy(skeleton_);
}

Status BpfProgram::Open(const BpfProgramOptions& options) {
  skeleton_ = cpu_time_bpf::open();
  if (skeleton_ == nullptr) return SystemError("open BPF object");
  cpus_ = options.topology.socket_of_cpu.size();
  procs_capacity_ = ProcsCapacity(options.max_processes, cpus_);
  skeleton_->rodata->cpu_count = static_cast<uint32_t>(cpus_);
  skeleton_->rodata->cgroup_hierarchy = HierarchyCode(options.hierarchy);
  bpf_map__set_max_entries(skeleton_->maps.procs, procs_capacity_);
  bpf_map__set_max_entries(skeleton_->maps.cpu_slots, static_cast<uint32_t>(cpus_));
  if (options.event_buffer_bytes != 0) bpf_map__set_max_entries(skeleton_->maps.events, options.event_buffer_bytes);
  bpf_program__set_autoattach(skeleton_->progs.read_bank, false);  // needs to be told the map
  if (const int error = cpu_time_bpf::load(skeleton_); error != 0) return LoadError(-error);
  return {};
}

Status BpfProgram::MapSlots(const CpuTopology& topology) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  slots_bytes_ = (cpus_ * sizeof(cpu_slot) + page - 1) / page * page;
  void* const memory =
      mmap(nullptr, slots_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(skeleton_->maps.cpu_slots), 0);
  if (memory == MAP_FAILED) return SystemError("mmap BPF map cpu_slots");
  slots_ = static_cast<cpu_slot*>(memory);
  for (size_t cpu = 0; cpu < cpus_; ++cpu) slots_[cpu].socket = topology.socket_of_cpu[cpu];
  return {};
}

Status BpfProgram::Attach() {
  ring_ = ring_buffer__new(bpf_map__fd(skeleton_->maps.events), OnEvent, this, nullptr);
  if (ring_ == nullptr) return SystemError("map BPF ring buffer events");
  if (const int error = cpu_time_bpf::attach(skeleton_); error != 0) {
    return Error{-error, "attach BPF program to sched_switch: " + std::string(strerror(-error)) +
                             " (the kernel must have CONFIG_BPF_EVENTS and scheduler tracepoints)"};
  }
  return AttachBankIterator();
}

Status BpfProgram::AttachBankIterator() {
  bpf_iter_link_info map = {};
  map.map.map_fd = static_cast<__u32>(procs_fd());
  LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &map, .link_info_len = sizeof map);
  bank_iterator_ = bpf_program__attach_iter(skeleton_->progs.read_bank, &options);
  if (bank_iterator_ == nullptr) return SystemError("attach BPF iterator to map procs (Linux 5.10 or newer is needed)");
  return {};
}

// A CPU whose task does not switch would stay unseen after the program is attached.
void BpfProgram::VisitCpus() {
  const auto visited = VisitEveryCpu({.cpu_slots_fd = bpf_map__fd(skeleton_->maps.cpu_slots),
                                      .cpus = cpus_,
                                      .cgroup_hierarchy = skeleton_->rodata->cgroup_hierarchy});
  if (!visited) {
    LOG(WARNING) << "A task that does not leave its CPU is not charged before it does: " << visited.error().message;
  }
}

// Maps only: a pinned link would go on running its program after an end by SIGKILL.
void BpfProgram::Pin(const std::string& path) {
  if (!claim_->sees_others()) {
    LOG(INFO) << "BPF maps are not pinned: " << path << " may be another instance's; bpftool finds them by name";
    return;
  }
  auto directory = PinDirectory::Create(path);
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

volatile cut_control& BpfProgram::control() { return skeleton_->data->control; }

uint64_t BpfProgram::dropped_events() const { return const_cast<volatile __u64&>(skeleton_->bss->dropped_events); }

std::vector<KernelProgramStats> BpfProgram::ProgramStats() const {
  std::vector<KernelProgramStats> all;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton_->obj) {
    bpf_prog_info info = {};
    __u32 size = sizeof info;
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

cpu_slot BpfProgram::ReadSlot(size_t cpu) const {
  const volatile cpu_slot& slot = slots_[cpu];
  cpu_slot copy;
  for (int attempt = 1;; ++attempt) {
    const uint64_t before = slot.seq;
    std::atomic_thread_fence(std::memory_order_acquire);
    memcpy(&copy, const_cast<const cpu_slot*>(&slots_[cpu]), sizeof copy);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 == 0 && slot.seq == before) return copy;
    if (attempt % 64 == 0) usleep(20);
  }
}

uint64_t BpfProgram::Inserts() const {
  uint64_t inserts = 0;
  for (size_t cpu = 0; cpu < cpus_; ++cpu) inserts += const_cast<const volatile cpu_slot&>(slots_[cpu]).inserts;
  return inserts;
}

Status BpfProgram::ReadBank(uint32_t bank, const std::function<void(const task_reading&)>& take) {
  volatile read_request& request = skeleton_->bss->reading;
  request.bank = bank;
  request.entries = 0;
  const int iterator = bpf_iter_create(bpf_link__fd(bank_iterator_));
  if (iterator < 0) return SystemError("read BPF map procs");
  readings_.resize(1024);
  Status result;
  while (true) {
    // The kernel writes whole records only.
    const ssize_t bytes = read(iterator, readings_.data(), readings_.size() * sizeof readings_[0]);
    if (bytes == 0) break;
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) continue;  // EAGAIN: a million entries had nothing to tell
    if (bytes < 0) {
      result = SystemError("read BPF map procs");
      break;
    }
    for (size_t i = 0; i < static_cast<size_t>(bytes) / sizeof readings_[0]; ++i) take(readings_[i]);
  }
  close(iterator);
  return result;
}

uint32_t BpfProgram::procs_entries() const {
  return const_cast<const volatile read_request&>(skeleton_->bss->reading).entries;
}

int BpfProgram::procs_fd() const { return bpf_map__fd(skeleton_->maps.procs); }
int BpfProgram::overflow_fd() const { return bpf_map__fd(skeleton_->maps.cg_overflow); }
uint32_t BpfProgram::overflow_capacity() const { return bpf_map__max_entries(skeleton_->maps.cg_overflow); }
int BpfProgram::events_fd() const { return ring_buffer__epoll_fd(ring_); }

void BpfProgram::ConsumeEvents(const EventHandlers& handlers) {
  handlers_ = &handlers;
  ring_buffer__consume(ring_);
  handlers_ = nullptr;
}

int BpfProgram::OnEvent(void* context, void* data, size_t size) {
  const EventHandlers& handlers = *static_cast<const BpfProgram*>(context)->handlers_;
  union {
    process_event process;
    cgroup_event cgroup;
  } event = {};
  static_assert(offsetof(process_event, kind) == offsetof(cgroup_event, kind));
  memcpy(&event, data, std::min(size, sizeof event));
  if (event.process.kind == CGROUP_MADE) {
    handlers.cgroup(event.cgroup);
  } else {
    handlers.process(event.process);
  }
  return 0;
}

}  // namespace brahe
