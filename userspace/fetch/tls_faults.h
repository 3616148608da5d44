#pragma once

#include <string>

namespace brahe::fetch {

// What GnuTLS knows of a TLS connection that failed, and libcurl does not pass on.

// Why a server's certificate is not trusted. `status` is what libcurl calls the result of the verification (bits of
// gnutls_certificate_status_t); empty: it found nothing wrong.
std::string WhyNotTrusted(long status);

// What is wrong with a PEM file of authorities. Empty: nothing.
std::string FaultOfAuthorities(const std::string& file);

// What is wrong with a client's certificate and key, PEM files. Empty: nothing.
std::string FaultOfKeyPair(const std::string& certificate, const std::string& key);

}  // namespace brahe::fetch
