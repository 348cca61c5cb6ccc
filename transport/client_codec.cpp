// SPDX-License-Identifier: MIT
#include "transport/client_codec.hpp"

#include "transport/msgpack_reader.hpp"

#include <array>
#include <cmath>
#include <string>

namespace askr::transport {
namespace {

using kind = client_message::kind;

/// The keys of all messages, the frequent ones first. Keys that are not here are passed over.
enum field : std::size_t {
  mid,
  command,
  data,
  workspace,
  type,
  payload,
  value,
  event_type,
  to,
  timeout,
  from,
  seq,
  epoch,
  error_text,
  code,
  all,
  idempotent,
  stream,
  last,
  since,
  until,
  ready,
  overflow,
  reason,
  token,
  node,
  maybe_executed,
  part,
  key,
  balance_name,
  bytes,
  signature,
  nonce,
  fields_count,
};

constexpr std::array<std::string_view, fields_count> field_names{
    "mid",     "command", "data",    "workspace", "type",      "payload", "value", "eventType",  "to",
    "timeout", "from",    "seq",     "epoch",     "error",     "code",    "all",   "idempotent", "stream",
    "last",    "since",   "until",   "ready",     "overflow",  "reason",  "token", "node",       "maybeExecuted",
    "part",    "key",     "balance", "bytes",     "signature", "nonce",
};

/// The message types that are not topics, unless a payload comes with them.
struct named_type {
  std::string_view name;
  kind what;
};

constexpr std::array named_types{
    named_type{"subscription", kind::subscription},
    named_type{"unsubscription", kind::unsubscription},
    named_type{"gap", kind::gap},
    named_type{"serve", kind::serve},
    named_type{"unserve", kind::unserve},
    named_type{"cancel", kind::cancel},
    named_type{"credit", kind::credit},
    named_type{"auth", kind::auth},
    named_type{"challenge", kind::challenge},
    named_type{"hello", kind::hello},
    named_type{"welcome", kind::welcome},
    named_type{"error", kind::failure},
};

/// One decoding. The received map is first cut into its fields; then the kind says which of them are read, and how.
/// The first rule that is broken is kept in `broken`.
class decoder {
 public:
  decoder(byte_span map, const client_codec_limits& limits, message_id& mid_out)
      : reader_(map), limits_(limits), mid_out_(mid_out) {}

  result<client_message> run() {
    cut();
    read_mid();
    if (!failed_) recognise();
    if (!failed_) read_fields();
    if (failed_) return error{errc::bad_message, std::move(broken_)};
    return message_;
  }

 private:
  void refuse(std::string why) {
    if (!failed_) broken_ = std::move(why);
    failed_ = true;
  }
  void refuse(field which, std::string_view why) {
    refuse("\"" + std::string(field_names[which]) + "\" " + std::string(why));
  }

  /// null is as good as absent, but for the three fields that carry a payload.
  bool has(field which) const noexcept { return !raw_[which].empty() && raw_[which][0] != 0xc0; }
  bool is_there(field which) const noexcept { return !raw_[which].empty(); }

  void cut() {
    const auto pairs = reader_.read_map_header();
    if (!pairs) return refuse("a message must be an object");
    for (auto left = *pairs; left > 0; --left) {
      const auto key = reader_.read_str();
      if (!key) return refuse("the keys of a message must be strings");
      const auto held = reader_.read_object();
      for (std::size_t which = 0; which < fields_count; ++which) {
        if (field_names[which] == *key) {
          raw_[which] = held;
          break;
        }
      }
    }
  }

  void read_mid() {
    if (!has(mid)) return;
    msgpack_reader reader(raw_[mid]);
    std::optional<message_id> found;
    if (const auto text = reader.read_str()) {
      found = message_id::from_text(*text);
    } else if (const auto number = reader.read_uint()) {
      found = message_id::from_uint(*number);
    } else if (const auto negative = reader.read_int()) {
      found = message_id::from_int(*negative);
    }
    if (!found) return refuse(mid, "must be an integer or a string of 1 to 64 bytes");
    mid_out_ = message_.mid = *found;
  }

  void recognise() {
    if (has(type)) {
      const auto name = text_of(type);
      if (has(command) && name != "serve" && name != "unserve") return refuse("both \"type\" and \"command\"");
      message_.what = kind::event;
      if (is_there(payload)) return;
      for (const auto& each : named_types) {
        if (each.name == name) message_.what = each.what;
      }
    } else if (has(command)) {
      message_.what = kind::command;
    } else if (has(value) && has(error_text)) {
      refuse("both \"value\" and \"error\"");
    } else if (has(error_text)) {
      message_.what = kind::failure;
    } else if (is_there(value)) {
      message_.what = has(part) ? kind::part : kind::reply;
    } else {
      refuse("neither \"type\", \"command\", \"value\" nor \"error\"");
    }
  }

