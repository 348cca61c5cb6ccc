// SPDX-License-Identifier: MIT
#include "transport/inbox.hpp"

#include "transport/compression.hpp"

#include <algorithm>
#include <utility>

namespace askr::transport {
namespace {

// Empty if the record ends before the message does, or the message is empty.
byte_span take_framed(byte_span& rest) {
  if (rest.size() < message_head_bytes) return {};
  const std::size_t body_bytes = static_cast<std::size_t>(rest[0]) << 8 | rest[1];
  if (rest.size() - message_head_bytes < body_bytes) return {};
  const auto body = rest.subspan(message_head_bytes, body_bytes);
  rest = rest.subspan(message_head_bytes + body_bytes);
  return body;
}

}  // namespace

inbox::inbox(decompressor& decompressor, const inbox_options& options)
    : options_(options), decompressor_(decompressor) {}

result<opened_message> inbox::next(byte_span& rest) {
  if (!whole_.empty()) whole_ = byte_buffer();
  while (!rest.empty()) {
    const auto body = take_framed(rest);
    if (body.empty()) return error{errc::bad_message, "a record that does not end with a message"};
    auto message = open_message(body);
    if (message && message->kind == message_kind::chunk) {
      const auto is_whole = take_chunk(*message);
      if (!is_whole) return is_whole.error();
      if (!*is_whole) continue;
      message = open_message(whole_);
      if (message && message->kind == message_kind::chunk) return error{errc::bad_message, "a chunk made of chunks"};
    }
    if (!message || message->kind != message_kind::none) return message;
    ++messages_skipped_;
  }
  return opened_message{};
}

// True if it was the last piece: the body is in `whole_`.
result<bool> inbox::take_chunk(const opened_message& message) {
  const auto chunk = decode_chunk(message);
  if (!chunk) return chunk.error();
  const auto found = find_or_start(chunk->transfer);
  if (!found) return found.error();
  auto& body = (*found)->body;
  const std::size_t piece_bytes = chunk->piece.size();
  if (body.size() + piece_bytes > options_.message_bytes_max + message_overhead_bytes_max) {
    return error{errc::too_large, "a chunked message above the limit"};
  }
  if (transfer_bytes_ + piece_bytes > options_.transfer_bytes_max) {
    return error{errc::overloaded, "too many bytes in unfinished transfers"};
  }
  append(body, chunk->piece);
  transfer_bytes_ += piece_bytes;
  if (chunk->final) finish(**found);
  return chunk->final;
}

result<inbox::transfer*> inbox::find_or_start(std::uint32_t id) {
  const auto found =
      std::find_if(transfers_.begin(), transfers_.end(), [id](const auto& each) { return each.id == id; });
  if (found != transfers_.end()) return &*found;
  if (transfers_.size() >= options_.transfers_max) return error{errc::overloaded, "too many transfers at once"};
  transfers_.push_back({id, {}});
  return &transfers_.back();
}

void inbox::finish(transfer& done) {
  transfer_bytes_ -= done.body.size();
  whole_ = std::move(done.body);
  std::swap(done, transfers_.back());
  transfers_.pop_back();
}

result<received_command> inbox::decode_command(const opened_message& message) {
  return transport::decode_command(message, commands_);
}

result<received_event> inbox::decode_event(const opened_message& message) {
  return transport::decode_event(message, topics_);
}

result<received_past_event> inbox::decode_past_event(const opened_message& message) {
  return transport::decode_past_event(message, topics_);
}

result<received_relayed_event> inbox::decode_relayed_event(const opened_message& message) {
  return transport::decode_relayed_event(message, topics_);
}

result<byte_span> inbox::plain_bytes(const wire_payload& payload) {
  if (!payload.compressed) return payload.bytes;
  return decompressor_.decompress(payload.bytes, options_.message_bytes_max);
}

}  // namespace askr::transport
