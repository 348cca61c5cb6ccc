// SPDX-License-Identifier: MIT
#pragma once

/// Commands under way that may have to be sent once more, elsewhere: idempotent ones, and those that another node could
/// serve if the first has no room. Copies into slots whose memory is used again, so keeping one allocates nothing in
/// steady state; bounded in bytes.

#include "libaskr/src/command_request.hpp"

#include <askr/node_id.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace askr {

class kept_commands {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  explicit kept_commands(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// None if there is no room.
  std::uint32_t keep(const command_request& request);
  void release(std::uint32_t which);

  /// Valid until release(). `remaining` is the caller's business.
  command_request request(std::uint32_t which) const;

  /// How far the command has come by now.
  struct history {
    std::vector<node_id> servers;  ///< That it was given to, sorted: it goes to none of them again,
    std::size_t refusals = 0;      ///< as many of them certainly did not run it,
    std::size_t tries = 0;         ///< and as many others may have.
    bool overloaded = false;       ///< One of those that refused does serve it.
  };
  history& past(std::uint32_t which) { return slots_[which].past; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct slot {
    std::string name, key;
    byte_buffer data;
    encoding kind = encoding::msgpack;
    const principal* node = nullptr;  ///< This node itself,
    principal client;                 ///< or else a client of it.
    std::uint8_t depth = 0;
    bool idempotent = false;
    bool stream = false;
    askr::balance balance = askr::balance::p2c;
    history past;

    std::size_t bytes() const noexcept { return name.size() + key.size() + data.size(); }
  };

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::deque<slot> slots_;  ///< What is kept stays where it is.
  std::vector<std::uint32_t> free_;
};

}  // namespace askr
