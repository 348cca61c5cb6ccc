// SPDX-License-Identifier: MIT
#include "crypto/text_safe.hpp"

namespace askr::crypto {

text_safe::text_safe(const entropy& random) {
  secret<32> key;
  random.fill(key.mutable_span());
  cipher_.set_key(cipher_kind::chacha_poly, key);
}

kept_text text_safe::keep(std::string_view text) {
  if (text.empty()) return {};
  kept_text kept{++last_, byte_buffer(text.size() + tag_bytes)};
  cipher_.seal(kept.number, {}, as_bytes(text), kept.sealed.data());
  return kept;
}

std::string text_safe::read(const kept_text& kept) {
  if (kept.sealed.empty()) return {};
  std::string text(kept.sealed.size() - tag_bytes, '\0');
  const bool ours = cipher_.open(kept.number, {}, kept.sealed, reinterpret_cast<std::uint8_t*>(text.data()));
  ASKR_ASSERT(ours);
  return text;
}

}  // namespace askr::crypto