  void read_fields() {
    optional_name(workspace, message_.workspace);
    switch (message_.what) {
      case kind::command:
        return read_command();
      case kind::reply:
        return read_reply();
      case kind::part:
        return read_part();
      case kind::failure:
        return read_failure();
      case kind::event:
        return read_event();
      case kind::gap:
        return read_gap();
      case kind::subscription:
        return read_subscription();
      case kind::unsubscription:
        return required_name(event_type, message_.name);
      case kind::serve:
      case kind::unserve:
        return required_name(command, message_.name);
      case kind::cancel:
        return require_mid();
      case kind::credit:
        return read_credit();
      case kind::auth:
        return read_auth();
      case kind::hello:
        return;
      case kind::challenge:
        return read_challenge();
      case kind::welcome:
        return read_welcome();
    }
  }

  void read_command() {
    require_mid();
    required_name(command, message_.name);
    optional_name(to, message_.to);
    optional_text(from, message_.from);
    read_timeout();
    flag(all, message_.all);
    flag(idempotent, message_.idempotent);
    flag(stream, message_.stream);
    optional_name(key, message_.key);
    read_balance();
    message_.data = raw_[data];
  }

  void read_reply() {
    require_mid();
    message_.data = raw_[value];
  }

  void read_part() {
    read_reply();
    positive(part, message_.part);
  }

  void read_credit() {
    require_mid();
    positive(bytes, message_.bytes);
  }

  void positive(field which, std::uint64_t& out) {
    std::optional<std::uint64_t> number;
    count(which, number);
    out = number.value_or(0);
    if (out == 0) refuse(which, "must be an integer above 0");
  }

  void read_balance() {
    std::string_view name;
    optional_text(balance_name, name);
    if (name.empty()) return;
    const auto known = balance_from_string(name);
    if (!known) return refuse(balance_name, "must be \"p2c\", \"round_robin\" or \"sticky\"");
    message_.balance = *known;
  }

  /// A code that is not askr's own is a serving client's; what it means is in the text.
  void read_failure() {
    if (!has(type)) require_mid();
    message_.text = text_of(error_text);
    flag(maybe_executed, message_.maybe_executed);
    std::string_view name;
    optional_text(code, name);
    const auto known = errc_from_string(name);
    message_.code = to_string(known) == name ? known : errc::handler_failed;
  }

  void read_event() {
    required_name(type, message_.name);
    optional_text(from, message_.from);
    count(seq, message_.sequence);
    count(epoch, message_.epoch);
    message_.data = raw_[payload];
  }

  void read_gap() {
    required_name(event_type, message_.name);
    optional_text(from, message_.from);
    count(epoch, message_.epoch);
    count(seq, message_.sequence);
    count(until, message_.until);
    std::string_view why;
    optional_text(reason, why);
    for (const auto each : {gap_cause::lost, gap_cause::skipped, gap_cause::origin_restarted, gap_cause::origin_lost}) {
      if (to_string(each) == why) message_.why = each;
    }
  }

  void read_subscription() {
    required_name(event_type, message_.name);
    count(last, message_.last);
    optional_text(from, message_.from);
    count(epoch, message_.epoch);
    flag(ready, message_.ready);
    read_overflow();
    if (message_.ready) require_mid();
    read_timeout();
    if (!has(since)) return;
    msgpack_reader reader(raw_[since]);
    if (const auto rows = reader.read_array_header()) return read_positions(reader, *rows);
    count(since, message_.since);
    if (message_.from.empty()) refuse(since, "needs \"from\", the node whose events are counted");
  }

  void read_overflow() {
    if (!has(overflow)) return;
    const auto name = text_of(overflow);
    using enum overflow_policy;
    for (const auto each : {drop_oldest, drop_newest, keep_latest, disconnect}) {
      if (to_string(each) != name) continue;
      message_.overflow = each;
      return;
    }
    refuse(overflow, "must be drop_oldest, drop_newest, keep_latest or disconnect");
  }

  void read_positions(msgpack_reader& reader, std::uint32_t rows) {
    if (rows > limits_.positions_max) return refuse(since, "has too many rows");
    for (; rows > 0 && !failed_; --rows) {
      client_position at;
      at.topic = message_.name;
      const auto pairs = reader.read_map_header();
      bool good = pairs.has_value();
      for (auto left = pairs.value_or(0); left > 0 && good; --left) good = read_position_field(reader, at);
      if (!good || at.from.empty())
        return refuse(since, "must be a number, or a list of {eventType, from, epoch, seq}");
      message_.positions.push_back(at);
    }
  }

  static bool read_position_field(msgpack_reader& reader, client_position& into) {
    const auto key = reader.read_str();
    if (!key) return false;
    const auto text = [&](std::string_view& to) {
      const auto found = reader.read_str();
      if (found) to = *found;
      return found && is_name(to);
    };
    const auto number = [&](std::uint64_t& to) {
      const auto found = reader.read_uint();
      if (found) to = *found;
      return found.has_value();
    };
    if (*key == field_names[event_type]) return text(into.topic);
    if (*key == field_names[from]) return text(into.from);
    if (*key == field_names[epoch]) return number(into.epoch);
    if (*key == field_names[seq]) return number(into.sequence);
    return reader.skip();
  }

