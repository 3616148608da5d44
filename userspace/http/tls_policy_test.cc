// With a crypto policy of the system that is in force before main.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "userspace/http/test_certificates.h"
#include "userspace/http/tls_context.h"

namespace brahe::http {
namespace {

TlsOptions Options() {
  const TestCertificate server = MakeTestCertificate();
  return {.certificate = server.certificate, .key = server.key, .client_ca = ""};
}

TEST(TlsPolicy, ItsOwnStringIsNotAsked) { EXPECT_TRUE(TlsContext::Make(Options())); }

TEST(TlsPolicy, ASuiteThatItForbidsIsAnError) {
  TlsOptions options = Options();
  options.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"};
  const auto context = TlsContext::Make(options);
  ASSERT_FALSE(context);
  EXPECT_THAT(context.error().message,
              testing::StartsWith("cipher_suites: GnuTLS does not serve TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 here, "
                                  "because this system's policy forbids it; remove it"));
  options.cipher_suites.erase(options.cipher_suites.begin());
  EXPECT_TRUE(TlsContext::Make(options));
}

}  // namespace
}  // namespace brahe::http
