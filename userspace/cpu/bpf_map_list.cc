#include "userspace/cpu/bpf_map_list.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "bpf/map_names.skel.h"
#include "userspace/base/file.h"

namespace brahe::cpu {
namespace {

static_assert(MAP_NAME_LENGTH == BPF_OBJ_NAME_LEN);

std::string ToString(const char (&name)[BPF_OBJ_NAME_LEN]) { return {name, strnlen(name, sizeof name)}; }

}  // namespace

Result<std::vector<BpfMapName>> ListBpfMaps() {
  auto maps = ListBpfMapsById();
  return maps ? std::move(maps) : ListBpfMapsByIterator();
}

Result<std::vector<BpfMapName>> ListBpfMapsById() {
  std::vector<BpfMapName> maps;
  __u32 id = 0;
  while (bpf_map_get_next_id(id, &id) == 0) {
    const UniqueFd fd(bpf_map_get_fd_by_id(id));
    if (!fd.valid() && errno == ENOENT) continue;  // gone meanwhile
    bpf_map_info info = {};
    __u32 size = sizeof info;
    if (!fd.valid() || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) {
      return SystemError("look at BPF map " + std::to_string(id));
    }
    maps.push_back({id, info.type, ToString(info.name)});
  }
  if (errno != ENOENT) return SystemError("list BPF maps");
  return maps;
}

Result<std::vector<BpfMapName>> ListBpfMapsByIterator() {
  const std::unique_ptr<map_names_bpf, void (*)(map_names_bpf*)> skeleton(map_names_bpf::open_and_load(),
                                                                          map_names_bpf::destroy);
  if (skeleton == nullptr) return SystemError("load BPF iterator over maps");
  const std::unique_ptr<bpf_link, int (*)(bpf_link*)> link(bpf_program__attach_iter(skeleton->progs.tell_map, nullptr),
                                                           bpf_link__destroy);
  if (link == nullptr) return SystemError("attach BPF iterator over maps");
  const UniqueFd iterator(bpf_iter_create(bpf_link__fd(link.get())));
  if (!iterator.valid()) return SystemError("start BPF iterator over maps");
  std::vector<BpfMapName> maps;
  map_name records[64];
  while (true) {
    // The kernel writes whole records only.
    const ssize_t bytes = read(iterator.get(), records, sizeof records);
    if (bytes == 0) return maps;
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (bytes < 0) return SystemError("read BPF iterator over maps");
    for (size_t i = 0; i < static_cast<size_t>(bytes) / sizeof records[0]; ++i) {
      maps.push_back({records[i].id, records[i].type, ToString(records[i].name)});
    }
  }
}

}  // namespace brahe::cpu
