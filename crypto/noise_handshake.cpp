// SPDX-License-Identifier: MIT
#include "crypto/noise_handshake.hpp"

#include <algorithm>
#include <utility>

namespace askr::crypto {
namespace {

bool keys_suffice(const noise_protocol& protocol, role side, const handshake_keys& keys) {
  if (keys.psks.size() != protocol.count(noise_token::psk)) return false;
  const bool remote_known = side == role::initiator ? protocol.responder_static_known : protocol.initiator_static_known;
  if (remote_known != keys.remote_static.has_value()) return false;
  bool static_used = side == role::initiator ? protocol.initiator_static_known : protocol.responder_static_known;
  for (std::size_t i = 0; i < protocol.messages_count; ++i) {
    const bool own = (i % 2 == 0) == (side == role::initiator);
    const auto& message = protocol.messages[i];
    static_used |= own && std::find(message.begin(), message.end(), noise_token::s) != message.end();
  }
  return !static_used || keys.static_secret.has_value();
}

}  // namespace

result<handshake_state> handshake_state::start(const noise_protocol& protocol, role side, handshake_keys keys,
                                               byte_span prologue) {
  initialize_sodium();
  if (!keys_suffice(protocol, side, keys)) {
    return askr::error{errc::bad_options, "keys do not fit " + protocol.name};
  }
  return handshake_state(protocol, side, std::move(keys), prologue);
}

handshake_state::handshake_state(const noise_protocol& protocol, role side, handshake_keys keys, byte_span prologue)
    : protocol_(protocol),
      side_(side),
      symmetric_(protocol.name, protocol.cipher, protocol.hash),
      static_(std::move(keys.static_secret)),
      static_public_(keys.static_public),
      ephemeral_(std::move(keys.fixed_ephemeral_for_tests)),
      ephemeral_fixed_(ephemeral_.has_value()),
      remote_static_(keys.remote_static),
      psks_(std::move(keys.psks)) {
  if (static_ && !static_public_) static_public_ = x25519_public(*static_);
  symmetric_.mix_hash(prologue);
  mix_pre_messages();
}

void handshake_state::mix_pre_messages() {
  const bool initiator = side_ == role::initiator;
  if (protocol_.initiator_static_known) symmetric_.mix_hash(initiator ? *static_public_ : *remote_static_);
  if (protocol_.responder_static_known) symmetric_.mix_hash(initiator ? *remote_static_ : *static_public_);
}

bool handshake_state::writes_next() const noexcept {
  if (failed_ || next_ == protocol_.messages_count) return false;
  return (next_ % 2 == 0) == (side_ == role::initiator);
}

result<void> handshake_state::write_message(const entropy& random, byte_span payload, byte_buffer& out) {
  ASKR_ASSERT(writes_next());
  const std::size_t before = out.size();
  for (const auto token : protocol_.messages[next_]) {
    if (!write_token(token, random, out)) return out.resize(before), fail("the peer's key is a low-order point");
  }
  if (!symmetric_.encrypt_and_hash(payload, out)) return out.resize(before), fail("the counter is used up");
  ++next_;
  return {};
}

result<void> handshake_state::read_message(byte_span message, byte_buffer& payload) {
  if (failed_ || next_ == protocol_.messages_count || writes_next()) return fail("no message is due");
  for (const auto token : protocol_.messages[next_]) {
    if (!read_token(token, message)) return fail("a key is missing, forged or a low-order point");
  }
  if (!symmetric_.decrypt_and_hash(message, payload)) return fail("the payload is forged or the secrets differ");
  ++next_;
  return {};
}

transport_ciphers handshake_state::split() const noexcept {
  ASKR_ASSERT(complete());
  auto [from_initiator, from_responder] = symmetric_.split();
  if (side_ == role::initiator) return {std::move(from_initiator), std::move(from_responder)};
  return {std::move(from_responder), std::move(from_initiator)};
}

bool handshake_state::write_token(noise_token token, const entropy& random, byte_buffer& out) {
  if (token == noise_token::e) return write_ephemeral(random, out);
  if (token == noise_token::s) return symmetric_.encrypt_and_hash(*static_public_, out);
  return mix(token);
}

bool handshake_state::read_token(noise_token token, byte_span& rest) {
  if (token == noise_token::e) return read_ephemeral(rest);
  if (token == noise_token::s) return read_static(rest);
  return mix(token);
}

bool handshake_state::write_ephemeral(const entropy& random, byte_buffer& out) {
  if (!ephemeral_fixed_) random.fill(ephemeral_.emplace().mutable_span());
  const auto shown = x25519_public(*ephemeral_);
  append(out, shown);
  symmetric_.mix_hash(shown);
  if (protocol_.has_psk) symmetric_.mix_key(shown);
  return true;
}

bool handshake_state::read_ephemeral(byte_span& rest) {
  auto& remote = remote_ephemeral_.emplace();
  if (rest.size() < remote.size()) return false;
  std::copy_n(rest.begin(), remote.size(), remote.begin());
  rest = rest.subspan(remote.size());
  symmetric_.mix_hash(remote);
  if (protocol_.has_psk) symmetric_.mix_key(remote);
  return true;
}

bool handshake_state::read_static(byte_span& rest) {
  public_key remote;
  const std::size_t bytes = remote.size() + symmetric_.overhead_bytes();
  byte_buffer opened;
  if (rest.size() < bytes || !symmetric_.decrypt_and_hash(rest.first(bytes), opened)) return false;
  std::copy(opened.begin(), opened.end(), remote.begin());
  remote_static_ = remote;
  rest = rest.subspan(bytes);
  return true;
}

bool handshake_state::mix(noise_token token) {
  const bool initiator = side_ == role::initiator;
  switch (token) {
    case noise_token::ee:
      return mix_dh(ephemeral_, remote_ephemeral_);
    case noise_token::ss:
      return mix_dh(static_, remote_static_);
    case noise_token::es:
      return initiator ? mix_dh(ephemeral_, remote_static_) : mix_dh(static_, remote_ephemeral_);
    case noise_token::se:
      return initiator ? mix_dh(static_, remote_ephemeral_) : mix_dh(ephemeral_, remote_static_);
    default:
      return mix_psk(), true;
  }
}

bool handshake_state::mix_dh(const std::optional<secret<32>>& own, const std::optional<public_key>& remote) {
  secret<32> shared;
  if (!own || !remote || !x25519(shared, *own, *remote)) return false;
  symmetric_.mix_key(shared.span());
  return true;
}

void handshake_state::mix_psk() { symmetric_.mix_key_and_hash(psks_[psks_used_++].span()); }

result<void> handshake_state::fail(const char* why) {
  failed_ = true;
  return askr::error{errc::unauthenticated, why};
}

}  // namespace askr::crypto
