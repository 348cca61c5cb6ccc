// SPDX-License-Identifier: MIT
#pragma once

/// What a peer says about itself inside the handshake, and what the handshake proved about it. docs/protocol.md,
/// "Hello". It is the only thing of an unauthenticated peer that is parsed, and it is parsed by hand and within bounds.

#include "crypto/primitives.hpp"

#include <askr/bytes.hpp>
#include <askr/error.hpp>
#include <askr/node_id.hpp>

#include <string>

namespace askr::transport {

inline constexpr std::size_t peer_name_bytes_max = 64;
inline constexpr std::size_t peer_credential_bytes_max = 256;
/// The longest hello there is; with keys and tags it still fits a handshake message of 512 bytes.
inline constexpr std::size_t peer_hello_bytes_max = 396;

struct peer_hello {
  crypto::public_key sign_key{};
  askr::incarnation incarnation = 0;
  std::string name = {};       ///< UTF-8 without control characters, at most peer_name_bytes_max bytes.
  std::uint64_t features = 0;  ///< One bit per optional feature.
  std::uint32_t wire_minor = 0;
  byte_buffer credential = {};  ///< For the peer's authenticator, at most peer_credential_bytes_max bytes.
};

/// Fails with errc::bad_options if a field breaks its limit.
result<void> validate(const peer_hello& hello);
/// One msgpack array of the six fields in their order. The hello must be valid.
byte_buffer encode(const peer_hello& hello);
/// Later minors may add fields at the end; they are ignored. Fails with errc::bad_message.
result<peer_hello> decode_peer_hello(byte_span bytes);

/// What a finished handshake proved: the peer holds noise_key, knows the workspace's secret, and said this hello.
struct peer_proof {
  node_id id = {};  ///< Follows from noise_key and hello.sign_key.
  crypto::public_key noise_key{};
  peer_hello hello = {};
  byte_buffer channel_binding = {};  ///< The handshake hash: both ends have the same, no other link has it.
};

}  // namespace askr::transport
