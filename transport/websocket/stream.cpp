// SPDX-License-Identifier: MIT
#include "transport/websocket/stream.hpp"

#include <askr/assert.hpp>

#include "transport/websocket/frame_writer.hpp"
#include "transport/websocket/utf8.hpp"

#include <algorithm>

namespace askr::websocket {
namespace {

time_point after(time_point from, milliseconds wait) noexcept {
  return wait.count() == 0 || from == time_point::max() ? time_point::max() : from + wait;
}

void release(byte_buffer& buffer) noexcept {
  if (buffer.empty()) byte_buffer().swap(buffer);
}

/// Empties a buffer, and gives it back if it is unusually large; or so small that the thread's pool has it again for
/// nothing, since most connections are quiet.
void empty(byte_buffer& buffer, std::size_t bytes_kept) noexcept {
  buffer.clear();
  if (buffer.capacity() > bytes_kept || buffer.capacity() <= detail::pooled_bytes_max) byte_buffer().swap(buffer);
}

}  // namespace

stream::stream(role role, const stream_options& options, const entropy& random, time_point now,
               std::optional<deflate_parameters> deflate, deflate_context* context)
    : options_(options),
      parser_(role, options.limits, deflate.has_value()),
      random_(&random),
      context_(deflate ? context : nullptr),
      role_(role),
      now_(now),
      last_received_(now),
      next_ping_(after(now, options.ping_interval)) {
  ASKR_ASSERT(!deflate || (context != nullptr && role == role::server));
  if (deflate) deflate_window_bits_ = deflate->server_window_bits;
}

// --- in ---

void stream::on_bytes(time_point now, mutable_byte_span received) {
  ASKR_ASSERT(received_.empty());
  now_ = std::max(now_, now);
  if (received.empty()) return;
  last_received_ = now_;
  received_ = received;
}

std::optional<message> stream::next() {
  for (;;) {
    if (is_deaf()) {
      received_ = {};
      return {};
    }
    const frame_event event = parser_.next(received_);
    switch (event.what) {
      case frame_event::kind::need_more:
        watch_message();
        return {};
      case frame_event::kind::text:
      case frame_event::kind::binary:
        message_begun_ = time_point::max();
        if (auto accepted = accept(event)) return accepted;
        break;
      case frame_event::kind::ping:
        on_ping(event.payload);
        [[fallthrough]];
      case frame_event::kind::pong:
        if (!parser_.in_message()) message_begun_ = time_point::max();
        break;
      case frame_event::kind::close:
        on_close(event);
        break;
      case frame_event::kind::violation:
        fail(event.code, event.why);
        break;
    }
  }
}

/// After our Close frame messages are read, to find the other side's, but they go nowhere.
std::optional<message> stream::accept(const frame_event& event) {
  if (close_sent_) return {};
  const bool text = event.what == frame_event::kind::text;
  if (!event.compressed) return message{text, event.payload};
  empty(inflated_, options_.limits.buffer_bytes_kept);
  if (const auto done = context_->inflate(event.payload, options_.limits.message_bytes_max, inflated_); !done) {
    if (done.code() == errc::too_large)
      fail(close_codes::too_big, "message too big");
    else
      fail(close_codes::invalid_payload, "not a deflated message");
    return {};
  }
  if (text && !is_utf8(inflated_)) {
    fail(close_codes::invalid_payload, "text is not UTF-8");
    return {};
  }
  inflated_.reserve(inflated_.size() + frame_parser::slack_bytes);
  return message{text, inflated_};
}

/// A message that has begun and not ended gets a deadline, which control frames between its fragments do not move.
void stream::watch_message() {
  if (!parser_.in_progress())
    message_begun_ = time_point::max();
  else
    message_begun_ = std::min(message_begun_, now_);
}

time_point stream::pong_due() const noexcept { return pong_paid_until_ - seconds(1); }

/// Pings are answered at once up to the rate; above it only the newest is kept, which RFC 6455, section 5.5.3 allows.
void stream::on_ping(byte_span payload) {
  if (close_sent_) return;
  const time_point due = pong_paid_until_ == time_point::min() ? now_ : pong_due();
  if (due > now_) {
    late_pong_.assign(payload.begin(), payload.end());
    late_ping_ = true;
    return;
  }
  const auto price =
      duration(seconds(1)) / static_cast<duration::rep>(std::max<std::size_t>(1, options_.pongs_per_second_max));
  pong_paid_until_ = std::max(pong_paid_until_, now_) + price;
  late_ping_ = false;
  append(opcode::pong, payload);
}

void stream::on_close(const frame_event& event) {
  close_received_ = true;
  set_cause(event.code, false, as_text(event.payload));
  send_close(event.code, {});
}

void stream::on_end(time_point now) {
  now_ = std::max(now_, now);
  received_ = {};
  ended_ = true;
  close_due_ = std::min(close_due_, now_ + options_.close_deadline);
  set_cause(close_codes::abnormal, false, "the connection ended without a Close frame");
}

// --- out ---

void stream::set_message_bytes_max(std::size_t bytes) noexcept {
  options_.limits.message_bytes_max = bytes;
  parser_.set_message_bytes_max(bytes);
}

bool stream::send(opcode code, byte_span payload) {
  if (state() != stream_state::open) return false;
  const bool worthwhile = context_ != nullptr && payload.size() >= options_.compress_bytes_min;
  const auto deflated = worthwhile ? context_->compress(payload, deflate_window_bits_) : std::nullopt;
  if (deflated)
    append_frame(pending_, code, *deflated, true);
  else
    append(code, payload);
  return true;
}

void stream::append(opcode code, byte_span payload) {
  if (role_ == role::server) {
    append_frame(pending_, code, payload);
    return;
  }
  if (masks_left_ == 0) {
    random_->fill({reinterpret_cast<std::uint8_t*>(masks_.data()), sizeof masks_});
    masks_left_ = static_cast<std::uint8_t>(masks_.size());
  }
  append_masked_frame(pending_, code, payload, masks_[--masks_left_]);
}

bool stream::send_encoded(byte_span frames) {
  ASKR_ASSERT(role_ == role::server);
  if (state() != stream_state::open) return false;
  askr::append(pending_, frames);
  return true;
}

bool stream::ping(byte_span payload) {
  if (state() != stream_state::open) return false;
  append(opcode::ping, payload.first(std::min(payload.size(), control_bytes_max)));
  return true;
}

void stream::close(time_point now, close_code code, std::string_view reason) {
  now_ = std::max(now_, now);
  if (state() != stream_state::open) return;
  set_cause(code, true, reason);
  send_close(code, reason);
}

void stream::fail(close_code code, std::string_view why) {
  failed_ = true;
  set_cause(code, true, why);
  send_close(code, why);
}

void stream::send_close(close_code code, std::string_view reason) {
  late_ping_ = false;
  close_due_ = std::min(close_due_, now_ + options_.close_deadline);
  if (close_sent_) return;
  close_sent_ = true;
  std::array<std::uint8_t, control_bytes_max> storage;
  append(opcode::close, close_payload(code, reason, storage));
}

void stream::set_cause(close_code code, bool by_us, std::string_view reason) {
  if (cause_.code == 0) cause_ = {code, by_us, std::string(reason)};
}

byte_span stream::output() noexcept {
  if (sending_.empty()) std::swap(sending_, pending_);
  return byte_span(sending_).subspan(sent_);
}

void stream::consume(std::size_t bytes) {
  sent_ += bytes;
  ASKR_ASSERT(sent_ <= sending_.size());
  if (sent_ < sending_.size()) return;
  sent_ = 0;
  empty(sending_, options_.limits.buffer_bytes_kept);
}

// --- time ---

void stream::on_timeout(time_point now) {
  now_ = std::max(now_, now);
  if (state() == stream_state::closed) return;
  if (now_ >= close_due_ || now_ >= after(last_received_, options_.dead_after)) {
    set_cause(close_codes::abnormal, true, "no sign of life");
    dead_ = true;
    return;
  }
  if (state() != stream_state::open) return;
  if (now_ >= after(message_begun_, options_.message_deadline)) {
    fail(close_codes::policy_violation, "message took too long");
    return;
  }
  if (late_ping_ && now_ >= pong_due()) on_ping(byte_buffer(late_pong_));
  if (now_ >= next_ping_) {
    release_buffers();
    next_ping_ = after(now_, options_.ping_interval);
    ping();
  }
}

time_point stream::next_timeout() const noexcept {
  if (state() == stream_state::closed) return time_point::max();
  const time_point end = std::min(close_due_, after(last_received_, options_.dead_after));
  if (state() != stream_state::open) return end;
  const time_point due = std::min({end, next_ping_, after(message_begun_, options_.message_deadline)});
  return late_ping_ ? std::min(due, pong_due()) : due;
}

void stream::release_buffers() noexcept {
  parser_.release_buffers();
  release(sending_);
  release(pending_);
  byte_buffer().swap(inflated_);
  if (!late_ping_) byte_buffer().swap(late_pong_);
}

stream_state stream::state() const noexcept {
  if (dead_ || (ended_ && output_bytes() == 0)) return stream_state::closed;
  if (close_sent_ || close_received_ || ended_) return stream_state::closing;
  return stream_state::open;
}

bool stream::should_shutdown_send() const noexcept {
  if (!close_sent_ || output_bytes() != 0) return false;
  // A client lets the server end the connection first. Source: RFC 6455, section 7.1.1.
  return failed_ || (close_received_ && role_ == role::server);
}

}  // namespace askr::websocket
