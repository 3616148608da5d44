#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace brahe::http {

struct TestCertificate {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

struct TestCertificateOptions {
  std::string name = "test";            // the common name
  std::vector<std::string> sans = {};   // "DNS:a", "IP:127.0.0.1", "email:a@b" or "URI:a://b"
  const TestCertificate* ca = nullptr;  // signs it; null: it signs itself
  bool is_ca = false;                   // may sign others
  bool rsa = false;                     // its key is RSA of 2048 bits in place of P-256
  bool for_clients = true;              // else for servers alone
  std::chrono::hours begins{-1};        // from now
  std::chrono::hours ends{24};
};

// Makes a key and its certificate for tests; a failure ends the process.
TestCertificate MakeTestCertificate(const TestCertificateOptions& options = {});

}  // namespace brahe::http
