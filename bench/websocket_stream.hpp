// SPDX-License-Identifier: MIT
#pragma once

/// WebSocket at its cheapest: whole text frames, one read of all there is, one write of all there is to say.
/// Source: RFC 6455, section 5.2.

#include <askr/bytes.hpp>

#include "transport/websocket/unmask.hpp"

#include <cstdint>
#include <string_view>

namespace askr::bench {

class websocket_stream {
 public:
  /// Takes the socket over, after the handshake. A client masks what it sends.
  websocket_stream(int socket, bool client);
  ~websocket_stream();
  websocket_stream(const websocket_stream&) = delete;
  websocket_stream& operator=(const websocket_stream&) = delete;

  int descriptor() const noexcept { return socket_; }

  /// Reads once and calls on_text for each whole frame. False: the other side is gone.
  template <class F>
  bool read(F on_text) {
    if (!fill()) return false;
    for (frame next; (next = take_frame()).bytes != 0;) {
      if (next.text) on_text(as_text({received_.data() + next.from, next.length}));
    }
    drop();
    return true;
  }

  void append(std::string_view text);
  /// Bytes that are frames already.
  void append_frames(byte_span frames) { askr::append(output_, frames); }
  /// Writes what was appended. False: the other side is gone; what does not fit waits for the next flush.
  bool flush();
  bool has_output() const noexcept { return written_ < output_.size(); }

 private:
  struct frame {
    std::size_t bytes = 0;  ///< Of all of it; 0: not whole yet.
    std::size_t from = 0;
    std::size_t length = 0;
    bool text = false;
  };

  bool fill();
  frame take_frame() noexcept;
  void drop() noexcept;

  int socket_;
  bool client_;
  byte_buffer received_;
  std::size_t received_bytes_ = 0;
  std::size_t taken_ = 0;
  byte_buffer output_;
  std::size_t written_ = 0;
};

/// Both sides of the opening handshake, blocking. Throw std::runtime_error.
void open_as_client(int socket, std::uint16_t port);
void open_as_server(int socket);

}  // namespace askr::bench
