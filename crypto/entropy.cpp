// SPDX-License-Identifier: MIT
// The operating system's random source behind <askr/random.hpp>'s `entropy`. It lives here because libsodium does.
#include "crypto/primitives.hpp"

#include <askr/random.hpp>

#include <sodium/randombytes.h>

namespace askr {

void entropy::fill(mutable_byte_span out) const noexcept {
  crypto::initialize_sodium();
  randombytes_buf(out.data(), out.size());
}

std::uint64_t entropy::next() const noexcept {
  crypto::initialize_sodium();
  std::uint64_t drawn;
  randombytes_buf(&drawn, sizeof drawn);
  return drawn;
}

}  // namespace askr
