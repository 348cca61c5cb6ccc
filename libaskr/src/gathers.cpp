// SPDX-License-Identifier: MIT
#include "libaskr/src/gathers.hpp"

#include "transport/json.hpp"
#include "transport/msgpack_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <utility>

namespace askr {

using namespace transport;

namespace {

constexpr std::size_t depth_max = 30;  // Two levels come on top, and clients take 32.

// Nobody has looked into it yet, and one that is not whole would spoil the answers of all others.
result<void> check(byte_span packed) {
  msgpack_limits limits;
  limits.depth_max = depth_max;
  limits.elements_max = limits.content_bytes_max = limits.ext_bytes_max = packed.size();
  limits.timestamps_only = false;
  limits.unique_keys = false;
  return check_msgpack(packed, limits);
}

void write_text(byte_buffer& out, std::string_view key, std::string_view text) {
  write_str(out, key);
  write_str(out, is_utf8(as_bytes(text)) ? text : std::string_view("(not UTF-8)"));
}

}  // namespace

gather_id gathers::begin(std::uint64_t mid, std::vector<asked_node> asked) {
  const auto id = rows_.next_id();
  auto& added = rows_.add(std::make_unique<row>());
  added.mid = mid;
  added.open = asked.size();
  added.answers.resize(asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) added.answers[i].from = std::move(asked[i]);
  return id;
}

bool gathers::on_answer(gather_id which, std::uint64_t ticket, const result<payload_view>& outcome,
                        bool maybe_executed) {
  auto* row = rows_.find(which);
  if (row == nullptr || ticket == 0 || ticket > row->answers.size()) return false;
  auto& answer = row->answers[ticket - 1];
  if (std::exchange(answer.came, true)) return false;
  answer.maybe_executed = maybe_executed;
  answer.outcome = outcome ? as_msgpack(*outcome) : result<payload>(outcome.error());
  if (answer.outcome) {
    row->bytes += answer.outcome->bytes().size();
    if (row->bytes > bytes_max_) answer.outcome = error{errc::too_large, "all answers together are too large"};
  }
  return --row->open == 0;
}

result<payload> gathers::as_msgpack(payload_view value) const {
  byte_buffer packed;
  if (value.kind() == encoding::raw) {
    write_bin(packed, value.bytes());
  } else if (value.kind() == encoding::json) {
    json_transcoder json;
    const auto bytes = value.bytes().size();
    if (const auto done = json.to_msgpack(value.bytes(), packed, {bytes, depth_max, bytes}); !done) {
      return error{errc::bad_payload, done.error().detail};
    }
  } else if (value.bytes().empty()) {
    write_nil(packed);
  } else {
    if (const auto checked = check(value.bytes()); !checked) return error{errc::bad_payload, checked.error().detail};
    write_raw(packed, value.bytes());
  }
  return payload(std::move(packed), encoding::msgpack);
}

void gathers::write(const answer& from, byte_buffer& out) {
  const bool ok = from.outcome.ok();
  write_map_header(out, ok ? 3 : from.maybe_executed ? 5 : 4);
  write_text(out, "node", from.from.name);
  write_text(out, "id", from.from.id.to_string());
  if (ok) {
    write_str(out, "value");
    return write_raw(out, from.outcome->bytes());
  }
  const auto& why = from.outcome.error();
  write_text(out, "error", why.detail.empty() ? to_string(why.code) : std::string_view(why.detail));
  write_text(out, "code", to_string(why.code));
  if (!from.maybe_executed) return;
  write_str(out, "maybeExecuted");
  write_bool(out, true);
}

payload gathers::take(gather_id which) {
  const auto* row = rows_.find(which);
  byte_buffer packed;
  write_array_header(packed, row->answers.size());
  for (const auto& each : row->answers) write(each, packed);
  rows_.erase(which);
  return {std::move(packed), encoding::msgpack};
}

}  // namespace askr
