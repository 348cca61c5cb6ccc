// SPDX-License-Identifier: MIT
#include "transport/record_codec.hpp"

#include <askr/assert.hpp>

namespace askr::transport {
namespace {

// Both ends count alike, so no byte on the wire has to say when a key ends.
void rekey_when_due(crypto::cipher_state& cipher) noexcept {
  if (cipher.nonce() % records_per_key == 0) cipher.rekey();
}

}  // namespace

bool record_sealer::seal(byte_span plaintext, byte_buffer& out) {
  ASKR_ASSERT(!plaintext.empty() && plaintext.size() <= record_plaintext_bytes_max);
  if (cipher_.nonce() >= records_max) return false;
  const std::size_t before = out.size();
  const std::size_t sealed_bytes = plaintext.size() + crypto::tag_bytes;
  resize_in_one_piece(out, before + record_head_bytes + sealed_bytes);
  out[before] = static_cast<std::uint8_t>(sealed_bytes >> 8);
  out[before + 1] = static_cast<std::uint8_t>(sealed_bytes);
  const bool done = cipher_.encrypt_with_ad({}, plaintext, out.data() + before + record_head_bytes);
  ASKR_ASSERT(done);  // records_max is far below the nonce's end.
  rekey_when_due(cipher_);
  return true;
}

record_opener::outcome record_opener::open(mutable_byte_span received) noexcept {
  const std::size_t due = record_bytes_due(received);
  if (received.size() < record_head_bytes) return {};
  if (due <= record_overhead_bytes || cipher_.nonce() >= records_max) return {status::failed};
  if (received.size() < due) return {};
  const auto sealed = received.subspan(record_head_bytes, due - record_head_bytes);
  if (!cipher_.decrypt_with_ad({}, sealed, sealed.data())) return {status::failed};
  rekey_when_due(cipher_);
  return {status::opened, due, sealed.first(sealed.size() - crypto::tag_bytes)};
}

std::size_t record_bytes_due(byte_span front) noexcept {
  if (front.size() < record_head_bytes) return record_head_bytes;
  return record_head_bytes + (static_cast<std::size_t>(front[0]) << 8 | front[1]);
}

}  // namespace askr::transport
