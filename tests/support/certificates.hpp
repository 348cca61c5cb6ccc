// SPDX-License-Identifier: MIT
#pragma once

/// Certificates and their keys as PEM, made in memory (P-256), for tests.

#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace askr::test {

struct issued {
  std::string certificate;
  std::string key;
};

class authority {
 public:
  static constexpr long month_s = 30 * 86'400;

  explicit authority(const std::string& name, long valid_s = month_s);
  ~authority();
  authority(const authority&) = delete;
  authority& operator=(const authority&) = delete;

  const std::string& certificate() const noexcept { return certificate_; }
  /// `alternative` as OpenSSL reads it: "DNS:node.example,IP:127.0.0.1". Negative seconds: expired since.
  issued issue(const std::string& name, const std::string& alternative = {}, long valid_s = month_s,
               const std::vector<std::string>& organizations = {}) const;

 private:
  evp_pkey_st* key_;
  x509_st* self_;
  std::string certificate_;
};

}  // namespace askr::test
