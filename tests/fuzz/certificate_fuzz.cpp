// SPDX-License-Identifier: MIT
// Membership certificates. The first byte says how the rest is used: as it came, or as the body of one that is rightly
// signed, since an authority may be hostile too. What is decoded must come out of signing and decode again unchanged.
#include "crypto/certificate.hpp"

#include <askr/assert.hpp>

namespace {

using namespace askr;
using namespace askr::crypto;

const sign_key_pair& authority() {
  static const auto made = sign_keys_from_seed(secret<32>(byte_buffer(32, 1)));
  return made;
}

void check(byte_span bytes) {
  const auto read = decode_certificate(bytes);
  const auto verified = verified_certificate(bytes, "lab", std::span(&authority().shown, 1));
  ASKR_ASSERT(read.ok() || !verified.ok());
  if (!read) return;
  ASKR_ASSERT(read->not_before < read->not_after);
  ASKR_ASSERT(read->roles.size() <= certificate_roles_max);
  (void)read->granted();
  const auto again = sign_certificate(*read, "lab", authority());
  ASKR_ASSERT(again.ok());
  ASKR_ASSERT(std::equal(again->begin() + 9, again->end() - 64, bytes.begin() + 9, bytes.end() - 64));
  ASKR_ASSERT(verified_certificate(*again, "lab", std::span(&authority().shown, 1)).ok());
}

byte_buffer with_signature(byte_span body) {
  byte_buffer text;
  append(text, as_bytes("askr-certificate-1\x03lab"));
  append(text, body);
  byte_buffer whole(body.begin(), body.end());
  append(whole, sign(authority().own, text));
  return whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const byte_span rest(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    check(rest);
  } else {
    check(with_signature(rest));
  }
  return 0;
}
