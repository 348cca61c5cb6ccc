// SPDX-License-Identifier: MIT
#include "mesh/record_schema.hpp"

#include <algorithm>

namespace askr::mesh {
namespace {

constexpr std::size_t report_bytes = 9;

std::string text_of(const signed_record& record, std::string_view key) {
  const auto entry = record.entries().find(key);
  return entry ? std::string(as_text(entry->value)) : std::string();
}

std::optional<link_report> decode_report(byte_span value) {
  if (value.size() != report_bytes) return std::nullopt;
  link_report report;
  for (std::size_t i = 0; i < 8; ++i) report.peer_life = report.peer_life << 8 | value[i];
  report.rtt_step = value[8];
  return report;
}

}  // namespace

std::string link_key(const node_id& peer) {
  std::string key(link_prefix);
  key.append(as_text(peer.span()));
  return key;
}

byte_buffer encode(const link_report& report) {
  byte_buffer value(report_bytes);
  for (std::size_t i = 0; i < 8; ++i) value[i] = static_cast<std::uint8_t>(report.peer_life >> (56 - 8 * i));
  value[8] = report.rtt_step;
  return value;
}

std::optional<std::pair<node_id, link_report>> decode_link(const record_entry& entry) {
  if (!entry.key.starts_with(link_prefix)) return std::nullopt;
  const auto id = node_id::from_bytes(as_bytes(entry.key.substr(link_prefix.size())));
  const auto report = decode_report(entry.value);
  if (!id || !report) return std::nullopt;
  return std::pair(*id, *report);
}

link_list links_of(const signed_record& record) {
  link_list links;
  record.entries().for_each([&](const record_entry& entry) {
    if (auto link = decode_link(entry)) links.push_back(std::move(*link));
  });
  std::sort(links.begin(), links.end(), [](const auto& left, const auto& right) { return left.first < right.first; });
  return links;
}

bool linked(const signed_record& one, const signed_record& other) {
  const auto reports = [](const signed_record& from, const signed_record& to) {
    const auto& links = from.links();
    if (!links) return false;
    const auto at = std::lower_bound(links->begin(), links->end(), to.id(),
                                     [](const auto& each, const node_id& wanted) { return each.first < wanted; });
    return at != links->end() && at->first == to.id() && at->second.peer_life == to.stamp().life;
  };
  return reports(one, other) && reports(other, one);
}

std::vector<std::string> texts_of(const signed_record& record, std::string_view prefix) {
  std::vector<std::string> texts;
  record.entries().for_each([&](const record_entry& entry) {
    if (entry.key.starts_with(prefix)) texts.emplace_back(entry.key.substr(prefix.size()));
  });
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::vector<std::string> endpoints_of(const signed_record& record) {
  std::vector<std::pair<std::uint8_t, std::string>> placed;
  record.entries().for_each([&](const record_entry& entry) {
    if (!entry.key.starts_with(endpoint_prefix) || entry.value.size() != 1) return;
    placed.emplace_back(entry.value.front(), entry.key.substr(endpoint_prefix.size()));
  });
  std::sort(placed.begin(), placed.end());
  std::vector<std::string> endpoints;
  for (auto& [place, text] : placed) endpoints.push_back(std::move(text));
  return endpoints;
}

byte_buffer credential_of(const signed_record& record) {
  const auto entry = record.entries().find(credential_key);
  return entry ? byte_buffer(entry->value.begin(), entry->value.end()) : byte_buffer();
}

node_record describe(const signed_record& record) {
  return {.id = record.id(),
          .life = record.stamp().life,
          .version = record.stamp().version,
          .name = text_of(record, name_key),
          .app_version = text_of(record, app_version_key),
          .endpoints = endpoints_of(record),
          .commands = texts_of(record, command_prefix),
          .topics = texts_of(record, topic_prefix),
          .draining = record.entries().find(draining_key).has_value(),
          .leaving = record.entries().find(leaving_key).has_value(),
          .asking = record.entries().find(asking_key).has_value()};
}

}  // namespace askr::mesh
