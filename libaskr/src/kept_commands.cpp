// SPDX-License-Identifier: MIT
#include "libaskr/src/kept_commands.hpp"

namespace askr {
namespace {

constexpr std::size_t slot_bytes_kept = 16 << 10;  // A larger buffer is given back with its command.

}  // namespace

std::uint32_t kept_commands::keep(const command_request& request) {
  const auto bytes = request.name.size() + request.key.size() + request.data.bytes().size();
  if (bytes_ + bytes > bytes_max_) return none;
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const auto which = free_.back();
  free_.pop_back();
  auto& kept = slots_[which];
  kept.name = request.name;
  kept.key = request.key;
  kept.data.assign(request.data.bytes().begin(), request.data.bytes().end());
  kept.kind = request.data.kind();
  const bool by_node = request.who->what == principal::kind::node;
  kept.node = by_node ? request.who : nullptr;
  if (!by_node) kept.client = *request.who;
  kept.depth = request.depth;
  kept.idempotent = request.idempotent;
  kept.stream = request.stream;
  kept.balance = request.balance;
  kept.past.servers.clear();
  kept.past.refusals = kept.past.tries = 0;
  kept.past.overloaded = false;
  bytes_ += bytes;
  return which;
}

void kept_commands::release(std::uint32_t which) {
  auto& kept = slots_[which];
  bytes_ -= kept.bytes();
  if (kept.data.capacity() > slot_bytes_kept) kept.data = byte_buffer();
  free_.push_back(which);
}

command_request kept_commands::request(std::uint32_t which) const {
  const auto& kept = slots_[which];
  return {.name = kept.name,
          .data = payload_view(kept.data, kept.kind),
          .who = kept.node != nullptr ? kept.node : &kept.client,
          .depth = kept.depth,
          .idempotent = kept.idempotent,
          .stream = kept.stream,
          .balance = kept.balance,
          .key = kept.key};
}

}  // namespace askr
