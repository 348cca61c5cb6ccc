// SPDX-License-Identifier: MIT
#pragma once

/// Certificates and their keys as PEM, made in memory (P-256), for tests.

#include <string>

struct evp_pkey_st;
struct x509_st;

namespace askr::test {

struct issued {
  std::string certificate;
  std::string key;
};

class authority {
 public:
  explicit authority(const std::string& name);
  ~authority();
  authority(const authority&) = delete;
  authority& operator=(const authority&) = delete;

  const std::string& certificate() const noexcept { return certificate_; }
  /// `alternative` as OpenSSL reads it: "DNS:node.example,IP:127.0.0.1". Negative days: expired since.
  issued issue(const std::string& name, const std::string& alternative = {}, int days = 30) const;

 private:
  evp_pkey_st* key_;
  x509_st* self_;
  std::string certificate_;
};

}  // namespace askr::test
