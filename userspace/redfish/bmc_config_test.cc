#include "userspace/redfish/bmc_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "userspace/base/temp_tree.h"

namespace brahe::redfish {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Result<BmcConfig> Parse(const std::string& content, const std::string& node = "n1") {
  return ParseBmcConfig("r.yaml", content, node);
}

std::string ErrorOf(const std::string& content) {
  const auto config = Parse(content);
  return config ? "" : config.error().message;
}

constexpr char kTwoNodes[] = R"(nodes:
  n1: bmc-1
  n2: bmc-2
bmcs:
  bmc-1:
    endpoint: "https://192.0.2.1/"
    username: "admin"
    password: "s3cret"
  bmc-2:
    endpoint: https://192.0.2.2
    insecure: true
)";

TEST(BmcConfig, IsWhatKeplersFileSaysOfTheNode) {
  const auto config = Parse(kTwoNodes);
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_TRUE(config->bmc);
  EXPECT_EQ(config->bmc->id, "bmc-1");
  EXPECT_EQ(config->bmc->endpoint, "https://192.0.2.1");
  EXPECT_EQ(config->bmc->username, "admin");
  EXPECT_EQ(config->bmc->password, "s3cret");
  EXPECT_FALSE(config->bmc->insecure);
  EXPECT_THAT(config->warnings, IsEmpty());
}

TEST(BmcConfig, MayHaveNoCredentialsAndSaysThatAnyCertificateIsTaken) {
  const auto config = Parse(kTwoNodes, "n2");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->bmc->insecure);
  EXPECT_EQ(config->bmc->username, "");
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("r.yaml:9: bmcs.bmc-2: insecure: any certificate is taken")));
}

TEST(BmcConfig, HasNoBmcForANodeThatTheFileDoesNotHave) {
  const auto config = Parse(kTwoNodes, "n3");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_FALSE(config->bmc);
}

TEST(BmcConfig, NamesOfNodesMayHaveDotsAndBeShared) {
  const auto config = Parse(
      "nodes: {a.b.example: x, n1: x}\nbmcs: {x: {endpoint: 'http://127.0.0.1:8000', caFile: /c}}", "a.b.example");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->bmc->id, "x");
  EXPECT_EQ(config->bmc->ca_file, "/c");
}

TEST(BmcConfig, AFaultIsSaidWithItsPlaceAndTheRemedyAndWithoutAValue) {
  EXPECT_EQ(ErrorOf("bmcs: {b: {endpoint: https://h}}"), "r.yaml: nodes: no node has a BMC; give lines of NODE: BMC");
  EXPECT_EQ(ErrorOf("nodes: {n1: b}"), "r.yaml: bmcs: there is no BMC; give each an endpoint");
  EXPECT_EQ(ErrorOf("nodes: {n1: c}\nbmcs: {b: {endpoint: https://h}}"),
            "r.yaml:1: nodes.n1: bmcs does not have \"c\"");
  EXPECT_THAT(ErrorOf("nodes: {n1: b}\nbmcs:\n  b: {username: u, password: p}"),
              HasSubstr("r.yaml:3: bmcs.b.endpoint: the URL of the BMC is missing"));
  EXPECT_THAT(ErrorOf("nodes: {n1: b}\nbmcs:\n  b:\n    endpoint: https://h\n    username: u\n"),
              HasSubstr("r.yaml:3: bmcs.b.password: is missing, as there is a username"));
  EXPECT_THAT(ErrorOf("nodes: {n1: b}\nbmcs:\n  b:\n    endpoint: https://h\n    password: s3cret\n"),
              HasSubstr("bmcs.b.username: is missing"));
  EXPECT_THAT(ErrorOf("nodes: {n1: b}\nbmcs:\n  b:\n    endpoint: h.example\n"),
              HasSubstr("r.yaml:4: bmcs.b.endpoint"));
  EXPECT_EQ(ErrorOf("nodes: {n1: b}\nbmcs: {b: {endpoint: https://h, insecure: s3cret}}"),
            "r.yaml:2: bmcs.b.insecure: true or false is expected");
  EXPECT_THAT(ErrorOf("nodes: [n1]"), HasSubstr("r.yaml:1: nodes: names with a value each are expected, not a list"));
  EXPECT_THAT(ErrorOf("nodes: {n1: b, n1: b}\nbmcs: {b: {endpoint: https://h}}"), HasSubstr("is there twice"));
  for (const char* const content : {"s3cret", "nodes: s3cret", "nodes: {n1: b}\nbmcs: {b: s3cret}",
                                    "nodes: {n1: b}\nbmcs: {b: {endpoint: 'https://u:s3cret@h'}}",
                                    "nodes: {n1: b}\nbmcs: {b: {password: [s3cret]}}", "s3cret: [", "\"s3cret"}) {
    EXPECT_THAT(ErrorOf(content), Not(HasSubstr("s3cret"))) << content;
    EXPECT_THAT(ErrorOf(content), HasSubstr("r.yaml")) << content;
  }
}

TEST(BmcConfig, WhatIsWrongWithOthersIsAWarning) {
  const auto config =
      Parse("nodes: {n1: b, n2: gone}\nbmcs:\n  b: {endpoint: https://h, pasword: p}\n  c: {username: u}\nextra: 1\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->bmc->id, "b");
  EXPECT_THAT(config->warnings,
              ElementsAre(HasSubstr("r.yaml:5: extra: unknown key, ignored"), HasSubstr("nodes.n2: bmcs does not have"),
                          HasSubstr("bmcs.b.pasword: unknown key, ignored; did you mean password?"),
                          HasSubstr("bmcs.c.endpoint")));
}

TEST(BmcConfig, APasswordOverPlainHttpIsAWarning) {
  const auto config = Parse("nodes: {n1: b}\nbmcs: {b: {endpoint: http://192.0.2.1, username: u, password: s3cret}}");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("the password goes over plain http")));
}

TEST(BmcConfig, AFileThatEverybodyMayReadIsAWarning) {
  TempTree tree;
  tree.Write("r.yaml", kTwoNodes);
  const std::string path = tree.At("r.yaml");
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_THAT(ReadBmcConfig(path, "n1")->warnings, ElementsAre(HasSubstr("everybody on this machine may read it")));
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  EXPECT_THAT(ReadBmcConfig(path, "n1")->warnings, IsEmpty());
  EXPECT_THAT(ReadBmcConfig(tree.At("gone.yaml"), "n1").error().message, HasSubstr("gone.yaml"));
}

}  // namespace
}  // namespace brahe::redfish
