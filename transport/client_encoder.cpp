// SPDX-License-Identifier: MIT
// The writing half of client_codec.
#include "transport/client_codec.hpp"
#include "transport/json_writer.hpp"
#include "transport/msgpack_reader.hpp"
#include "transport/msgpack_writer.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace askr::transport {
namespace {

using kind = client_message::kind;

/// Names and texts of other nodes come through here: what is not UTF-8 must not spoil the whole message.
template <class Write>
void write_text(std::string_view content, Write write) {
  if (is_utf8(as_bytes(content))) return write(content);
  std::string ascii(content);
  for (auto& each : ascii) {
    if (static_cast<std::uint8_t>(each) >= 0x80) each = '?';
  }
  write(ascii);
}

/// Writes an object's fields as JSON.
class json_fields {
 public:
  explicit json_fields(byte_buffer& out) : out_(out) {}

  void begin() {
    write_raw(out_, "{");
    first_ = true;
  }
  void end() {
    write_raw(out_, "}");
    first_ = false;
  }
  void begin_list(std::size_t) { write_raw(out_, "["); }
  /// An object in a list; the commas are its own affair.
  void begin_row() {
    if (out_.back() == '}') write_raw(out_, ",");
    begin();
  }
  void end_row() { end(); }
  void end_list() { write_raw(out_, "]"); }
  /// Keys are askr's own and need no escapes.
  void key(std::string_view name) {
    auto* at = grow(out_, name.size() + (first_ ? 3 : 4));
    if (!std::exchange(first_, false)) *at++ = ',';
    *at++ = '"';
    at = std::copy(name.begin(), name.end(), at);
    *at++ = '"';
    *at = ':';
  }
  void text(std::string_view content) {
    write_text(content, [&](std::string_view valid) { write_json_string(out_, valid); });
  }
  void flag(bool content) { write_raw(out_, content ? "true" : "false"); }
  void number(std::uint64_t content) { write_json_uint(out_, content); }
  void negative(std::int64_t content) { write_json_int(out_, content); }

 private:
  byte_buffer& out_;
  bool first_ = true;
};

/// The same as msgpack. No object here has more than 15 fields, so its header is one byte, filled in at the end.
class msgpack_fields {
 public:
  explicit msgpack_fields(byte_buffer& out) : out_(out) {}

  void begin() {
    outer_ = header_;
    header_ = out_.size();
    write_map_header(out_, 0);
  }
  void end() { header_ = outer_; }
  void begin_list(std::size_t rows) { write_array_header(out_, rows); }
  void begin_row() {
    header_ = out_.size();
    write_map_header(out_, 0);
  }
  void end_row() {}
  void end_list() {}
  void key(std::string_view name) {
    ++out_[header_];
    write_str(out_, name);
  }
  void text(std::string_view content) {
    write_text(content, [&](std::string_view valid) { write_str(out_, valid); });
  }
  void flag(bool content) { write_bool(out_, content); }
  void number(std::uint64_t content) { write_uint(out_, content); }
  void negative(std::int64_t content) { write_int(out_, content); }

 private:
  byte_buffer& out_;
  std::size_t header_ = 0;
  std::size_t outer_ = 0;  ///< One level is enough: only "node" is an object in an object.
};

/// Writes all of a message; the payload's key comes last, and its value is written by calling `data`.
template <class Fields, class Data>
class message_writer {
 public:
  message_writer(Fields fields, const client_message& message, Data data)
      : fields_(fields), message_(message), data_(data) {}

  result<void> run() {
    fields_.begin();
    result<void> written;
    switch (message_.what) {
      case kind::command:
        written = command();
        break;
      case kind::reply:
        written = reply();
        break;
      case kind::part:
        written = part();
        break;
      case kind::failure:
        failure();
        break;
      case kind::event:
        written = event();
        break;
      case kind::gap:
        gap();
        break;
      case kind::subscription:
        subscription();
        break;
      case kind::unsubscription:
        named("unsubscription", "eventType");
        break;
      case kind::serve:
        named("serve", "command");
        break;
      case kind::unserve:
        named("unserve", "command");
        break;
      case kind::cancel:
        typed("cancel");
        break;
      case kind::credit:
        typed("credit");
        count("bytes", message_.bytes);
        break;
      case kind::auth:
        auth();
        break;
      case kind::hello:
        typed("hello");
        break;
      case kind::challenge:
        challenge();
        break;
      case kind::welcome:
        welcome();
        break;
    }
    fields_.end();
    return written;
  }

 private:
  void text(std::string_view key, std::string_view content) {
    fields_.key(key);
    fields_.text(content);
  }
  void optional_text(std::string_view key, std::string_view content) {
    if (!content.empty()) text(key, content);
  }
  void flag(std::string_view key, bool content) {
    if (!content) return;
    fields_.key(key);
    fields_.flag(true);
  }
  void count(std::string_view key, std::optional<std::uint64_t> content) {
    if (!content) return;
    fields_.key(key);
    fields_.number(*content);
  }
  result<void> data(std::string_view key) {
    fields_.key(key);
    return data_();
  }

  void mid() {
    const auto& id = message_.mid;
    if (id.is_none()) return;
    fields_.key("mid");
    if (id.what() == message_id::kind::text) fields_.text(id.text());
    if (id.what() == message_id::kind::unsigned_integer) fields_.number(id.number());
    if (id.what() == message_id::kind::negative_integer) fields_.negative(static_cast<std::int64_t>(id.number()));
  }

