// SPDX-License-Identifier: MIT
#pragma once

/// A node's own record, in the making: what the node wants to say is set here entry by entry, and published as one
/// signed delta for all changes of a turn, at most 10 a second. News of links keep a greater distance, because links
/// come up and go by the dozen and whoever hears of it verifies a signature: where something hangs on them 60 ms after
/// the first two, else 300 ms. What waits for its turn is merged, so a change that is undone in time is never sent.

#include "mesh/pacer.hpp"
#include "mesh/signed_record.hpp"

#include <askr/time.hpp>

#include <array>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace askr::mesh {

/// One new state of the own record, and how to tell those who have the one before it.
struct publication {
  signed_record_ptr record;
  std::uint64_t base = 0;
  byte_buffer entries;
  byte_buffer removed;

  /// Views into this.
  record_delta delta() const;
};

/// How soon a change has to be told.
enum class haste : std::uint8_t {
  later,  ///< A link to who is up anyway, a round trip.
  soon,   ///< A link that is gone, or leads to who was not up.
  now,    ///< Anything else.
};

class record_publisher {
 public:
  /// `signer` and `hasher` must outlive this.
  record_publisher(incarnation life, const record_signer& signer, const record_verifier& hasher,
                   const record_limits& limits);

  /// Fails with errc::too_large (key, value or all bytes) or errc::overloaded (entries); nothing changes then.
  result<void> set(std::string_view key, byte_span value, haste when = haste::now);
  void remove(std::string_view key, haste when = haste::now);
  /// Something was lost out there, so what waits may be all that is left: it becomes `soon`.
  void hasten() noexcept;
  /// Exactly these names shall stand behind this prefix, with empty values. Fails like `set`, at the first that fails.
  result<void> replace(std::string_view prefix, std::span<const std::string> names);
  /// A higher life was claimed for this identity: the next publication is a whole record of the new one.
  void restart(incarnation life);

  /// To be asked at the end of each turn: something if there is news and the rate allows it. The first is the whole
  /// record.
  std::optional<publication> publish(time_point now);
  /// When news that the rate holds back may go; the past if it may go at once.
  time_point next_timeout() const noexcept;

  /// All that is to be said of links, what is held back as well; null if nothing of it has changed since the last call.
  link_reports take_links();

  /// As published last; null before.
  const signed_record_ptr& record() const noexcept { return record_; }

 private:
  result<void> admit(std::string_view key, byte_span value) const;
  void note_change(std::string_view key, haste when);
  publication changes_since(const entry_set& published, std::uint64_t version) const;

  const record_signer& signer_;
  const record_verifier& hasher_;
  record_limits limits_;
  incarnation life_;
  std::uint64_t version_ = 0;
  signed_record_ptr record_;
  std::map<std::string, byte_buffer, entry_order> wanted_;
  std::set<std::string, entry_order> changed_;  ///< Perhaps: keys that were set or removed since.
  std::array<std::uint32_t, 256> bucket_counts_{};
  std::size_t bytes_ = 0;
  pacer rate_{100ms, 10};
  pacer spacing_{60ms, 2};
  pacer calm_{300ms, 1};
  haste haste_ = haste::later;  ///< Of all that waits.
  bool links_changed_ = false;
};

}  // namespace askr::mesh
