// SPDX-License-Identifier: MIT
#include "tests/support/socket_client.hpp"

#include <asio/buffer.hpp>
#include <asio/write.hpp>

#include <poll.h>

#include <algorithm>
#include <array>

namespace askr::test {
namespace {

constexpr auto patience = seconds(20);

}  // namespace

raw_socket::raw_socket(std::uint16_t port, std::string_view first) : socket_(context_) {
  socket_.connect({asio::ip::address_v4::loopback(), port});
  write(as_bytes(first));
}

void raw_socket::write(byte_span bytes) {
  asio::error_code failed;
  asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), failed);
}

byte_buffer raw_socket::read(time_point deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - clock::now());
  pollfd readable{socket_.native_handle(), POLLIN, 0};
  if (poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) return {};
  std::array<std::uint8_t, 16'384> room;
  asio::error_code failed;
  const auto bytes = socket_.read_some(asio::buffer(room), failed);
  ended_ = static_cast<bool>(failed);
  return {room.data(), room.data() + bytes};
}

bool raw_socket::wait_for_end() {
  for (const auto deadline = clock::now() + patience; !ended_ && clock::now() < deadline;) read(deadline);
  return ended_;
}

socket_client::socket_client(std::uint16_t port) : client_(0, {}, clock::now()), socket_(port, {}) {
  socket_.write(client_.take_output());
}

void socket_client::say(std::string_view json) {
  client_.say(json);
  socket_.write(client_.take_output());
}

bool socket_client::read_some(time_point deadline) {
  const auto bytes = socket_.read(deadline);
  if (!bytes.empty()) client_.on_bytes(clock::now(), bytes);
  for (auto& each : client_.take()) heard_.push_back(std::move(each));
  socket_.write(client_.take_output());
  return !socket_.ended() && clock::now() < deadline;
}

bool socket_client::wait_for(std::size_t messages) {
  const auto deadline = clock::now() + patience;
  while (heard_.size() < messages && read_some(deadline)) {
  }
  return heard_.size() >= messages;
}

bool socket_client::wait_for_end() {
  const auto deadline = clock::now() + patience;
  while (read_some(deadline)) {
  }
  return socket_.ended();
}

}  // namespace askr::test
