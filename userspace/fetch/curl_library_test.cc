#include "userspace/fetch/curl_library.h"

#include <gtest/gtest.h>

#include "userspace/base/temp_tree.h"

namespace brahe::fetch {
namespace {

TEST(CurlLibraryTest, TheOneOfThisMachineHasTheTlsOfOurServer) {
  const Result<CurlLibrary>& curl = Curl();
  ASSERT_TRUE(curl) << curl.error().message;
  CURL* handle = curl->easy_init();
  ASSERT_NE(handle, nullptr);
  curl_tlssessioninfo* session = nullptr;
  ASSERT_EQ(curl->easy_getinfo(handle, CURLINFO_TLS_SSL_PTR, &session), CURLE_OK);
  EXPECT_EQ(session->backend, CURLSSLBACKEND_GNUTLS);
  curl->easy_cleanup(handle);
}

TEST(CurlLibraryTest, AMissingLibraryIsNamedWithItsPackage) {
  const auto curl = LoadCurl("libcurl-gnutls.so.none");
  ASSERT_FALSE(curl);
  EXPECT_EQ(curl.error().message,
            "cannot load libcurl-gnutls.so.none: cannot open shared object file: No such file or directory; following "
            "pods, pushing by OTLP and asking an exporter need it: apt-get install libcurl3-gnutls");
}

TEST(CurlLibraryTest, WhatIsNotLibcurlIsAnErrorThatNamesWhatItLacks) {
  const auto other = LoadCurl("libc.so.6");
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("curl_global_init"), std::string::npos) << other.error().message;
  TempTree tree;
  tree.Write("empty.so", "");
  const auto empty = LoadCurl(tree.At("empty.so"));
  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().message.find("empty.so: file too short; "), std::string::npos) << empty.error().message;
}

}  // namespace
}  // namespace brahe::fetch
