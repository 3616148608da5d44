#include "userspace/base/standard_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <initializer_list>

namespace brahe {
namespace {

// In a process of its own: whether, with `closed` closed, all three are open afterwards, those on /dev/null, the others
// untouched, and the next file that is opened is none of them.
bool OpensThem(std::initializer_list<int> closed) {
  const pid_t child = fork();
  if (child == 0) {
    struct stat null {};
    struct stat before[3] = {};
    stat("/dev/null", &null);
    for (int fd = 0; fd < 3; ++fd) {
      dup2(open("/", O_RDONLY), fd);
      fstat(fd, &before[fd]);
    }
    for (const int fd : closed) {
      close(fd);
      before[fd] = null;
    }
    bool right = static_cast<bool>(OpenStandardFiles());
    for (int fd = 0; fd < 3; ++fd) {
      struct stat now {};
      right = right && fstat(fd, &now) == 0 && now.st_ino == before[fd].st_ino && now.st_dev == before[fd].st_dev;
    }
    _exit(right && open("/", O_RDONLY) > 2 ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(OpenStandardFiles, OpensWhatIsClosedAndLeavesTheOthers) {
  EXPECT_TRUE(OpensThem({}));
  EXPECT_TRUE(OpensThem({0}));
  EXPECT_TRUE(OpensThem({1}));
  EXPECT_TRUE(OpensThem({2}));
  EXPECT_TRUE(OpensThem({0, 2}));
  EXPECT_TRUE(OpensThem({0, 1, 2}));
}

}  // namespace
}  // namespace brahe
