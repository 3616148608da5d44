#include "userspace/checkpoint/checkpoint_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <set>

#include "userspace/checkpoint/state_folder_fixture.h"

namespace brahe::checkpoint {
namespace {

class CheckpointFileTest : public StateFolderTest {
 protected:
  [[nodiscard]] CheckpointFile Opened() const {
    auto file = CheckpointFile::Open(Folder());
    EXPECT_TRUE(file) << file.error().message;
    return std::move(*file);
  }
  // What the file has, its Error, or "(none)".
  static std::string Said(const Result<std::optional<std::string>>& read) {
    return read ? read->value_or("(none)") : read.error().message;
  }
  [[nodiscard]] std::string Stored() const {
    const auto stored = ReadCheckpointFile(Folder());
    if (!stored) return stored.error().message;
    return *stored ? (*stored)->value : "(none)";
  }
  [[nodiscard]] std::string Content() const { return ReadFile(Path()).value_or(""); }
  void Put(std::string_view content) const { tree_.Write("state/checkpoint", content); }
};

std::string At(const std::string& path, const char* what) { return path + ": " + what; }

constexpr char kNone[] = "not a checkpoint of Brahe; move it away to start without it";
constexpr char kDamaged[] = "damaged, no value in it is whole; move it away to start without it";

TEST_F(CheckpointFileTest, KeepsWhatWasWrittenLast) {
  std::string last = "(none)";
  for (int run = 0; run < 4; ++run) {
    CheckpointFile file = Opened();
    EXPECT_EQ(Said(file.Read()), last);
    for (int i = 0; i < run + 4; ++i) {
      last = std::to_string(run) + "/" + std::to_string(i) + std::string(static_cast<size_t>(i * 1000), 'x');
      ASSERT_TRUE(file.Write(last));
      EXPECT_EQ(Said(file.Read()), last);
      EXPECT_EQ(Stored(), last);
      if (i == 2) {
        EXPECT_TRUE(file.Sync());
      }
    }
  }
}

TEST_F(CheckpointFileTest, AnEmptyValueIsAValue) {
  CheckpointFile file = Opened();
  ASSERT_TRUE(file.Write("x"));
  ASSERT_TRUE(file.Write(""));
  ASSERT_TRUE(*file.Read());
  EXPECT_EQ(**file.Read(), "");
}

TEST_F(CheckpointFileTest, FolderAndFileAreOfTheOwnerAlone) {
  const mode_t before = umask(0);
  { ASSERT_TRUE(Opened().Write(std::string(100'000, 'x'))); }
  umask(before);
  struct stat info = {};
  ASSERT_EQ(stat(Folder().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  chmod(Path().c_str(), 0666);
  EXPECT_EQ(OpenError(), "");
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(CheckpointFileTest, GrowsWithItsValueAndIsWrittenInPlaceOtherwise) {
  CheckpointFile file = Opened();
  const auto number = [&] {
    struct stat info = {};
    stat(Path().c_str(), &info);
    return info.st_ino;
  };
  std::set<ino_t> files;
  for (size_t size = 0; size < 100'000; size += 1000) {
    const std::string value(size, static_cast<char>('a' + size / 1000 % 26));
    ASSERT_TRUE(file.Write(value));
    EXPECT_EQ(Stored(), value);
    files.insert(number());
  }
  EXPECT_LE(files.size(), 7U);
  ASSERT_TRUE(file.Write("small"));
  EXPECT_EQ(files.count(number()), 1U);
  EXPECT_EQ(access(tree_.At("state/checkpoint.new").c_str(), F_OK), -1);
}

TEST_F(CheckpointFileTest, RefusesWhatIsTooLargeAndKeepsWhatItHad) {
  auto file = CheckpointFile::Open(Folder(), {.max_bytes = 100});
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->Write(std::string(100, 'x')));
  const Status written = file->Write(std::string(101, 'y'));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, At(Path(), "what is to be kept has 101 bytes, and at most 100 are"));
  EXPECT_EQ(Said(file->Read()), std::string(100, 'x'));
}

TEST_F(CheckpointFileTest, AFileThatWasCutOffOrChangedAnywhereHasTheNewestWholeValueOrNone) {
  {
    CheckpointFile file = Opened();
    for (const char* value : {"first", "the second", "the very third"}) ASSERT_TRUE(file.Write(value));
  }
  const std::string whole = Content();
  ASSERT_EQ(whole.size(), 3 * 4096U);
  EXPECT_EQ(Stored(), "the very third");
  const UniqueFd file(open(Path().c_str(), O_RDWR | O_CLOEXEC));
  size_t older = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    // All of a slot's header and value, and some of what means nothing.
    if (i % 4096 > 64 && i % 97 != 0) continue;
    for (const int change : {1, 0x80, 0xff}) {
      const char changed = static_cast<char>(whole[i] ^ change);
      ASSERT_EQ(pwrite(file.get(), &changed, 1, static_cast<off_t>(i)), 1);
      const std::string stored = Stored();
      if (stored == "the very third") continue;
      ASSERT_EQ(stored, "the second") << "byte " << i;
      ASSERT_GE(i, 2 * 4096U);
      ++older;
    }
    ASSERT_EQ(pwrite(file.get(), &whole[i], 1, static_cast<off_t>(i)), 1);
  }
  EXPECT_EQ(older, 3 * (32 + 14U));
  for (size_t size = whole.size() - 1; size > 0; size -= size < 64 || size > whole.size() - 64 ? 1 : 61) {
    ASSERT_EQ(ftruncate(file.get(), static_cast<off_t>(size)), 0);
    EXPECT_EQ(Stored(), At(Path(), size < 32 ? kNone : kDamaged)) << size;
  }
}

TEST_F(CheckpointFileTest, AfterDamageToAllOfItSaysSoAndPutsItAside) {
  { ASSERT_TRUE(Opened().Write("value")); }
  std::string damaged = Content();
  damaged[33] = 'X';
  Put(damaged);
  CheckpointFile file = Opened();
  EXPECT_EQ(Said(file.Read()), At(Path(), "damaged, no value in it is whole; move it away to start without it"));
  ASSERT_TRUE(file.Write("anew"));
  EXPECT_EQ(Said(file.Read()), "anew");
  EXPECT_TRUE(ReadFile(tree_.At("state/checkpoint.unreadable")).value_or("") == damaged);
  ASSERT_TRUE(file.Write("and on"));
  EXPECT_TRUE(ReadFile(tree_.At("state/checkpoint.unreadable")).value_or("") == damaged);
}

TEST_F(CheckpointFileTest, OfAnotherFormatItSaysWhich) {
  { ASSERT_TRUE(Opened().Write("value")); }
  std::string other = Content();
  for (const bool newer : {true, false}) {
    other[8] = newer ? 2 : 0;
    Put(other);
    EXPECT_EQ(Stored(), At(Path(), newer ? "written in format 2 by a newer release, this one reads format 1; move it "
                                           "away to start without it, or go on with that release"
                                         : "written in format 0 by an older release, this one reads format 1; move it "
                                           "away to start without it, or go on with that release"));
    // Also where that release has slots of another size.
    Put(other + "more");
    EXPECT_NE(Stored().find("written in format"), std::string::npos);
  }
}

TEST_F(CheckpointFileTest, WhatIsNoCheckpointIsToldApart) {
  tree_.MakeFolder("state");
  EXPECT_EQ(Stored(), "(none)");
  Put("");
  EXPECT_EQ(Stored(), "(none)");
  for (const std::string& content : {std::string("joules: 1\n"), std::string(3 * 4096, '\0')}) {
    Put(content);
    EXPECT_EQ(Stored(), At(Path(), kNone));
  }
  Put("");
  ASSERT_EQ(truncate(Path().c_str(), off_t{1} << 40), 0);
  EXPECT_EQ(Stored(), At(Path(), "too large for a checkpoint, 1099511627776 bytes; move it away to start without it"));
}

TEST_F(CheckpointFileTest, PipesLinksAndFoldersAreRefusedAndNotWaitedFor) {
  tree_.MakeFolder("state");
  const auto expect = [&](const char* kind) {
    const std::string said = Path() + ": " + kind + ", where a file is expected; move it away";
    EXPECT_EQ(OpenError(), said);
    EXPECT_EQ(Stored(), said);
    tree_.Remove("state/checkpoint");
  };
  mkfifo(Path().c_str(), 0600);
  expect("a pipe");
  tree_.Write("elsewhere", "");
  tree_.Link("state/checkpoint", tree_.At("elsewhere"));
  expect("a symbolic link");
  tree_.MakeFolder("state/checkpoint");
  expect("a folder");
  tree_.Remove("state");
  tree_.Write("state", "");
  EXPECT_EQ(OpenError(), "open the folder " + Folder() + ": Not a directory");
}

TEST_F(CheckpointFileTest, ALinkToTheFolderIsFollowed) {
  tree_.MakeFolder("elsewhere");
  tree_.Link("state", tree_.At("elsewhere"));
  ASSERT_TRUE(Opened().Write("value"));
  EXPECT_EQ(Stored(), "value");
}

TEST_F(CheckpointFileTest, OfTwoExportersTheSecondIsRefusedAlsoAfterTheFileGrew) {
  const std::string refused =
      At(Path(), "another exporter writes there; stop it, or give this one a folder of its own with --state.dir");
  {
    CheckpointFile first = Opened();
    EXPECT_EQ(OpenError(), refused);
    ASSERT_TRUE(first.Write(std::string(50'000, 'x')));
    EXPECT_EQ(OpenError(), refused);
    const CheckpointFile moved = std::move(first);
    EXPECT_EQ(OpenError(), refused);
    EXPECT_EQ(Stored(), std::string(50'000, 'x')) << "who only looks is let in";
  }
  EXPECT_EQ(OpenError(), "");
}

// Mounts a file system at the folder for one process, which `code` is.
int WithMount(const std::string& folder, const char* options, const std::function<int()>& code) {
  return InChild([&] {
    const bool there = unshare(CLONE_NEWNS) == 0 && mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       mount("state", folder.c_str(), "tmpfs", 0, options) == 0;
    return there ? code() : 100;
  });
}

TEST_F(CheckpointFileTest, WhereTheDiskIsFullTheLastValueStays) {
  ASSERT_EQ(geteuid(), 0U) << "as root";
  tree_.MakeFolder("state");
  const auto code = [&] {
    CheckpointFile file = Opened();
    if (!file.Write("small")) return 1;
    const Status written = file.Write(std::string(20'000, 'x'));
    if (written || written.error().code != ENOSPC) return 2;
    if (written.error().message != "make room in " + Path() + ".new: No space left on device") {
      return 3;
    }
    if (Said(file.Read()) != "small" || Stored() != "small") return 4;
    if (access((Path() + ".new").c_str(), F_OK) == 0) return 5;
    // What fits goes on: its place was made before.
    const Status filled = WriteFile(Folder() + "/other", std::string(100'000, 'x'));
    if (filled) return 6;
    for (int i = 0; i < 9; ++i) {
      if (!file.Write(std::string(4000, static_cast<char>('a' + i))) || !file.Sync()) return 7;
    }
    return Stored() == std::string(4000, 'i') ? 0 : 8;
  };
  EXPECT_EQ(WithMount(Folder(), "size=64k", code), 0);
}

TEST_F(CheckpointFileTest, WhereTheDiskIsReadOnlyItSaysSoAndCanBeRead) {
  ASSERT_EQ(geteuid(), 0U) << "as root";
  { ASSERT_TRUE(Opened().Write("value")); }
  const auto code = [&] {
    if (mount(Folder().c_str(), Folder().c_str(), nullptr, MS_BIND, nullptr) != 0 ||
        mount("", Folder().c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
      return 1;
    }
    if (Stored() != "value") return 2;
    const std::string said =
        "open " + Path() + ": Read-only file system; choose a folder that can be written with --state.dir";
    return OpenError() == said ? 0 : 3;
  };
  EXPECT_EQ(InChild([&] {
              return unshare(CLONE_NEWNS) == 0 && mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 ? code()
                                                                                                             : 100;
            }),
            0);
}

// A value that tells its number, of a length that hangs on it.
std::string Numbered(uint64_t number) {
  std::string value = std::to_string(number) + ":";
  value.resize(value.size() + number * 7919 % 30'000, static_cast<char>('a' + number % 26));
  return value;
}

TEST_F(CheckpointFileTest, AKilledWriterLeavesTheLastValueOrTheOneBefore) {
  uint64_t last = 0;
  int within_a_write = 0;
  for (int kill_number = 0; kill_number < 100; ++kill_number) {
    int numbers[2];
    ASSERT_EQ(pipe(numbers), 0);
    const pid_t child = fork();
    if (child == 0) {
      auto file = CheckpointFile::Open(Folder());
      for (uint64_t number = last + 1; file; ++number) {
        if (!file->Write(Numbered(number)) || (number % 5 == 0 && !file->SyncIfDue(Seconds(number)))) break;
        if (write(numbers[1], &number, sizeof number) != sizeof number) break;
      }
      _exit(1);
    }
    close(numbers[1]);
    uint64_t told = last;
    // Killed at another instant each time, after some values were told of.
    for (int i = 0; i < kill_number % 7 + 1; ++i) {
      ASSERT_EQ(read(numbers[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));
    }
    usleep(static_cast<useconds_t>(kill_number * 37 % 500));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    for (uint64_t more = 0; read(numbers[0], &more, sizeof more) == sizeof more;) told = more;
    close(numbers[0]);
    const std::string stored = Stored();
    const uint64_t number = std::strtoull(stored.c_str(), nullptr, 10);
    ASSERT_EQ(stored, Numbered(number));
    // Nothing that was told of is missing, and what was not told of is at most the next one.
    ASSERT_GE(number, told);
    ASSERT_LE(number, told + 1);
    within_a_write += number > told ? 1 : 0;
    last = number;
  }
  RecordProperty("killed_after_a_write_that_was_not_told_of", within_a_write);
}

// What the file has if the two other slots are lost, as by a loss of power while they are written back.
TEST_F(CheckpointFileTest, WhatWasSyncedLastIsLeftAloneUntilTheNextSync) {
  CheckpointFile file = Opened();
  ASSERT_TRUE(file.Write("0"));
  ASSERT_TRUE(file.Sync());
  std::string synced = "0";
  for (int i = 1; i < 30; ++i) {
    ASSERT_TRUE(file.Write(std::to_string(i)));
    EXPECT_NE(Content().find(std::string("\0", 1) + synced + std::string("\0", 1)), std::string::npos) << i;
    std::string content = Content();
    // The slots that do not have the synced value are spoilt.
    for (size_t slot = 0; slot < 3; ++slot) {
      if (content.substr(slot * 4096 + 32, synced.size() + 1) == synced + std::string("\0", 1)) continue;
      content[slot * 4096 + 32] = '?';
    }
    tree_.Write("lost/checkpoint", content);
    const auto stored = ReadCheckpointFile(tree_.At("lost"));
    ASSERT_TRUE(stored && *stored) << i;
    EXPECT_EQ((*stored)->value, synced);
    if (i % 7 == 0) {
      ASSERT_TRUE(file.Sync());
      synced = std::to_string(i);
    }
  }
}

TEST_F(CheckpointFileTest, SyncsAPeriodAfterTheLastTimeAndAtOnceWhereTheFileIsNew) {
  const auto file_with = [&](Nanoseconds period) { return CheckpointFile::Open(Folder(), {.sync_period = period}); };
  // Which value survives the loss of the others tells what was synced: that one is never overwritten.
  const auto keeps = [&](const std::string& value) {
    return Content().find(value + std::string("\0", 1)) != std::string::npos;
  };
  auto file = file_with(Seconds(60));
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->Write("value1"));
  ASSERT_TRUE(file->SyncIfDue(Seconds(1000)));  // a new file: at once
  for (const char* value : {"value2", "value3", "value4", "value5"}) ASSERT_TRUE(file->Write(value));
  EXPECT_TRUE(keeps("value1"));
  ASSERT_TRUE(file->SyncIfDue(Seconds(1059)));  // too early
  for (const char* value : {"value6", "value7", "value8"}) ASSERT_TRUE(file->Write(value));
  EXPECT_TRUE(keeps("value1"));
  ASSERT_TRUE(file->SyncIfDue(Seconds(1060)));
  for (const char* value : {"value9", "valueA", "valueB"}) ASSERT_TRUE(file->Write(value));
  EXPECT_FALSE(keeps("value1"));
  EXPECT_TRUE(keeps("value8"));
  ASSERT_TRUE(file->Write("value1"));
  ASSERT_TRUE(file->Sync());  // whenever
  for (const char* value : {"valueC", "valueD", "valueE"}) ASSERT_TRUE(file->Write(value));
  EXPECT_TRUE(keeps("value1"));
}

}  // namespace
}  // namespace brahe::checkpoint
