// SPDX-License-Identifier: MIT
#include "bench/websocket_stream.hpp"

#include "bench/sockets.hpp"

#include "transport/websocket/frame_writer.hpp"
#include "transport/websocket/handshake.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace askr::bench {
namespace {

constexpr std::size_t read_bytes = 64 << 10;  // As an askr node reads.
constexpr std::size_t first_bytes = 4 << 10;  // A thousand of them are quiet most of the time.
constexpr websocket::mask_key own_mask = {0x12, 0x34, 0x56, 0x78};

// The head ends what was sent so far: both sides wait for each other.
std::string read_head(int socket) {
  std::string head;
  char bytes[1024];
  while (!head.ends_with("\r\n\r\n")) {
    const auto count = ::recv(socket, bytes, sizeof bytes, 0);
    if (count <= 0 || head.size() > 16'384) throw std::runtime_error("no WebSocket handshake");
    head.append(bytes, static_cast<std::size_t>(count));
  }
  return head;
}

void send_head(int socket, const std::string& head) {
  if (::send(socket, head.data(), head.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(head.size())) {
    throw std::runtime_error("no WebSocket handshake");
  }
}

}  // namespace

websocket_stream::websocket_stream(int socket, bool client) : socket_(socket), client_(client), received_(first_bytes) {
  make_swift(socket);
}

websocket_stream::~websocket_stream() { ::close(socket_); }

bool websocket_stream::fill() {
  if (received_bytes_ == received_.size()) received_.resize(std::max(2 * received_.size(), read_bytes));
  const auto bytes = ::read(socket_, received_.data() + received_bytes_, received_.size() - received_bytes_);
  if (bytes > 0) received_bytes_ += static_cast<std::size_t>(bytes);
  return bytes > 0 || (bytes < 0 && errno == EAGAIN);
}

websocket_stream::frame websocket_stream::take_frame() noexcept {
  auto* const at = received_.data() + taken_;
  const auto left = received_bytes_ - taken_;
  if (left < 2) return {};
  const bool masked = (at[1] & 0x80) != 0;
  std::size_t header = 2, length = at[1] & 0x7f;
  if (length == 126) {
    if (left < 4) return {};
    length = static_cast<std::size_t>(at[2] << 8 | at[3]);
    header = 4;
  } else if (length == 127) {
    if (left < 10) return {};
    for (length = 0; header < 10; ++header) length = length << 8 | at[header];
  }
  websocket::mask_key key{};
  if (masked) header += key.size();
  if (left < header + length) return {};
  if (masked) {
    std::memcpy(key.data(), at + header - key.size(), key.size());
    websocket::unmask({at + header, length}, key);
  }
  const frame whole{.bytes = header + length, .from = taken_ + header, .length = length, .text = (at[0] & 0x0f) == 1};
  taken_ += whole.bytes;
  return whole;
}

void websocket_stream::drop() noexcept {
  received_bytes_ -= taken_;
  std::memmove(received_.data(), received_.data() + taken_, received_bytes_);
  taken_ = 0;
}

void websocket_stream::append(std::string_view text) {
  if (client_) return websocket::append_masked_frame(output_, websocket::opcode::text, as_bytes(text), own_mask);
  websocket::append_frame(output_, websocket::opcode::text, as_bytes(text));
}

bool websocket_stream::flush() {
  if (!has_output()) return true;
  const auto bytes = ::send(socket_, output_.data() + written_, output_.size() - written_, MSG_NOSIGNAL);
  if (bytes < 0) return errno == EAGAIN;
  written_ += static_cast<std::size_t>(bytes);
  if (written_ == output_.size()) {
    output_.clear();
    written_ = 0;
  }
  return true;
}

void open_as_client(int socket, std::uint16_t port) {
  send_head(socket, "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  if (!read_head(socket).starts_with("HTTP/1.1 101")) throw std::runtime_error("the WebSocket server refuses");
}

void open_as_server(int socket) {
  constexpr std::string_view field = "Sec-WebSocket-Key: ";
  const auto head = read_head(socket);
  const auto from = head.find(field);
  if (from == std::string::npos) throw std::runtime_error("no WebSocket handshake");
  const auto key = head.substr(from + field.size(), head.find('\r', from) - from - field.size());
  send_head(socket,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
                websocket::accept_key(key) + "\r\n\r\n");
}

}  // namespace askr::bench
