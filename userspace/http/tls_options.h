#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace brahe::http {

// What is asked of clients' certificates; Go's names.
enum class ClientAuth : uint8_t {
  kNoClientCert,
  kRequestClientCert,           // asked for, and not looked at
  kRequireAnyClientCert,        // there must be one, whoever signed it
  kVerifyClientCertIfGiven,     // there need not be one
  kRequireAndVerifyClientCert,  // signed by the client CA
};

enum class TlsVersion : uint8_t { k10, k11, k12, k13 };

struct TlsOptions {
  std::string certificate;  // PEM, with its chain
  std::string key;          // PEM
  std::string client_ca;    // PEM; empty: none
  ClientAuth client_auth = ClientAuth::kNoClientCert;
  // A client's certificate must have one of these names (DNS, IP, e-mail or URI), to the letter; empty: any will do.
  std::vector<std::string> client_allowed_sans = {};
  TlsVersion min_version = TlsVersion::k12;
  TlsVersion max_version = TlsVersion::k13;
  // Names as in IANA's registry, for versions up to 1.2, in order of preference; empty: the library's choice.
  std::vector<std::string> cipher_suites = {};
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curve_preferences = {};  // Go's names: CurveP256, CurveP384, CurveP521, X25519
};

}  // namespace brahe::http
