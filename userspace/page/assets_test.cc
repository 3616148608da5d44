#include "userspace/page/assets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "userspace/http/gunzip.h"

namespace brahe::page {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string Plain(const Asset& asset) { return http::Gunzip(asset.gzip); }

std::string FileOf(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Assets, AreTheFilesOfTheTree) {
  for (const char* name : {"page.js", "page.css"}) {
    const auto asset = FindAsset(name);
    ASSERT_TRUE(asset) << name;
    EXPECT_EQ(Plain(*asset), FileOf(std::string("userspace/page/assets/") + name));
  }
}

TEST(Assets, HaveTheirTypes) {
  EXPECT_EQ(FindAsset("page.js")->content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(FindAsset("page.css")->content_type, "text/css; charset=utf-8");
  EXPECT_EQ(FindAsset("d3-license.txt")->content_type, "text/plain; charset=utf-8");
}

TEST(Assets, HaveTagsOfTheirOwn) {
  const std::string tag = FindAsset("page.js")->etag;
  EXPECT_THAT(tag, MatchesRegex("W/\"[0-9a-f]*\""));
  EXPECT_EQ(tag.size(), 36U);
  EXPECT_NE(tag, FindAsset("page.css")->etag);
}

TEST(Assets, HaveD3WithItsLicence) {
  const std::string d3 = Plain(*FindAsset("d3.js"));
  for (const char* module : {"d3-array/ v", "d3-shape/ v", "d3-scale/ v"}) EXPECT_THAT(d3, HasSubstr(module));
  EXPECT_LT(FindAsset("d3.js")->gzip.size(), d3.size() / 2);
  const std::string license = Plain(*FindAsset("d3-license.txt"));
  EXPECT_THAT(license, HasSubstr("Mike Bostock"));
  EXPECT_THAT(license, HasSubstr("Redistribution and use"));
}

TEST(Assets, NoOtherNameIsOne) {
  for (const char* name : {"", "page", "page.js/", "../page.js", "assets/page.js", "PAGE.JS"}) {
    EXPECT_FALSE(FindAsset(name)) << name;
  }
}

}  // namespace
}  // namespace brahe::page
