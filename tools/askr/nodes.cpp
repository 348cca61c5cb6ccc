// SPDX-License-Identifier: MIT
// askr nodes: who is there, and what each serves and listens to.
#include "tools/askr/commands.hpp"
#include "tools/askr/connect.hpp"
#include "tools/askr/output.hpp"

#include <askr/client.hpp>
#include <askr/value.hpp>

#include <algorithm>
#include <array>

namespace askr::cli {
namespace {

constexpr std::size_t columns = 6;
using row = std::array<std::string, columns>;

std::string joined(const value& texts) {
  std::string all;
  for (const auto& each : texts.as_array()) all += (all.empty() ? "" : ",") + printable(each.as_string());
  return all.empty() ? "-" : all;
}

std::string link_of(const value& node) {
  const auto* link = node.find("link");
  return link == nullptr || link->as_string().empty() ? "-" : printable(link->as_string());
}

row row_of(const value& node) {
  return {printable(node["name"].as_string()) + (node["self"].as_bool() ? " *" : ""),
          printable(node["version"].as_string()),
          link_of(node),
          joined(node["endpoints"]),
          joined(node["commands"]),
          joined(node["topics"])};
}

std::string laid_out(const row& cells, const std::array<std::size_t, columns>& widths) {
  std::string line;
  for (std::size_t i = 0; i < columns; ++i) {
    line += cells[i];
    if (i + 1 < columns) line.append(widths[i] - cells[i].size() + 2, ' ');
  }
  return line;
}

void print_table(const value::array& nodes) {
  const row heads{"NAME", "VERSION", "LINK", "ENDPOINTS", "COMMANDS", "TOPICS"};
  std::vector<row> rows;
  for (const auto& each : nodes) rows.push_back(row_of(each));
  std::array<std::size_t, columns> widths{};
  for (std::size_t i = 0; i < columns; ++i) {
    widths[i] = heads[i].size();
    for (const auto& each : rows) widths[i] = std::max(widths[i], each[i].size());
  }
  print_line(bold(laid_out(heads, widths), colours_wanted()));
  for (const auto& each : rows) print_line(laid_out(each, widths));
}

}  // namespace

int run_nodes(const global_options& global) {
  client asking(client_for(global));
  asking.connect();
  const auto listed = asking.send("askr.nodes").get().as<value>();
  if (!global.json) {
    print_table(listed.as_array());
    return exit_done;
  }
  for (const auto& each : listed.as_array()) print_json(each);
  return exit_done;
}

}  // namespace askr::cli
