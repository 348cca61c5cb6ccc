// SPDX-License-Identifier: MIT
#include "libaskr/src/simulated/traffic.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace askr::simulated {
namespace {

constexpr std::size_t kind_at = 3;  // Behind the length and the head of the array that each message is.
constexpr const char* kind_names[] = {"none",
                                      "chunk",
                                      "ping",
                                      "bye",
                                      "4",
                                      "5",
                                      "record_delta",
                                      "view_summary",
                                      "view_rows",
                                      "record_pull",
                                      "observed",
                                      "link_wanted",
                                      "routed",
                                      "route_broken",
                                      "14",
                                      "15",
                                      "command",
                                      "reply",
                                      "cancel",
                                      "part",
                                      "credit",
                                      "21",
                                      "22",
                                      "23",
                                      "24",
                                      "25",
                                      "26",
                                      "27",
                                      "28",
                                      "29",
                                      "30",
                                      "31",
                                      "event",
                                      "skipped",
                                      "pull",
                                      "gap",
                                      "heads",
                                      "interest_applied",
                                      "relayed_event",
                                      "past_event"};

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
  for (std::size_t i = 0; i < std::size(kind_names); ++i) {
    order.emplace_back(after.by_kind[i].bytes - before.by_kind[i].bytes, i);
  }
  std::sort(order.rbegin(), order.rend());
  std::string text;
  for (const auto& [bytes, kind] : order) {
    const auto messages = after.by_kind[kind].messages - before.by_kind[kind].messages;
    if (static_cast<double>(bytes) < node_seconds) break;
    char one[96];
    std::snprintf(one, sizeof one, "%s%s %.0f B/s %.2f/s", text.empty() ? "" : ", ", kind_names[kind],
                  static_cast<double>(bytes) / node_seconds, static_cast<double>(messages) / node_seconds);
    text += one;
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace askr::simulated
