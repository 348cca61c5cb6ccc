// SPDX-License-Identifier: MIT
#pragma once

/// Whether the bytes of a link are worth being made fewer: whether the network takes them slower than they can be
/// compressed. Learnt from how fast the kernel's send buffer drains while it is full. No I/O, no clock.

#include <askr/time.hpp>

#include <cstddef>

namespace askr::transport {

class link_pace {
 public:
  /// The kernel takes no more, with so many bytes in its send buffer.
  void on_full(time_point now, std::size_t queued) noexcept;
  /// It takes more again.
  void on_room(time_point now, std::size_t queued) noexcept;

  /// The send buffer was full within the last 100 ms, and drains slower than 200 MB/s: zstd compresses 340 MB/s of JSON
  /// to a fifth on one core, so above 270 MB/s nothing is gained.
  bool is_bottleneck(time_point now) const noexcept;

 private:
  bool full_ = false;
  time_point full_since_;
  std::size_t queued_ = 0;
  time_point was_full_ = time_point::min();
  double bytes_per_second_ = 0;  ///< 0: not known yet.
};

}  // namespace askr::transport
