// As root, outside of other user namespaces.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "userspace/web/local_guests.h"

namespace brahe::web {
namespace {

LocalGuests Nobody() { return *GuestsOf("the setting", {"user:65534", "group:65534"}); }

TEST(LocalGuestsReal, NobodyIsSomebodyWhereEverybodyHasANumber) {
  const LocalGuests guests = Nobody();
  EXPECT_EQ(guests.users, std::set<uid_t>{65534});
  EXPECT_EQ(guests.groups, std::set<gid_t>{65534});
}

// There the kernel calls everybody so whom the namespace does not know, root of the host as well.
TEST(LocalGuestsReal, NobodyIsNotLetInInAUserNamespace) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWUSER) != 0) _exit(1);
    const LocalGuests guests = Nobody();
    _exit(guests.users.empty() && guests.groups.empty() ? 0 : 2);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace brahe::web
