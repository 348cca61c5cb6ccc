// SPDX-License-Identifier: MIT
#pragma once

/// How often one address may show wrong credentials: so many a minute, as many at once, and no more until time has
/// passed. Right ones cost nothing. A bounded table; the address whose last wrong one is longest ago is forgotten
/// first.

#include <askr/options.hpp>
#include <askr/time.hpp>

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace askr {

class credential_guard {
 public:
  /// `options` must outlive it.
  explicit credential_guard(const node_options& options) : options_(options) {}

  bool may_try(time_point now, std::string_view address);
  void on_refused(time_point now, std::string_view address);
  std::size_t size() const noexcept { return rows_.size(); }

 private:
  struct row {
    std::string group;
    double left = 0;  ///< Tries, as of
    time_point counted;
  };

  double left(time_point now, const row& which) const noexcept;

  const node_options& options_;
  std::list<row> rows_;  ///< The latest refusal first.
  std::unordered_map<std::string, std::list<row>::iterator> places_;
};

}  // namespace askr
