#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "userspace/base/file.h"
#include "userspace/base/fuzz.h"
#include "userspace/base/temp_tree.h"
#include "userspace/web/web_config.h"

namespace brahe::web {
namespace {

// Long enough to tell what grows faster than the text, short enough for sanitizers.
constexpr size_t kLongest = 1 << 17;

// A folder with files that the texts name, among them a pipe that nobody writes to: names are made up as well, and
// whatever they lead to must neither block nor go on for ever.
class WebConfigFuzzTest : public testing::Test {
 protected:
  WebConfigFuzzTest() {
    for (const char* name : {"server.crt", "server.key", "clients.crt"}) tree_.Write(name, Testdata(name));
    EXPECT_EQ(mkfifo(tree_.At("pipe").c_str(), 0600), 0);
  }

  static std::string Testdata(const std::string& name) {
    const auto text = ReadFile("userspace/web/testdata/" + name);
    EXPECT_TRUE(text) << text.error().message;
    return text.value_or("");
  }

  // One line about the file, without secrets.
  void CheckMessage(const std::string& message) {
    ASSERT_TRUE(message.starts_with(path_ + ":")) << message;
    ASSERT_LT(message.size(), 10'000U);
    ASSERT_TRUE(std::none_of(message.begin(), message.end(), [](unsigned char c) { return c < ' '; })) << message;
    for (const char* secret : {"-----BEGIN", "$2a$", "$2b$", "$2y$"}) {
      ASSERT_EQ(message.find(secret), std::string::npos) << message;
    }
  }

  static void CheckTls(const http::TlsOptions& tls) {
    ASSERT_NE(tls.certificate.find("-----BEGIN "), std::string::npos);
    ASSERT_NE(tls.key.find("-----BEGIN "), std::string::npos);
    ASSERT_LE(tls.min_version, tls.max_version);
    const bool verifies = tls.client_auth == http::ClientAuth::kVerifyClientCertIfGiven ||
                          tls.client_auth == http::ClientAuth::kRequireAndVerifyClientCert;
    ASSERT_TRUE(!verifies || !tls.client_ca.empty());
    const bool requires_one = tls.client_auth == http::ClientAuth::kRequireAnyClientCert ||
                              tls.client_auth == http::ClientAuth::kRequireAndVerifyClientCert;
    ASSERT_TRUE(requires_one || tls.client_allowed_sans.empty());
  }

  // What holds for every text.
  void Check(const std::string& text) {
    tree_.Write("web.yml", text.substr(0, kLongest));
    const auto config = LoadWebConfig(path_);
    if (!config) return CheckMessage(config.error().message);
    ++accepted_;
    for (const std::string& warning : config->warnings) CheckMessage(warning);
    if (config->tls) CheckTls(*config->tls);
    for (const auto& [name, hash] : config->users) {
      ASSERT_TRUE(!name.empty() && name.find(':') == std::string::npos) << name;
      ASSERT_EQ(hash.size(), 60U);
    }
    for (const auto& [name, value] : config->headers) {
      ASSERT_TRUE(std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < ' '; })) << value;
    }
    ASSERT_TRUE(!config->rate_limit || (config->rate_limit->interval.value > 0 && config->rate_limit->burst > 0));
    ASSERT_EQ(config->files.front(), path_);
  }

  TempTree tree_;
  std::string path_ = tree_.At("web.yml");
  size_t accepted_ = 0;
};

TEST_F(WebConfigFuzzTest, WhatHoldsForEveryFileHoldsForStrangeOnes) {
  Fuzz({Testdata("whole.yml"), Testdata("files.yml"), Testdata("hostile.yml")},
       [&](const std::string& text) { Check(text); });
  EXPECT_GT(accepted_, 100U);
}

}  // namespace
}  // namespace brahe::web
