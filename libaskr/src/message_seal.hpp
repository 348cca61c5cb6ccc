// SPDX-License-Identifier: MIT
#pragma once

/// Sealing what crosses relays, as an interface: the shell hands in crypto/seal.hpp over the node's identity, a
/// simulation something that costs nothing.

#include "crypto/seal.hpp"

#include <askr/random.hpp>

namespace askr {

class message_seal {
 public:
  virtual ~message_seal() = default;

  /// Appends the sealed text. Fails with errc::unauthenticated.
  virtual result<void> seal(byte_buffer& out, const crypto::seal_label& label, const crypto::public_key& target,
                            byte_span text) = 0;
  /// Appends the text. Fails with errc::unauthenticated.
  virtual result<void> open(byte_buffer& out, const crypto::seal_label& label, const crypto::public_key& source,
                            byte_span sealed) = 0;
};

class identity_seal final : public message_seal {
 public:
  /// `self` must outlive this.
  explicit identity_seal(const crypto::identity& self) : sealer_(self) {}

  result<void> seal(byte_buffer& out, const crypto::seal_label& label, const crypto::public_key& target,
                    byte_span text) override {
    return sealer_.seal(out, label, target, text, entropy_);
  }
  result<void> open(byte_buffer& out, const crypto::seal_label& label, const crypto::public_key& source,
                    byte_span sealed) override {
    return sealer_.open(out, label, source, sealed);
  }

 private:
  crypto::sealer sealer_;
  entropy entropy_;
};

}  // namespace askr
