// SPDX-License-Identifier: MIT
#pragma once

/// Looks up all addresses of a host name.

#include <askr/error.hpp>

#include <asio/io_context.hpp>

#include <functional>
#include <string>
#include <vector>

namespace askr::transport {

/// Answers once, on the context's thread: the addresses, IPv4 and IPv6, or io_failed.
void look_up(asio::io_context& context, const std::string& host,
             std::function<void(result<std::vector<std::string>>)> done);

}  // namespace askr::transport
