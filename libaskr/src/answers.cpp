// SPDX-License-Identifier: MIT
#include <askr/answers.hpp>
#include <askr/value.hpp>

namespace askr {
namespace {

std::string text_of(const value& row, std::string_view key) {
  const auto* found = row.find(key);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

node_answer read_one(const value& row) {
  const auto id = node_id::from_string(text_of(row, "id"));
  node_answer read{text_of(row, "node"), id ? *id : node_id{}, payload{}};
  if (const auto* answered = row.find("value")) {
    read.outcome = payload::from(*answered);
  } else {
    read.outcome = error{errc_from_string(text_of(row, "code")), text_of(row, "error")};
    const auto* maybe = row.find("maybeExecuted");
    read.maybe_executed = maybe != nullptr && maybe->is_bool() && maybe->as_bool();
  }
  return read;
}

}  // namespace

result<std::vector<node_answer>> read_answers(const payload& gathered) {
  const auto rows = gathered.try_as<value>();
  if (!rows) return rows.error();
  if (!rows->is_array()) return error{errc::bad_payload, "gathered answers are an array"};
  std::vector<node_answer> answers;
  for (const auto& row : rows->as_array()) {
    if (!row.is_object()) return error{errc::bad_payload, "an answer is an object"};
    answers.push_back(read_one(row));
  }
  return answers;
}

}  // namespace askr
