// SPDX-License-Identifier: MIT
#pragma once

/// A TCP connection at its cheapest: epoll, one read of all there is per wake-up, one write of all there is to say.
/// Frames are shaped like askr's messages: a 2-byte length, a 16-byte header (mid, name, time left, flags), a payload.

#include <askr/bytes.hpp>
#include <askr/time.hpp>

#include <cstdint>

namespace askr::bench {

class raw_stream {
 public:
  static constexpr std::size_t header_bytes = 18;  ///< With the length.
  static constexpr std::size_t payload_bytes_max = 65'535 - (header_bytes - 2);

  /// Takes the socket over. Throws std::system_error.
  explicit raw_stream(int socket);
  ~raw_stream();
  raw_stream(const raw_stream&) = delete;
  raw_stream& operator=(const raw_stream&) = delete;

  /// Sleeps until something comes (or until what could not be written can be); false if nothing did.
  bool wait(std::chrono::nanoseconds longest);
  /// Reads once and calls on_message(mid, payload) for each whole frame. False: the other side is gone.
  template <class F>
  bool read(F on_message) {
    if (!fill()) return false;
    std::size_t from = 0;
    for (std::size_t bytes; (bytes = frame_bytes(from)) != 0; from += bytes) {
      const byte_span frame(received_.data() + from, bytes);
      on_message(mid_of(frame), frame.subspan(header_bytes));
    }
    drop(from);
    return true;
  }

  void append(std::uint64_t mid, byte_span payload);
  /// Writes what was appended; what does not fit is written by later calls. False: the other side is gone.
  bool flush();
  /// The same, and waits until all is written.
  bool flush_all();

 private:
  bool fill();
  /// Of the whole frame that starts there, or 0.
  std::size_t frame_bytes(std::size_t from) const noexcept;
  static std::uint64_t mid_of(byte_span frame) noexcept;
  void drop(std::size_t bytes) noexcept;
  void grow_output(std::size_t used);
  void watch(bool writable);

  int socket_;
  int epoll_ = -1;
  byte_buffer received_;
  std::size_t received_bytes_ = 0;
  byte_buffer output_;
  std::size_t output_bytes_ = 0;
  std::size_t written_bytes_ = 0;
  bool watching_writable_ = false;
};

}  // namespace askr::bench
