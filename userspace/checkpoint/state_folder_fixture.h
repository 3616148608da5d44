#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "userspace/base/temp_tree.h"
#include "userspace/checkpoint/checkpoint_file.h"

namespace brahe::checkpoint {

// Exits with `code`'s answer in a process of its own; that answer.
inline int InChild(const std::function<int()>& code) {
  const pid_t child = fork();
  if (child == 0) _exit(code());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// A place for a state folder, which is not there yet.
class StateFolderTest : public testing::Test {
 protected:
  [[nodiscard]] std::string Folder() const { return tree_.At("state"); }
  [[nodiscard]] std::string Path() const { return tree_.At("state/checkpoint"); }
  [[nodiscard]] std::string OpenError() const {
    const auto file = CheckpointFile::Open(Folder());
    return file ? "" : file.error().message;
  }

  const TempTree tree_;
};

}  // namespace brahe::checkpoint
