// SPDX-License-Identifier: MIT
#pragma once

/// Unix sockets between nodes on one host, by abstract names: no file, no permissions, and they stop at the network
/// namespace. Whoever answers there has to prove as much as over TCP. (docs/adr/0004-unix-links.md)

#include "crypto/workspace_keys.hpp"

#include <askr/endpoint.hpp>
#include <askr/error.hpp>

#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>

#include <string>
#include <vector>

namespace askr::transport {

/// A connected TCP or unix socket.
using stream_socket = asio::generic::stream_protocol::socket;

/// The socket beside the TCP port at which a node of this workspace listens.
asio::local::stream_protocol::endpoint unix_endpoint(const crypto::workspace_keys& workspace,
                                                     const endpoint& listening);
/// As what a node may be listening that is reached at `to`: that, or a wildcard address with its port.
std::vector<endpoint> listening_as(const endpoint& to);

/// Never waits. Fails with io_failed: nobody is there, or he does not accept as fast as others connect.
result<stream_socket> connect_unix(asio::io_context& context, const asio::local::stream_protocol::endpoint& to);

}  // namespace askr::transport
