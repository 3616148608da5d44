#include "userspace/base/temp_tree.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace brahe {
namespace fs = std::filesystem;

TempTree::TempTree() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string pattern = (base != nullptr ? std::string(base) : fs::temp_directory_path().string()) + "/tree.XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
  path_ = pattern;
}

TempTree::~TempTree() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TempTree::Write(std::string_view relative, std::string_view content) const {
  const std::string path = At(relative);
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  if (!file.flush()) throw std::runtime_error("write " + path);
}

void TempTree::MakeFolder(std::string_view relative) const { fs::create_directories(At(relative)); }

void TempTree::Link(std::string_view relative, const std::string& target) const {
  const std::string path = At(relative);
  fs::create_directories(fs::path(path).parent_path());
  fs::create_symlink(target, path);
}

void TempTree::Remove(std::string_view relative) const { fs::remove_all(At(relative)); }

}  // namespace brahe
