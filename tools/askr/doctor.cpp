// SPDX-License-Identifier: MIT
// askr doctor: asks a node why it sees whom it sees, and says it in plain words.
#include "tools/askr/commands.hpp"
#include "tools/askr/connect.hpp"
#include "tools/askr/output.hpp"

#include <askr/client.hpp>
#include <askr/value.hpp>

namespace askr::cli {
namespace {

void print_title(std::string_view title) {
  print_line("");
  print_line(bold(title, colours_wanted()));
}

void print_part(const value& told, std::string_view part, std::string_view title, auto line_of) {
  const auto& all = told[part].as_array();
  if (all.empty()) return;
  print_title(title);
  for (const auto& each : all) print_line("  " + printable(line_of(each)));
}

std::string number(const value& from, std::string_view key) { return std::to_string(from[key].as_int()); }

std::string interface_line(const value& row) {
  const auto& problem = row["problem"].as_string();
  return row["name"].as_string() + " " + row["family"].as_string() + ": beacons sent " + number(row, "sent") +
         ", came back " + number(row, "came_back") + ", from others " + number(row, "from_others") +
         (problem.empty() ? "" : " (" + problem + ")");
}

/// Who it is and what became of the last try, then the same for each address.
void print_candidates(const value& told) {
  const auto& all = told["candidates"].as_array();
  if (all.empty()) return;
  print_title("Candidates");
  for (const auto& row : all) {
    const auto* kind = row["seed"].as_bool() ? "  seed " : "  node ";
    print_line(kind + printable(row["who"].as_string() + ": " + row["last_result"].as_string()));
    for (const auto& each : row["addresses"].as_array()) {
      print_line("    " + printable(each["address"].as_string() + ": " + each["last_result"].as_string()));
    }
  }
}

std::string link_line(const value& row) {
  const auto& seen = row["sees_us_at"].as_string();
  return row["name"].as_string() + " at " + row["address"].as_string() + (seen.empty() ? "" : ", sees us at " + seen);
}

}  // namespace

int run_doctor(const global_options& global) {
  client asking(client_for(global));
  asking.connect();
  const auto told = asking.send("askr.doctor").get().as<value>();
  if (global.json) {
    print_json(told);
    return exit_done;
  }
  print_line(printable(told["name"].as_string()) + " at " + global.url);
  for (const auto& each : told["findings"].as_array()) {
    print_line((each["grave"].as_bool() ? "  ! " : "  - ") + printable(each["text"].as_string()));
  }
  print_part(told, "interfaces", "Interfaces", interface_line);
  print_part(told, "links", "Links", link_line);
  print_candidates(told);
  return exit_done;
}

}  // namespace askr::cli
