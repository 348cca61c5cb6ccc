// SPDX-License-Identifier: MIT
#include "transport/io/unix_socket.hpp"

#include "crypto/primitives.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace askr::transport {

asio::local::stream_protocol::endpoint unix_endpoint(const crypto::workspace_keys& workspace,
                                                     const endpoint& listening) {
  std::array<std::uint8_t, 16> hash{};
  crypto::blake2b(hash, {as_bytes("askr-unix"), workspace.name_hash, as_bytes(listening.to_string())});
  std::string name("\0askr-", 6);
  for (const auto byte : hash) {
    constexpr std::string_view digits = "0123456789abcdef";
    name += digits[byte >> 4];
    name += digits[byte & 15];
  }
  return {name};
}

std::vector<endpoint> listening_as(const endpoint& to) {
  if (to.host.find(':') != std::string::npos) return {to, {"::", to.port}};
  return {to, {"0.0.0.0", to.port}, {"::", to.port}};
}

result<stream_socket> connect_unix(asio::io_context& context, const asio::local::stream_protocol::endpoint& to) {
  asio::error_code failed;
  asio::local::stream_protocol::socket socket(context);
  socket.open({}, failed);
  if (!failed) socket.native_non_blocking(true, failed);
  if (failed) return error{errc::io_failed, failed.message()};
  // Not Asio's connect(), which would wait for room in the other side's queue.
  if (::connect(socket.native_handle(), to.data(), static_cast<socklen_t>(to.size())) != 0) {
    const auto why = errno;
    return error{errc::io_failed, why == ECONNREFUSED ? "nobody listens there" : std::strerror(why)};
  }
  return stream_socket(std::move(socket));
}

}  // namespace askr::transport
