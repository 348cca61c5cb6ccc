// SPDX-License-Identifier: MIT
#pragma once

/// Noise's HandshakeState: runs any pattern that noise_pattern.hpp can read, one message at a time.
/// Source: Noise Protocol Framework rev 34, section 5.3.
///
/// Every message either advances the handshake or ends it: after a failure nothing more is read or written.

#include "crypto/noise_pattern.hpp"
#include "crypto/noise_state.hpp"
#include "crypto/primitives.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>
#include <askr/random.hpp>

#include <optional>
#include <vector>

namespace askr::crypto {

enum class role : std::uint8_t { initiator, responder };

/// What one side brings along. Leave empty what the pattern does not use.
struct handshake_keys {
  std::optional<secret<32>> static_secret = {};
  std::optional<public_key> static_public = {};  ///< Of static_secret, which gives it where it is absent: for 20 µs.
  std::optional<public_key> remote_static = {};  ///< Known beforehand (K patterns).
  std::vector<secret<32>> psks = {};             ///< One per psk token, in their order.
  /// Published vectors need it; anything else that sets it gives its secrets away.
  std::optional<secret<32>> fixed_ephemeral_for_tests = {};
};

/// The two directions as this side sees them.
struct transport_ciphers {
  cipher_state send;
  cipher_state receive;
};

class handshake_state {
 public:
  /// Initialize(). Fails with errc::bad_options if the pattern needs a key that is not there.
  static result<handshake_state> start(const noise_protocol& protocol, role side, handshake_keys keys,
                                       byte_span prologue);

  /// True if the next message is this side's to write.
  bool writes_next() const noexcept;
  bool complete() const noexcept { return !failed_ && next_ == protocol_.messages_count; }

  /// Appends the next message to out. Fails with errc::unauthenticated if the peer's key is a low-order point.
  result<void> write_message(const entropy& random, byte_span payload, byte_buffer& out);
  /// Appends the message's payload to out. Fails with errc::unauthenticated for anything but the peer's next message.
  result<void> read_message(byte_span message, byte_buffer& payload);

  /// The peer's static key once a message has shown it.
  const std::optional<public_key>& remote_static() const noexcept { return remote_static_; }
  /// The channel binding of a complete handshake.
  byte_span handshake_hash() const noexcept { return symmetric_.handshake_hash(); }
  /// The handshake must be complete.
  transport_ciphers split() const noexcept;

 private:
  handshake_state(const noise_protocol& protocol, role side, handshake_keys keys, byte_span prologue);

  void mix_pre_messages();
  bool write_token(noise_token token, const entropy& random, byte_buffer& out);
  bool read_token(noise_token token, byte_span& rest);
  bool write_ephemeral(const entropy& random, byte_buffer& out);
  bool read_ephemeral(byte_span& rest);
  bool read_static(byte_span& rest);
  bool mix(noise_token token);
  bool mix_dh(const std::optional<secret<32>>& own, const std::optional<public_key>& remote);
  void mix_psk();
  result<void> fail(const char* why);

  noise_protocol protocol_;
  role side_;
  symmetric_state symmetric_;
  std::optional<secret<32>> static_;
  std::optional<public_key> static_public_;
  std::optional<secret<32>> ephemeral_;
  bool ephemeral_fixed_ = false;
  std::optional<public_key> remote_static_;
  std::optional<public_key> remote_ephemeral_;
  std::vector<secret<32>> psks_;
  std::size_t psks_used_ = 0;
  std::size_t next_ = 0;
  bool failed_ = false;
};

}  // namespace askr::crypto