  void read_auth() {
    if (has(key)) {
      message_.key = text_of(key);
      optional_text(signature, message_.signature);
      return;
    }
    message_.token = text_of(token);
    if (message_.token.size() > limits_.token_bytes_max) refuse(token, "is too long");
  }

  void read_challenge() {
    message_.nonce = text_of(nonce);
    read_welcome();
  }

  void read_welcome() {
    msgpack_reader reader(raw_[node]);
    const auto pairs = reader.read_map_header();
    if (!pairs) return refuse(node, "must be an object");
    for (auto left = *pairs; left > 0; --left) {
      const auto key = reader.read_str();
      const auto text = reader.read_str();
      if (!key || (!text && !reader.skip())) return refuse(node, "has a key that is not a string");
      if (text) read_node_field(*key, *text);
    }
  }

  void read_node_field(std::string_view key, std::string_view text) {
    if (key == "name") message_.node_name = text;
    if (key == "version") message_.version = text;
    if (key != "id") return;
    const auto id = node_id::from_string(text);
    if (!id) return refuse(node, "has an \"id\" that is no node id");
    message_.node = *id;
  }

  void require_mid() {
    if (message_.mid.is_none()) refuse("\"mid\" is missing");
  }

  std::string_view text_of(field which) {
    if (!has(which)) {
      refuse(which, "is missing");
      return {};
    }
    const auto text = msgpack_reader(raw_[which]).read_str();
    if (!text) refuse(which, "must be a string");
    return text.value_or(std::string_view{});
  }

  void optional_text(field which, std::string_view& into) {
    if (has(which)) into = text_of(which);
  }

  void required_name(field which, std::string_view& into) {
    into = text_of(which);
    if (!is_name(into)) refuse(which, "must be 1 to 256 bytes without spaces and control characters");
  }

  void optional_name(field which, std::string_view& into) {
    if (has(which)) required_name(which, into);
  }

  void flag(field which, bool& into) {
    if (!has(which)) return;
    const auto found = msgpack_reader(raw_[which]).read_bool();
    if (!found) return refuse(which, "must be true or false");
    into = *found;
  }

  void count(field which, std::optional<std::uint64_t>& into) {
    if (!has(which)) return;
    into = msgpack_reader(raw_[which]).read_uint();
    if (!into) refuse(which, "must be an integer of 0 or more");
  }

  /// Any number of milliseconds, rounded up: some languages have no integers.
  void read_timeout() {
    if (!has(timeout)) return;
    const auto found = msgpack_reader(raw_[timeout]).read_double();
    const auto most = limits_.timeout_max.count();
    if (!found || !(*found > 0) || *found > static_cast<double>(most)) {
      return refuse(timeout, "must be a number of milliseconds above 0, at most " + std::to_string(most));
    }
    message_.timeout = milliseconds(static_cast<milliseconds::rep>(std::ceil(*found)));
  }

  msgpack_reader reader_;
  const client_codec_limits& limits_;
  message_id& mid_out_;
  std::array<byte_span, fields_count> raw_{};
  client_message message_;
  bool failed_ = false;
  std::string broken_;
};

}  // namespace

result<byte_span> client_codec::encode(const client_message& message, client_encoding how) {
  encoded_.clear();
  if (auto done = encode(message, how, encoded_); !done) return done.error();
  return byte_span(encoded_);
}

bool is_from_node(client_message::kind what) noexcept {
  return what == kind::command || what == kind::reply || what == kind::part || what == kind::failure ||
         what == kind::event || what == kind::cancel || what == kind::credit || what == kind::gap ||
         what == kind::welcome || what == kind::challenge;
}

client_message failure_message(const message_id& mid, const error& why) noexcept {
  client_message made;
  made.what = kind::failure;
  made.mid = mid;
  made.code = why.code;
  made.text = why.detail.empty() ? to_string(why.code) : std::string_view(why.detail);
  return made;
}

result<byte_span> client_codec::to_msgpack(byte_span received, client_encoding how) {
  if (received.size() > limits_.message_bytes_max) return error{errc::too_large, "the message is too long"};
  if (how == client_encoding::json) {
    received_.clear();
    const json_limits limits{limits_.message_bytes_max, limits_.payload_depth_max + 1, limits_.elements_max};
    const auto done = json_.to_msgpack(received, received_, limits);
    if (!done) return done.error();
    return byte_span(received_);
  }
  msgpack_limits limits;
  limits.depth_max = limits_.payload_depth_max + 1;
  limits.elements_max = limits_.elements_max;
  limits.content_bytes_max = limits_.message_bytes_max;
  const auto done = check_msgpack(received, limits);
  if (!done) return done.error();
  return received;
}

result<client_message> client_codec::decode(byte_span received, client_encoding how) {
  last_mid_ = {};
  const auto map = to_msgpack(received, how);
  if (!map) return map.error();
  return decoder(*map, limits_, last_mid_).run();
}

}  // namespace askr::transport
