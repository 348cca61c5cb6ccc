// SPDX-License-Identifier: MIT
#include "crypto/secret.hpp"

#include <sodium/utils.h>

namespace askr::crypto {

void wipe(mutable_byte_span bytes) noexcept { sodium_memzero(bytes.data(), bytes.size()); }

}  // namespace askr::crypto
