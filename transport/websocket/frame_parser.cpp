// SPDX-License-Identifier: MIT
#include "transport/websocket/frame_parser.hpp"

#include <algorithm>
#include <cstring>

namespace askr::websocket {
namespace {

constexpr std::uint8_t fin_bit = 0x80;
constexpr std::uint8_t rsv_bits = 0x70;
constexpr std::uint8_t rsv1_bit = 0x40;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_bits = 0x7f;

std::size_t length_bytes(std::uint8_t second) noexcept {
  const std::uint8_t length = second & length_bits;
  return length == 127 ? 8 : length == 126 ? 2 : 0;
}

std::size_t header_bytes(std::uint8_t second) noexcept {
  return 2 + length_bytes(second) + ((second & mask_bit) != 0 ? 4 : 0);
}

bool is_known(opcode code) noexcept {
  return static_cast<std::uint8_t>(code) <= 0x2 || (code >= opcode::close && code <= opcode::pong);
}

std::uint64_t get_big_endian(const std::uint8_t* at, std::size_t bytes) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number << 8 | at[i];
  return number;
}

}  // namespace

frame_parser::frame_parser(role receiver, const frame_limits& limits, bool deflate)
    : limits_(limits), role_(receiver), deflate_(deflate) {}

frame_event frame_parser::next(mutable_byte_span& received) {
  forget_delivered();
  for (;;) {
    if (failed_) {
      received = {};
      return {};
    }
    if (!in_frame_) {
      const step header = read_header(received);
      if (header == step::failed) return violation();
      if (header == step::need_more) return {};
    }
    const byte_span chunk = take_payload(received);
    const frame_event event = is_control(opcode_) ? on_control(chunk) : on_data(chunk);
    if (event.what != frame_event::kind::need_more) return event;
    if (in_frame_) return {};
  }
}

void frame_parser::release_buffers() noexcept {
  if (gathered_.empty() || delivered_) byte_buffer().swap(gathered_);
  delivered_ = false;
}

void frame_parser::forget_delivered() {
  if (!delivered_) return;
  delivered_ = false;
  gathered_.clear();
  if (gathered_.capacity() > limits_.buffer_bytes_kept) byte_buffer().swap(gathered_);
}

frame_parser::step frame_parser::fail(close_code code, std::string_view why) {
  failed_ = true;
  violation_code_ = code;
  violation_why_ = why;
  byte_buffer().swap(gathered_);
  return step::failed;
}

frame_event frame_parser::violation() {
  return {frame_event::kind::violation, false, violation_code_, {}, violation_why_};
}

/// Reads the header in place if it is all there, else octet by octet through header_.
frame_parser::step frame_parser::read_header(mutable_byte_span& received) {
  if (header_have_ == 0 && received.size() >= 2 && received.size() >= header_bytes(received[1])) {
    const std::uint8_t* header = received.data();
    received = received.subspan(header_bytes(header[1]));
    if (check_first_octets(header[0], header[1]) == step::failed) return step::failed;
    return decode_header(header);
  }
  for (;;) {
    const std::size_t want = header_have_ < 2 ? 2 : header_bytes(header_[1]);
    const std::size_t n = std::min(want - header_have_, received.size());
    if (n != 0) std::memcpy(header_.data() + header_have_, received.data(), n);
    header_have_ = static_cast<std::uint8_t>(header_have_ + n);
    received = received.subspan(n);
    if (header_have_ < want) return step::need_more;
    if (want == 2 && check_first_octets(header_[0], header_[1]) == step::failed) return step::failed;
    if (header_have_ == header_bytes(header_[1])) break;
  }
  header_have_ = 0;
  return decode_header(header_.data());
}

frame_parser::step frame_parser::check_first_octets(std::uint8_t first, std::uint8_t second) {
  const auto code = static_cast<opcode>(first & 0x0f);
  const bool may_be_compressed = deflate_ && (code == opcode::text || code == opcode::binary);
  if (!is_known(code)) return fail(close_codes::protocol_error, "reserved opcode");
  if ((first & rsv_bits & ~(may_be_compressed ? rsv1_bit : 0)) != 0)
    return fail(close_codes::protocol_error, "reserved bit set");
  if (((second & mask_bit) != 0) != (role_ == role::server))
    return fail(close_codes::protocol_error, role_ == role::server ? "frame without a mask" : "masked frame");
  if (is_control(code)) {
    if ((first & fin_bit) == 0) return fail(close_codes::protocol_error, "fragmented control frame");
    if ((second & length_bits) > control_bytes_max) return fail(close_codes::protocol_error, "control frame too long");
  } else if (code == opcode::continuation && !message_open_) {
    return fail(close_codes::protocol_error, "continuation of nothing");
  } else if (code != opcode::continuation && message_open_) {
    return fail(close_codes::protocol_error, "new message inside a fragmented one");
  }
  return step::ready;
}

