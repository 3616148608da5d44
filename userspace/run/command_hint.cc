#include "userspace/run/command_hint.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include "userspace/base/nearest_name.h"
#include "userspace/base/result.h"
#include "userspace/base/values.h"

namespace brahe::run {
namespace {

bool IsProgram(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
}

void AddNames(const std::string& folder, std::vector<std::string>& names) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), closedir);
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_type != DT_DIR) names.emplace_back(entry->d_name);
  }
}

std::vector<std::string> NamesIn(std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const std::string_view folder = path.substr(0, path.find(':'));
    if (!folder.empty()) AddNames(std::string(folder), names);
    path.remove_prefix(std::min(path.size(), folder.size() + 1));
  }
  // Of equally near ones the same is named each time.
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string DescribeExecFailure(const std::string& program, int exec_errno, const std::string& path) {
  const std::string quoted = Quoted(program);
  const std::string reason = SystemError("", exec_errno).message.substr(2);
  if (program.find('/') != std::string::npos) {
    const bool is_there = access(program.c_str(), F_OK) == 0;
    if (exec_errno == ENOENT && is_there) return quoted + ": the interpreter that its first line names is not there";
    if (exec_errno == EACCES && is_there) return quoted + ": " + reason + "; a program needs its x bit (chmod +x)";
    return quoted + ": " + reason;
  }
  if (exec_errno != ENOENT) return quoted + ": " + reason;
  if (IsProgram("./" + program)) return quoted + ": not in PATH; did you mean ./" + Printable(program) + "?";
  const auto near = NearestName(program, NamesIn(path));
  return quoted + ": not in PATH" +
         (near ? "; did you mean " + Printable(*near) + "?"
               : "; a builtin, an alias or a pipeline of a shell needs sh -c '...'");
}

}  // namespace brahe::run
