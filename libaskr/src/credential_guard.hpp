// SPDX-License-Identifier: MIT
#pragma once

/// How often one address may show wrong credentials: so many a minute, as many at once, and no more until time has
/// passed. Right ones cost nothing, but only as many are judged at a time as could be wrong; the rest wait their turn.
/// A bounded table; the address whose last wrong one is longest ago is forgotten first.

#include "libaskr/src/caller.hpp"

#include <askr/options.hpp>
#include <askr/time.hpp>

#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace askr {

class credential_guard {
 public:
  /// `options` must outlive it.
  explicit credential_guard(const node_options& options) : options_(options) {}

  /// False: it has shown too many wrong ones.
  bool may_try(time_point now, std::string_view address);
  /// False: it waits until those before it are judged; next() names it then. Else it is judged now.
  bool begin(time_point now, std::string_view address, session_id who);
  /// A right one, or a wrong one; both are over.
  void end(std::string_view address);
  void on_refused(time_point now, std::string_view address);
  /// The next that waited: to be judged if may_try(), and begun with this; else to be turned away. Nobody: keep
  /// waiting.
  std::optional<session_id> next(time_point now, std::string_view address);
  /// It has gone while it waited.
  void forget(std::string_view address, session_id who);
  std::size_t size() const noexcept { return rows_.size(); }

 private:
  struct row {
    std::string group;
    double left = 0;  ///< Tries, as of
    time_point counted;
  };

  double left(time_point now, const row& which) const noexcept;
  double left(time_point now, const std::string& group) const;

  const node_options& options_;
  std::list<row> rows_;  ///< The latest refusal first.
  std::unordered_map<std::string, std::list<row>::iterator> places_;
  struct queue {
    std::size_t under_way = 0;
    std::deque<session_id> waiting;
  };
  std::unordered_map<std::string, queue> queues_;  ///< Of addresses with a credential that is being judged.
};

}  // namespace askr
