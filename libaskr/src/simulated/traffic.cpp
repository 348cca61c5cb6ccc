// SPDX-License-Identifier: MIT
#include "libaskr/src/simulated/traffic.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace askr::simulated {
namespace {

constexpr std::size_t kind_at = 3;  // Behind the length and the head of the array that each message is.

std::string text_of(std::size_t kind) {
  const auto name = transport::name_of(static_cast<transport::message_kind>(kind));
  return name.empty() ? std::to_string(kind) : std::string(name);
}

}  // namespace

void traffic::add(byte_span record) noexcept {
  while (record.size() > kind_at) {
    const auto bytes = std::min<std::size_t>(static_cast<std::size_t>(record[0] << 8 | record[1]) + 2, record.size());
    auto& share = by_kind[std::min<std::size_t>(record[kind_at], by_kind.size() - 1)];
    ++share.messages;
    share.bytes += bytes;
    record = record.subspan(bytes);
  }
}

std::uint64_t traffic::messages() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& each : by_kind) sum += each.messages;
  return sum;
}

std::string traffic::difference(const traffic& before, const traffic& after, double node_seconds) {
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  for (std::size_t i = 0; i < after.by_kind.size(); ++i) {
    order.emplace_back(after.by_kind[i].bytes - before.by_kind[i].bytes, i);
  }
  std::sort(order.rbegin(), order.rend());
  std::string text;
  for (const auto& [bytes, kind] : order) {
    const auto messages = after.by_kind[kind].messages - before.by_kind[kind].messages;
    if (static_cast<double>(bytes) < node_seconds) break;
    char one[96];
    std::snprintf(one, sizeof one, "%s%s %.0f B/s %.2f/s", text.empty() ? "" : ", ", text_of(kind).c_str(),
                  static_cast<double>(bytes) / node_seconds, static_cast<double>(messages) / node_seconds);
    text += one;
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace askr::simulated
