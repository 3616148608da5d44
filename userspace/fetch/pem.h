#pragma once

#include <optional>
#include <string>

#include "userspace/base/result.h"
#include "userspace/fetch/sealed_file.h"

namespace brahe::fetch {

// A certificate or a key: the path of a PEM file, which is read for each connection, or its content.
struct Pem {
  std::string file = {};
  std::string content = {};
  [[nodiscard]] bool empty() const { return file.empty() && content.empty(); }
};

// A Pem as a file, for a library that reads nothing else. Movable.
class PemFile {
 public:
  PemFile() = default;
  // `name` stands for content, which has no file of its own: "certificate-authority-data".
  static Result<PemFile> Make(const Pem& pem, const std::string& name);

  [[nodiscard]] bool empty() const { return path_.empty(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  // For people.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string path_;
  std::string name_;
  std::optional<SealedFile> content_;
};

}  // namespace brahe::fetch
