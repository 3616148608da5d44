#pragma once

#include <string>
#include <vector>

#include "userspace/base/result.h"

namespace brahe::cpu {

// Before the names of programs and of their links; maps have none. A program whose link is pinned is attached.
inline constexpr char kLinkPin[] = "link_", kProgramPin[] = "program_";

// What this process runs in, as far as that shows. It says how it gets at the host's BPF file system.
enum class Surroundings { kHost, kContainer, kPod };
Surroundings FindSurroundings();

// A folder under the BPF file system in which the exporter's maps have names, for bpftool. Made empty at the start and
// removed at the end. Only its owner may enter. For the one instance of a machine: what it finds there was left by one
// that was killed, or put there by somebody else, and goes. One that is this user's own already stays where its parent
// may not be written to, as when root has made it for a user that has few rights: then it is emptied only.
class PinDirectory {
 public:
  // Error that says how to get a BPF file system where `path` does not lie on one, or may not be written to: mounting
  // one in a container would make another than the host's bpftool sees.
  static Result<PinDirectory> Create(const std::string& path, Surroundings surroundings);
  // The folder that another process has left at its end. Error, ENOENT where there is none: it is not this user's own.
  static Result<PinDirectory> Open(const std::string& path);
  // Whoever's it is: to be removed only, by who has the rights.
  static Result<PinDirectory> OpenAnyones(const std::string& path);
  PinDirectory(PinDirectory&& other) noexcept : path_(std::move(other.path_)), is_kept_(other.is_kept_) {
    other.path_.clear();
  }
  PinDirectory& operator=(PinDirectory&&) = delete;
  ~PinDirectory();

  // It is left behind at the end.
  void Keep(bool keep = true) { is_kept_ = keep; }
  // Of all that is pinned there.
  [[nodiscard]] std::vector<std::string> Names() const;

  // Where `name` is to be pinned. The BPF file system takes no dots in names: they become underscores.
  [[nodiscard]] std::string PathOf(std::string name) const;
  // Removes programs and links: what is attached by them only is no longer.
  void RemovePrograms() const;
  // Error if something there is another user's: he could have put it there before the folder was this user's.
  [[nodiscard]] Status CheckOwners() const;

 private:
  explicit PinDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
  bool is_kept_ = false;
};

}  // namespace brahe::cpu
