#include "bench/baseline_program.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace brahe::bench {
namespace {

constexpr const char* kProgram = "on_switch";

// Sets a 4-byte setting that is fixed when the object is loaded. False if it has none of that name.
bool Set(bpf_object* object, const char* name, __u32 value) {
  const btf* types = bpf_object__btf(object);
  bpf_map* const settings = bpf_object__find_map_by_name(object, ".rodata");
  const int section_id = btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC);
  if (settings == nullptr || section_id < 0) return false;
  size_t size = 0;
  const auto* const initial = static_cast<const char*>(bpf_map__initial_value(settings, &size));
  std::vector<char> bytes(initial, initial + size);
  const btf_type* section = btf__type_by_id(types, static_cast<__u32>(section_id));
  const btf_var_secinfo* variables = btf_var_secinfos(section);
  for (__u16 i = 0; i < btf_vlen(section); ++i) {
    const btf_type* variable = btf__type_by_id(types, variables[i].type);
    if (strcmp(btf__name_by_offset(types, variable->name_off), name) != 0) continue;
    if (variables[i].size != sizeof value || variables[i].offset + sizeof value > size) return false;
    memcpy(&bytes[variables[i].offset], &value, sizeof value);
    return bpf_map__set_initial_value(settings, bytes.data(), size) == 0;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<BaselineProgram>> BaselineProgram::Load(const std::string& object_path,
                                                               cgroup_hierarchy hierarchy, size_t possible_cpus) {
  std::unique_ptr<BaselineProgram> program(new BaselineProgram);
  if (const auto opened = program->Open(object_path, hierarchy, static_cast<__u32>(possible_cpus)); !opened) {
    return opened.error();
  }
  if (const auto attached = program->Attach(); !attached) return attached.error();
  return program;
}

BaselineProgram::~BaselineProgram() {
  bpf_link__destroy(link_);
  bpf_object__close(object_);
}

Status BaselineProgram::Open(const std::string& path, cgroup_hierarchy hierarchy, __u32 possible_cpus) {
  object_ = bpf_object__open_file(path.c_str(), nullptr);
  if (object_ == nullptr) return SystemError("open BPF object " + path);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_) {
    bpf_program__set_autoload(program, strcmp(bpf_program__name(program), kProgram) == 0);
  }
  // With a single slot the program would leave at once on every other CPU, and look fast.
  bpf_map* const slots = bpf_object__find_map_by_name(object_, "cpu_slots");
  if (slots == nullptr) return MakeError("BPF object " + path + ": no map cpu_slots (take another revision)");
  bpf_map__set_max_entries(slots, possible_cpus);
  if (!Set(object_, "cgroup_hierarchy", hierarchy)) {
    return MakeError("BPF object " + path + ": no setting cgroup_hierarchy (take another revision)");
  }
  Set(object_, "cpu_count", possible_cpus);  // not every revision needs it
  if (const int error = bpf_object__load(object_); error != 0) return SystemError("load BPF object " + path, -error);
  return {};
}

Status BaselineProgram::Attach() {
  bpf_program* const program = bpf_object__find_program_by_name(object_, kProgram);
  if (program == nullptr)
    return MakeError("the baseline's BPF object has no program on_switch (take another revision)");
  link_ = bpf_program__attach(program);
  if (link_ == nullptr) return SystemError("attach the baseline's on_switch");
  return {};
}

int BaselineProgram::fd() const { return bpf_program__fd(bpf_object__find_program_by_name(object_, kProgram)); }

}  // namespace brahe::bench
