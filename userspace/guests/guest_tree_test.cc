#include "userspace/guests/guest_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "userspace/base/temp_tree.h"

namespace brahe::guests {
namespace {

constexpr char kCounter[] = "web/intel-rapl:0/energy_uj";

class GuestTreeTest : public testing::Test {
 protected:
  GuestTreeTest() : all_{UniqueFd(open(files_.path().c_str(), O_RDONLY | O_DIRECTORY)), files_.path()} {}

  [[nodiscard]] std::string Content(const std::string& path) const {
    const auto content = ReadFile(files_.At(path));
    return content ? *content : content.error().message;
  }
  [[nodiscard]] uint64_t Number(const std::string& path) const { return ParseUint64(Content(path)).value_or(0); }
  [[nodiscard]] struct stat Stat(const std::string& path) const {
    struct stat info = {};
    EXPECT_EQ(lstat(files_.At(path).c_str(), &info), 0) << path;
    return info;
  }
  void Use(uint64_t energy_uj) { tree_.Add(package_, {energy_uj}); }
  [[nodiscard]] std::string WriteError() {
    const Status written = tree_.Write(all_);
    return written ? "" : written.error().message;
  }

  GuestZone package_{.folder = "intel-rapl:0", .name = "package-0", .meter = {"rapl", true}};
  TempTree files_;
  Folder all_;
  GuestTree tree_{"web"};
};

TEST_F(GuestTreeTest, HasWhatReadersOfPowercapLookFor) {
  tree_.SetOwner("id");
  Use(1'234'567);
  tree_.Add({.folder = "intel-rapl:0:2", .name = "dram"}, {5});
  ASSERT_EQ(WriteError(), "");
  EXPECT_EQ(Content("web/intel-rapl:0/name"), "package-0\n");
  EXPECT_EQ(Number(kCounter), 1'234'567U);
  EXPECT_EQ(Content("web/intel-rapl:0/max_energy_range_uj"), "9223372036854775807\n");
  EXPECT_EQ(Content("web/intel-rapl:0/enabled"), "1\n");
  EXPECT_EQ(Content("web/intel-rapl:0/source"), "rapl\n");
  EXPECT_EQ(Content("web/intel-rapl:0/measured"), "1\n");
  EXPECT_EQ(Content("web/intel-rapl:0:2/name"), "dram\n");
  EXPECT_EQ(Number("web/intel-rapl:0:2/energy_uj"), 5U);
  EXPECT_EQ(Content("web/vm"), "id\nmade by brahe\n");
}

TEST_F(GuestTreeTest, IsForAllToReadAndForNobodyToWriteInSpiteOfTheUmask) {
  const mode_t before = umask(0077);
  Use(1);
  const std::string error = WriteError();
  umask(before);
  ASSERT_EQ(error, "");
  EXPECT_EQ(Stat("web").st_mode & 07777, 0755U);
  EXPECT_EQ(Stat("web/intel-rapl:0").st_mode & 07777, 0755U);
  EXPECT_EQ(Stat(kCounter).st_mode & 07777, 0644U);
  EXPECT_EQ(Stat("web/intel-rapl:0/name").st_mode & 07777, 0644U);
}

TEST_F(GuestTreeTest, ReadersThatKeepACounterOpenSeeItRise) {
  Use(9);
  ASSERT_EQ(WriteError(), "");
  const auto kept = OpenForReading(files_.At(kCounter));
  ASSERT_TRUE(kept);
  const off_t size = Stat(kCounter).st_size;
  const ino_t folder = Stat("web").st_ino;
  for (const uint64_t energy : {1, 99'999, 1'000'000'000}) {  // more digits each time
    const uint64_t before = Number(kCounter);
    Use(energy);
    ASSERT_EQ(WriteError(), "");
    const auto text = ReadFromStart(kept->get(), "kept");
    ASSERT_TRUE(text);
    EXPECT_EQ(ParseUint64(*text).value_or(0), before + energy);
    EXPECT_EQ(Stat(kCounter).st_size, size);
  }
  EXPECT_EQ(Stat("web").st_ino, folder);
}

TEST_F(GuestTreeTest, GoesOnFromTheFileAfterARestart) {
  Use(1000);
  ASSERT_EQ(WriteError(), "");
  const ino_t folder = Stat("web").st_ino;
  GuestTree next("web");
  next.Add(package_, {0});
  ASSERT_TRUE(next.Write(all_));
  EXPECT_EQ(Number(kCounter), 1000U);
  next.Add(package_, {7});
  ASSERT_TRUE(next.Write(all_));
  EXPECT_EQ(Number(kCounter), 1007U);
  EXPECT_EQ(Stat("web").st_ino, folder);
}

TEST_F(GuestTreeTest, GoesOnFromACounterOfAnotherProgramsForm) {
  files_.Write(kCounter, "5000\n");
  Use(1);
  ASSERT_EQ(WriteError(), "");
  EXPECT_EQ(Number(kCounter), 5001U);
}

TEST_F(GuestTreeTest, BelievesNoCounterThatWasNotWrittenHere) {
  for (const char* const content : {"18446744073709551615\n", "9223372036854775807\n", "-5\n", "many\n", ""}) {
    files_.Write(kCounter, content);
    GuestTree tree("web");
    tree.Add(package_, {3});
    ASSERT_TRUE(tree.Write(all_));
    EXPECT_EQ(Number(kCounter), 3U) << content;
  }
}

TEST_F(GuestTreeTest, FollowsNoLinkAndWaitsForNoPipe) {
  files_.Write("secret", "12345678901234567890");  // as long as a counter's file
  files_.MakeFolder("elsewhere");
  files_.MakeFolder("web/intel-rapl:0");
  files_.Link(kCounter, files_.At("secret"));
  files_.Link("web/intel-rapl:0/name", files_.At("secret"));
  files_.Link("web/intel-rapl:0/enabled.new", files_.At("secret"));
  files_.Link("web/intel-rapl:0:2", files_.At("elsewhere"));
  ASSERT_EQ(mkfifo(files_.At("web/vm").c_str(), 0600), 0);
  Use(4);
  tree_.Add({.folder = "intel-rapl:0:2", .name = "dram"}, {5});
  EXPECT_NE(WriteError().find("web/intel-rapl:0:2: Not a directory"), std::string::npos) << WriteError();
  EXPECT_EQ(Content("secret"), "12345678901234567890");
  EXPECT_EQ(Number(kCounter), 4U);
  EXPECT_TRUE(S_ISREG(Stat(kCounter).st_mode));
  EXPECT_TRUE(S_ISREG(Stat("web/intel-rapl:0/name").st_mode));
  EXPECT_TRUE(S_ISREG(Stat("web/vm").st_mode));
  EXPECT_FALSE(ReadFile(files_.At("elsewhere/energy_uj")));
}

TEST_F(GuestTreeTest, WritesNotIntoAFileThatHasAnotherName) {
  files_.Write("other", CounterText(1));
  files_.MakeFolder("web/intel-rapl:0");
  ASSERT_EQ(link(files_.At("other").c_str(), files_.At(kCounter).c_str()), 0);
  Use(4);
  ASSERT_EQ(WriteError(), "");
  EXPECT_EQ(Content("other"), CounterText(1));
}

TEST_F(GuestTreeTest, IsNoLinkItself) {
  files_.MakeFolder("elsewhere");
  files_.Link("web", files_.At("elsewhere"));
  Use(4);
  EXPECT_NE(WriteError().find("/web: Not a directory"), std::string::npos);
  EXPECT_FALSE(ReadFile(files_.At("elsewhere/vm")));
}

TEST_F(GuestTreeTest, WhatCouldNotBeWrittenIsWrittenLaterAndOneZoneDoesNotKeepTheOther) {
  files_.Write("web/intel-rapl:0", "in the way");
  Use(10);
  tree_.Add({.folder = "intel-rapl:0:2", .name = "dram"}, {5});
  EXPECT_NE(WriteError(), "");
  EXPECT_EQ(Number("web/intel-rapl:0:2/energy_uj"), 5U);
  Use(1);
  EXPECT_NE(WriteError(), "");
  files_.Remove("web/intel-rapl:0");
  ASSERT_EQ(WriteError(), "");
  EXPECT_EQ(Number(kCounter), 11U);
}

TEST_F(GuestTreeTest, WhatIsLostIsMadeAgainAndGoesOn) {
  Use(10);
  ASSERT_EQ(WriteError(), "");
  files_.Remove("web");
  Use(1);
  ASSERT_EQ(WriteError(), "");
  EXPECT_EQ(Number(kCounter), 11U);
  EXPECT_EQ(Content("web/intel-rapl:0/name"), "package-0\n");
}

TEST_F(GuestTreeTest, TellsWhenTheHostMeasuresNoMore) {
  Use(10);
  ASSERT_EQ(WriteError(), "");
  package_.meter.measured = false;
  Use(0);
  ASSERT_EQ(WriteError(), "");
  EXPECT_EQ(Content("web/intel-rapl:0/measured"), "0\n");
}

TEST_F(GuestTreeTest, RemovesAllOfATreeThatItMade) {
  tree_.SetOwner("id");
  Use(10);
  tree_.Add({.folder = "intel-rapl:0:2", .name = "dram"}, {5});
  ASSERT_EQ(WriteError(), "");
  const GuestTree next("web");  // after a restart
  ASSERT_TRUE(next.Remove(all_));
  EXPECT_NE(access(files_.At("web").c_str(), F_OK), 0);
  EXPECT_TRUE(next.Remove(all_)) << "it is gone";
}

TEST_F(GuestTreeTest, AFolderThatWasThereStays) {
  files_.MakeFolder("web");
  Use(10);
  ASSERT_EQ(WriteError(), "");
  ASSERT_TRUE(tree_.Remove(all_));
  EXPECT_EQ(Number(kCounter), 10U);
}

TEST_F(GuestTreeTest, WhatOthersHavePutThereStays) {
  tree_.SetOwner("id");
  Use(10);
  ASSERT_EQ(WriteError(), "");
  files_.Write("web/intel-rapl:0/theirs", "x");
  EXPECT_FALSE(tree_.Remove(all_));
  EXPECT_EQ(Content("web/intel-rapl:0/theirs"), "x");
}

}  // namespace
}  // namespace brahe::guests
