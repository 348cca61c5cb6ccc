// SPDX-License-Identifier: MIT
#pragma once

/// What a node needs before it can start: checked options, its keys, its name, and who lets others in.

#include "crypto/identity.hpp"
#include "crypto/keyring.hpp"
#include "libaskr/src/membership.hpp"

#include <askr/authenticator.hpp>
#include <askr/options.hpp>

#include <memory>

namespace askr {

/// Throws failure(errc::bad_options).
node_options validated(node_options options);
/// How many connections the process may have: 32 descriptors are left for all else, or half if there are few.
std::size_t connections_allowed();
/// From the identity file, or a new one. Throws failure(errc::bad_key_file).
crypto::identity load_identity(const node_options& options);
/// From the secrets given, or, on loopback, from the file that all nodes of this user share, which is made at the first
/// start. Throws failure(errc::bad_key_file).
crypto::keyring load_keyring(const node_options& options);
self_description describe(const node_options& options, const crypto::identity& self);
std::shared_ptr<authenticator> default_authenticator(const node_options& options);

/// Milliseconds since 1970.
wall_ms wall_now();

}  // namespace askr
