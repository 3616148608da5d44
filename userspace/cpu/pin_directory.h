#pragma once

#include <string>

#include "userspace/base/result.h"

namespace brahe::cpu {

// What this process runs in, as far as that shows. It says how it gets at the host's BPF file system.
enum class Surroundings { kHost, kContainer, kPod };
Surroundings FindSurroundings();

// A folder under the BPF file system in which the exporter's maps have names, for bpftool. Made empty at the start and
// removed at the end. Only its owner may enter. For the one instance of a machine: what it finds there was left by one
// that was killed, or put there by somebody else, and goes.
class PinDirectory {
 public:
  // Error that says how to get a BPF file system where `path` does not lie on one, or may not be written to: mounting
  // one in a container would make another than the host's bpftool sees.
  static Result<PinDirectory> Create(const std::string& path, Surroundings surroundings);
  PinDirectory(PinDirectory&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  PinDirectory& operator=(PinDirectory&&) = delete;
  ~PinDirectory();

  // Where `name` is to be pinned. The BPF file system takes no dots in names: they become underscores.
  [[nodiscard]] std::string PathOf(std::string name) const;

 private:
  explicit PinDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace brahe::cpu