  void typed(std::string_view type) {
    text("type", type);
    optional_text("workspace", message_.workspace);
    mid();
  }

  void named(std::string_view type, std::string_view key) {
    typed(type);
    text(key, message_.name);
  }

  result<void> command() {
    optional_text("workspace", message_.workspace);
    mid();
    text("command", message_.name);
    optional_text("to", message_.to);
    optional_text("from", message_.from);
    if (message_.timeout) count("timeout", static_cast<std::uint64_t>(message_.timeout->count()));
    flag("all", message_.all);
    flag("idempotent", message_.idempotent);
    flag("stream", message_.stream);
    if (message_.balance != balance::p2c) text("balance", to_string(message_.balance));
    optional_text("key", message_.key);
    return data("data");
  }

  result<void> reply() {
    mid();
    return data("value");
  }

  result<void> part() {
    mid();
    count("part", message_.part);
    return data("value");
  }

  void failure() {
    if (message_.mid.is_none()) text("type", "error");
    mid();
    text("error", message_.text);
    text("code", to_string(message_.code));
    flag("maybeExecuted", message_.maybe_executed);
  }

  result<void> event() {
    text("type", message_.name);
    optional_text("workspace", message_.workspace);
    mid();
    optional_text("from", message_.from);
    count("epoch", message_.epoch);
    count("seq", message_.sequence);
    return data("payload");
  }

  void gap() {
    named("gap", "eventType");
    optional_text("from", message_.from);
    count("epoch", message_.epoch);
    count("seq", message_.sequence);
    count("until", message_.until);
    text("reason", to_string(message_.why));
  }

  void subscription() {
    named("subscription", "eventType");
    count("last", message_.last);
    count("since", message_.since);
    optional_text("from", message_.from);
    count("epoch", message_.epoch);
    flag("ready", message_.ready);
    if (message_.timeout) count("timeout", static_cast<std::uint64_t>(message_.timeout->count()));
    if (message_.overflow != overflow_policy::drop_oldest) text("overflow", to_string(message_.overflow));
    if (!message_.positions.empty()) positions();
  }

  void positions() {
    fields_.key("since");
    fields_.begin_list(message_.positions.size());
    for (const auto& each : message_.positions) {
      Fields inner = fields_;
      inner.begin_row();
      inner.key("eventType");
      inner.text(each.topic);
      inner.key("from");
      inner.text(each.from);
      inner.key("epoch");
      inner.number(each.epoch);
      inner.key("seq");
      inner.number(each.sequence);
      inner.end_row();
    }
    fields_.end_list();
  }

  void auth() {
    typed("auth");
    if (message_.key.empty()) return text("token", message_.token);
    text("key", message_.key);
    optional_text("signature", message_.signature);
  }

  void challenge() {
    typed("challenge");
    text("nonce", message_.nonce);
    node();
  }

  void welcome() {
    typed("welcome");
    node();
  }

  void node() {
    fields_.key("node");
    Fields inner = fields_;
    inner.begin();
    const auto write = [&](std::string_view key, std::string_view content) {
      inner.key(key);
      inner.text(content);
    };
    write("name", message_.node_name);
    write("id", message_.node.to_string());
    write("version", message_.version);
    inner.end();
  }

  Fields fields_;
  const client_message& message_;
  Data data_;
};

template <class Fields, class Data>
result<void> write_message(Fields fields, const client_message& message, Data data) {
  return message_writer<Fields, Data>(fields, message, data).run();
}

error as_bad_payload(const error& why) {
  return {why.code == errc::too_large ? errc::too_large : errc::bad_payload, why.detail};
}

/// Passes a payload on as it is, once it is known to be one msgpack object.
result<void> copy_msgpack(byte_span msgpack, std::size_t depth_max, byte_buffer& out) {
  if (msgpack.empty()) {
    write_nil(out);
    return {};
  }
  msgpack_limits limits;
  limits.depth_max = depth_max;
  limits.elements_max = limits.content_bytes_max = limits.ext_bytes_max = msgpack.size();
  limits.timestamps_only = false;
  limits.unique_keys = false;
  const auto checked = check_msgpack(msgpack, limits);
  if (!checked) return as_bad_payload(checked.error());
  write_raw(out, msgpack);
  return {};
}

}  // namespace

result<void> client_codec::encode(const client_message& message, client_encoding how, byte_buffer& out) {
  const auto before = out.size();
  const bool as_json = how == client_encoding::json;
  const auto depth_max = limits_.payload_depth_max;

  const auto write_data = [&]() -> result<void> {
    auto packed = message.data;
    if (message.data_encoding == askr::encoding::raw) {
      as_json ? write_json_base64(out, packed) : write_bin(out, packed);
      return {};
    }
    if (message.data_encoding == askr::encoding::json) {
      // Never passed through as it is: text that nobody has parsed could end the envelope and begin another.
      payload_.clear();
      const json_limits limits{packed.size(), depth_max, packed.size()};
      const auto done = json_.to_msgpack(packed, payload_, limits);
      if (!done) return as_bad_payload(done.error());
      packed = payload_;
    }
    return as_json ? msgpack_to_json(packed, out, depth_max) : copy_msgpack(packed, depth_max, out);
  };

  auto written = as_json ? write_message(json_fields(out), message, write_data)
                         : write_message(msgpack_fields(out), message, write_data);
  if (!written) out.resize(before);
  return written;
}

}  // namespace askr::transport
