// SPDX-License-Identifier: MIT
#pragma once

/// Texts that must be had again later, such as the token that a session showed: until then they lie encrypted, by a key
/// that is in no core dump. Who reads freed or dumped memory finds none of them.

#include "crypto/aead.hpp"

#include <askr/random.hpp>

#include <string>
#include <string_view>

namespace askr::crypto {

/// An empty text is kept as nothing.
struct kept_text {
  std::uint64_t number = 0;
  byte_buffer sealed;
};

class text_safe {
 public:
  explicit text_safe(const entropy& random);

  kept_text keep(std::string_view text);
  /// What this safe was given.
  std::string read(const kept_text& kept);

 private:
  aead cipher_;
  std::uint64_t last_ = 0;
};

}  // namespace askr::crypto
