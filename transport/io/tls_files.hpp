// SPDX-License-Identifier: MIT
#pragma once

/// The files that TLS is made of: certificates, keys, authorities. Keys must be this user's alone.

#include "transport/tls.hpp"

#include <askr/client.hpp>
#include <askr/error.hpp>
#include <askr/options.hpp>

#include <array>
#include <cstdint>

namespace askr::transport {

/// Fails with errc::bad_key_file, naming the file.
result<tls::context> load_server_context(const tls_options& files);
result<tls::context> load_client_context(const client_options& files);

/// Changes when one of a server's files does.
struct tls_files_state {
  struct file {
    std::uint64_t number = 0;  ///< Of the inode: a file that was replaced is another one.
    std::int64_t changed_ns = 0;
    std::int64_t bytes = -1;  ///< -1: it is not there.

    bool operator==(const file&) const = default;
  };
  std::array<file, 3> files;

  bool operator==(const tls_files_state&) const = default;
};

tls_files_state state_of(const tls_options& files);

}  // namespace askr::transport
