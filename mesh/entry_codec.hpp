// SPDX-License-Identifier: MIT
#pragma once

/// The entries of a node record as bytes, in the one form that is stored, hashed and sent: a key, the version that set
/// it, a value. One form only, so that equal records have equal hashes. docs/protocol.md, "Signed node records".

#include <askr/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace askr::mesh {

/// What one record may be. Everything is checked before it is kept.
struct record_limits {
  std::size_t entries_max = 65'536;  ///< Of one owner.
  std::size_t bytes_max = 4 << 20;   ///< All encoded entries of one owner.
  std::size_t key_bytes_max = 512;
  std::size_t value_bytes_max = 64 << 10;
  std::size_t bucket_entries_max = 1'024;  ///< Honest keys spread evenly; this bounds what chosen ones cost per change.
};

/// For reading what was checked when it came in.
inline constexpr record_limits no_record_limits{SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};

/// Views into a record or a received message.
struct record_entry {
  std::string_view key;
  std::uint64_t version = 0;  ///< Of the record, when this value was set.
  byte_span value;
};

/// Which of the 256 buckets a key lies in: FNV-1a, folded to 8 bits. An owner can choose its keys to fill one bucket
/// under any public hash, so a cryptographic one would buy nothing; bucket_entries_max bounds it instead.
constexpr std::uint8_t bucket_of(std::string_view key) noexcept {
  std::uint32_t hash = 2'166'136'261u;
  for (const char each : key) hash = (hash ^ static_cast<std::uint8_t>(each)) * 16'777'619u;
  hash ^= hash >> 16;
  return static_cast<std::uint8_t>(hash ^ hash >> 8);
}

/// The order of entries everywhere: by bucket, then by the key's bytes.
struct entry_order {
  using is_transparent = void;
  bool operator()(std::string_view left, std::string_view right) const noexcept {
    const auto left_bucket = bucket_of(left), right_bucket = bucket_of(right);
    return left_bucket != right_bucket ? left_bucket < right_bucket : left < right;
  }
};

void append_entry(byte_buffer& out, const record_entry& entry);
/// Removed keys are sent as a run of these.
void append_key(byte_buffer& out, std::string_view key);

/// Reads entries, or keys, one after the other; stops for good at the first that is malformed or above a limit.
class entry_reader {
 public:
  entry_reader(byte_span bytes, const record_limits& limits) noexcept : rest_(bytes), limits_(limits) {}

  std::optional<record_entry> next() noexcept;
  std::optional<std::string_view> next_key() noexcept;
  byte_span rest() const noexcept { return rest_; }
  /// True until something was malformed.
  bool ok() const noexcept { return ok_; }

 private:
  std::uint64_t number() noexcept;
  byte_span take(std::uint64_t bytes, std::size_t bytes_max) noexcept;
  void fail() noexcept { ok_ = false, rest_ = {}; }

  byte_span rest_;
  const record_limits& limits_;
  bool ok_ = true;
};

}  // namespace askr::mesh
