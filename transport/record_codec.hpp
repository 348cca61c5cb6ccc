// SPDX-License-Identifier: MIT
#pragma once

/// Records, the encrypted units of a link: a 2-byte big-endian length, then that many bytes of AEAD ciphertext.
/// docs/protocol.md, "Records". Lengths count the 16-byte tag, so a plaintext has 1 to 65,519 bytes.
///
/// Each direction has its own key and counter. After every 1,024 records the key is replaced (Noise's REKEY) while the
/// counter goes on; a key that leaks opens at most 1,024 records of the past. Nothing here allocates per record.

#include "crypto/cipher.hpp"

#include <askr/bytes.hpp>

#include <cstdint>
#include <utility>

namespace askr::transport {

inline constexpr std::size_t record_head_bytes = 2;
inline constexpr std::size_t record_overhead_bytes = record_head_bytes + crypto::tag_bytes;
inline constexpr std::size_t record_plaintext_bytes_max = 65'535 - crypto::tag_bytes;
inline constexpr std::size_t record_bytes_max = record_head_bytes + 65'535;
inline constexpr std::uint64_t records_per_key = 1'024;
/// A direction that reaches this many records ends. Source: WireGuard's REJECT_AFTER_MESSAGES, section 6.1.
inline constexpr std::uint64_t records_max = std::uint64_t{1} << 60;

class record_sealer {
 public:
  explicit record_sealer(crypto::cipher_state cipher) noexcept : cipher_(std::move(cipher)) {}

  /// Appends one record to out. plaintext has 1 to record_plaintext_bytes_max bytes. False once the counter is used up.
  [[nodiscard]] bool seal(byte_span plaintext, byte_buffer& out);

 private:
  crypto::cipher_state cipher_;
};

class record_opener {
 public:
  enum class status : std::uint8_t {
    opened,      ///< `plaintext` is the record's content; `consumed` bytes of the input are done with.
    incomplete,  ///< The input holds less than one record; nothing was consumed. Come back with more.
    failed,      ///< Forged, out of order, or of an impossible length: the link must close.
  };
  struct outcome {
    status what = status::incomplete;
    std::size_t consumed = 0;
    byte_span plaintext = {};  ///< Lies inside the input, which was overwritten.
  };

  explicit record_opener(crypto::cipher_state cipher) noexcept : cipher_(std::move(cipher)) {}

  /// Opens the first record of the input, in place.
  [[nodiscard]] outcome open(mutable_byte_span received) noexcept;

 private:
  crypto::cipher_state cipher_;
};

/// How many bytes the record at the front has in all; record_head_bytes while even its length is not there.
std::size_t record_bytes_due(byte_span front) noexcept;

}  // namespace askr::transport
