// SPDX-License-Identifier: MIT
#pragma once

/// At most once: which commands of a caller have been seen. A caller counts its commands (mid), so a sliding window
/// over the last 4,096 numbers is enough: what is older is refused, what is in the window and marked is a duplicate.
/// Memory and time are constant, whatever numbers come. Source: the anti-replay window of RFC 4303, section 3.4.3; a
/// ring of words as in RFC 6479.

#include <askr/node_id.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace askr::mesh {

enum class mid_verdict : std::uint8_t {
  fresh,
  duplicate,
  too_old,  ///< Behind the window, or of an earlier life of its caller: may have been seen.
};

class mid_window {
 public:
  static constexpr std::size_t bits = 4'096;

  /// Marks it as seen if it is fresh.
  mid_verdict accept(std::uint64_t mid) noexcept;

 private:
  static constexpr std::uint64_t words = bits / 64 + 1;  ///< One more: the window rarely starts at a word.

  void advance(std::uint64_t word) noexcept;

  std::array<std::uint64_t, words> seen_{};  ///< Word w of all numbers stands at w % words.
  std::uint64_t head_ = 0;                   ///< The highest word so far.
  std::uint64_t highest_ = 0;
};

/// The mids of commands with payloads that travel in chunks, and so behind smaller ones, have this bit set, and a
/// window of their own. docs/protocol.md, "Command, reply, cancel".
inline constexpr std::uint64_t large_mid = std::uint64_t{1} << 63;

/// Two windows for each caller; about 1,100 bytes.
class mid_windows {
 public:
  explicit mid_windows(std::size_t callers_max = 16'384) : callers_max_(callers_max) {}

  /// A higher life of the caller starts anew; a lower one is too_old. With too many callers, those not known are
  /// too_old.
  mid_verdict accept(const node_id& caller, incarnation life, std::uint64_t mid);
  /// The caller's record left the view for good. Not to be done while it may come back in the same life.
  void erase(const node_id& caller) {
    last_ = nullptr;
    callers_.erase(caller);
  }
  /// Makes room: forgets the callers for whom `gone(id)` holds.
  template <class Predicate>
  void erase_if(Predicate gone) {
    last_ = nullptr;
    std::erase_if(callers_, [&](const auto& each) { return gone(each.first); });
  }
  bool knows(const node_id& caller) const { return callers_.contains(caller); }
  bool is_full() const noexcept { return callers_.size() >= callers_max_; }
  std::size_t size() const noexcept { return callers_.size(); }

 private:
  struct caller_window {
    incarnation life = 0;
    mid_window window;
    mid_window large;
  };

  caller_window* find_or_add(const node_id& caller);

  std::size_t callers_max_;
  std::unordered_map<node_id, caller_window> callers_;
  node_id last_id_;                ///< Whose command came last: the next is often the same one's.
  caller_window* last_ = nullptr;  ///< Its window.
};

}  // namespace askr::mesh
