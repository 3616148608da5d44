#pragma once

#include <string>
#include <string_view>

namespace brahe {

// A folder of a test's own that is removed with everything in it at the end.
class TempTree {
 public:
  TempTree();
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;
  ~TempTree();

  // The folder's absolute path, without a slash at its end.
  [[nodiscard]] const std::string& path() const { return path_; }
  // The absolute path of `relative` below it.
  [[nodiscard]] std::string At(std::string_view relative) const { return path_ + "/" + std::string(relative); }
  // Writes a file, making the folders above it.
  void Write(std::string_view relative, std::string_view content) const;
  void MakeFolder(std::string_view relative) const;
  void Link(std::string_view relative, const std::string& target) const;
  // Removes a file or a whole folder.
  void Remove(std::string_view relative) const;

 private:
  std::string path_;
};

}  // namespace brahe