frame_parser::step frame_parser::decode_header(const std::uint8_t* header) {
  const std::size_t extended = length_bytes(header[1]);
  opcode_ = static_cast<opcode>(header[0] & 0x0f);
  fin_ = (header[0] & fin_bit) != 0;
  payload_bytes_ = extended == 0 ? header[1] & length_bits : get_big_endian(header + 2, extended);
  payload_have_ = 0;
  in_frame_ = true;
  if (payload_bytes_ >> 63 != 0) return fail(close_codes::protocol_error, "length out of range");
  if ((extended == 2 && payload_bytes_ < 126) || (extended == 8 && payload_bytes_ <= 0xffff))
    return fail(close_codes::protocol_error, "length not in its shortest form");
  if (role_ == role::server) std::memcpy(key_.data(), header + 2 + extended, key_.size());
  if (is_control(opcode_)) return step::ready;
  if (opcode_ != opcode::continuation) {
    message_is_text_ = opcode_ == opcode::text;
    message_compressed_ = (header[0] & rsv1_bit) != 0;
    fragments_ = 0;
    utf8_.reset();
  }
  return begin_data_frame();
}

frame_parser::step frame_parser::begin_data_frame() {
  if (++fragments_ > limits_.fragments_max) return fail(close_codes::policy_violation, "too many fragments");
  if (payload_bytes_ > bytes_max() - gathered_.size()) return fail(close_codes::too_big, "message too big");
  message_open_ = true;
  return step::ready;
}

/// What does not compress grows by five octets per stored block, so compressed messages have a little room above the
/// limit; the limit itself is kept while inflating.
std::size_t frame_parser::bytes_max() const noexcept {
  return message_compressed_ ? limits_.message_bytes_max + limits_.message_bytes_max / 256 + 64
                             : limits_.message_bytes_max;
}

mutable_byte_span frame_parser::take_payload(mutable_byte_span& received) {
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(payload_bytes_ - payload_have_, received.size()));
  const mutable_byte_span chunk = received.first(n);
  received = received.subspan(n);
  if (role_ == role::server) unmask(chunk, key_, static_cast<std::size_t>(payload_have_ % 4));
  payload_have_ += n;
  if (payload_have_ == payload_bytes_) in_frame_ = false;
  return chunk;
}

frame_event frame_parser::message_event(byte_span payload) {
  message_open_ = false;
  return {message_is_text_ ? frame_event::kind::text : frame_event::kind::binary, message_compressed_, 0, payload, {}};
}

frame_event frame_parser::on_data(byte_span chunk) {
  const bool ended = fin_ && !in_frame_;
  const bool check_text = message_is_text_ && !message_compressed_;
  if (check_text && (!utf8_.feed(chunk) || (ended && !utf8_.complete()))) {
    fail(close_codes::invalid_payload, "text is not UTF-8");
    return violation();
  }
  if (ended && fragments_ == 1 && chunk.size() == payload_bytes_) return message_event(chunk);
  if (!chunk.empty() || ended) gather(chunk);
  if (!ended) return {};
  delivered_ = true;
  return message_event(gathered_);
}

/// Grows by doubling, so that many small fragments cost linear time; the last frame's declared length only ever keeps
/// the buffer from growing too far, it never makes it larger than twice of what is there.
void frame_parser::gather(byte_span chunk) {
  const std::size_t needed = gathered_.size() + chunk.size() + slack_bytes;
  if (needed > gathered_.capacity()) {
    const std::size_t frame_left = static_cast<std::size_t>(payload_bytes_ - payload_have_);
    const std::size_t useful = fin_ ? needed + frame_left : bytes_max() + slack_bytes;
    gathered_.reserve(std::max(needed, std::min(2 * needed, useful)));
  }
  append(gathered_, chunk);
}

frame_event frame_parser::on_control(byte_span chunk) {
  byte_span body = chunk;
  if (in_frame_ || chunk.size() != payload_bytes_) {
    const auto before = static_cast<std::size_t>(payload_have_) - chunk.size();
    if (!chunk.empty()) std::memcpy(control_.data() + before, chunk.data(), chunk.size());
    body = byte_span(control_).first(static_cast<std::size_t>(payload_bytes_));
  }
  if (in_frame_) return {};
  if (opcode_ == opcode::close) return on_close(body);
  return {opcode_ == opcode::ping ? frame_event::kind::ping : frame_event::kind::pong, false, 0, body, {}};
}

frame_event frame_parser::on_close(byte_span body) {
  if (body.empty()) return {frame_event::kind::close, false, close_codes::none_received, {}, {}};
  const auto code = body.size() < 2 ? close_code{0} : static_cast<close_code>(body[0] << 8 | body[1]);
  if (!may_be_sent(code)) {
    fail(close_codes::protocol_error, "close code out of range");
    return violation();
  }
  if (!is_utf8(body.subspan(2))) {
    fail(close_codes::invalid_payload, "close reason is not UTF-8");
    return violation();
  }
  return {frame_event::kind::close, false, code, body.subspan(2), {}};
}

}  // namespace askr::websocket
