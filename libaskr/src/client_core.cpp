// SPDX-License-Identifier: MIT
// The connection: dialling, handshake, greeting, loss and end. What is said over it: client_messages.cpp.
#include "libaskr/src/client_core.hpp"

#include "crypto/client_proof.hpp"
#include "crypto/hex.hpp"

#include <askr/assert.hpp>

#include <algorithm>
#include <cctype>
#include <utility>

namespace askr {
namespace {

using transport::client_encoding;
using transport::client_message;
using kind = client_message::kind;
namespace close_codes = websocket::close_codes;

constexpr std::size_t payload_elements = 1 << 20;

transport::client_codec_limits codec_limits(const client_options& options) {
  transport::client_codec_limits limits;
  limits.message_bytes_max = options.received_bytes_max;
  limits.elements_max = payload_elements;
  return limits;
}

websocket::stream_options stream_options(const client_options& options) {
  websocket::stream_options made;
  made.limits.message_bytes_max = options.received_bytes_max;
  return made;
}

std::string subprotocol(client_encoding how) {
  return how == client_encoding::json ? "askr.v1.json" : "askr.v1.msgpack";
}

/// "connect: Connection refused" as a reason in parentheses.
std::string as_reason(std::string_view detail) {
  constexpr std::string_view step = "connect: ";
  if (detail.starts_with(step)) detail.remove_prefix(step.size());
  std::string reason(detail);
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  return reason;
}

}  // namespace

client_core::wire::wire() = default;

client_core::client_core(client_options& options, client_url url, std::uint64_t seed)
    : options_(options),
      url_(std::move(url)),
      random_(seed),
      codec_(codec_limits(options)),
      encoding_(options.encoding == encoding::json ? client_encoding::json : client_encoding::msgpack),
      services_(options.serving_max) {}

// --- dialling

void client_core::connect(time_point now, completion done) {
  if (phase_ == phase::closed) return done(error{errc::closed, "the client was closed"});
  if (is_open()) return done(payload{});
  connecting_.push_back(std::move(done));
  if (phase_ == phase::idle) dial(now);
}

void client_core::dial(time_point) {
  phase_ = phase::dialing;
  dial_due_ = time_point::max();
  dial_wanted_ = true;
}

std::optional<milliseconds> client_core::take_dial(time_point) {
  if (!std::exchange(dial_wanted_, false)) return std::nullopt;
  return options_.connect_timeout;
}

void client_core::on_dialed(time_point now) {
  if (phase_ != phase::dialing) return;
  phase_ = phase::upgrading;
  wire_.emplace();
  wire_->welcome_due = now + options_.connect_timeout;
  wire_->handshake = {.host = url_.host,
                      .target = url_.target,
                      .subprotocols = {subprotocol(encoding_)},
                      .key = websocket::make_key(entropy_)};
  websocket::append_request(wire_->request, wire_->handshake);
}

void client_core::on_dial_failed(time_point now, const error& why) {
  if (phase_ != phase::dialing) return;
  lost(now, {why.code, "no node at " + options_.url + " (" + as_reason(why.detail) + ")"});
}

// --- handshake and greeting

void client_core::on_bytes(time_point now, mutable_byte_span received) {
  if (!wire_ || wire_->broken) return;
  if (!wire_->stream) {
    received = received.subspan(wire_->head.on_bytes(received));
    if (wire_->head.failed()) {
      wire_->broken = error{errc::bad_message, options_.url + " does not answer as a WebSocket server"};
    }
    if (!wire_->head.complete()) return;
    upgrade(now);
    if (!wire_->stream) return;
  }
  wire_->stream->on_bytes(now, received);
  while (const auto next = wire_->stream->next()) receive(now, *next);
}

void client_core::upgrade(time_point now) {
  const auto chosen = websocket::check_response(wire_->head.head(), wire_->handshake);
  if (!chosen) {
    wire_->broken = chosen.error();
    return;
  }
  wire_->stream.emplace(websocket::role::client, stream_options(options_), entropy_, now);
  phase_ = phase::greeting;
  greet();
}

/// A node that knows the client by its token answers the first message; one that needs none, the second.
void client_core::greet() {
  if (key_) return show_key({});
  if (!options_.token.empty()) {
    client_message auth;
    auth.what = kind::auth;
    auth.mid = transport::message_id::from_uint(++last_mid_);
    auth.token = options_.token;
    (void)write(auth);
  }
  say_hello();
}

void client_core::say_hello() {
  client_message hello;
  hello.what = kind::hello;
  hello.mid = transport::message_id::from_uint(++last_mid_);
  hello.workspace = options_.workspace;
  (void)write(hello);
}

void client_core::show_key(std::string_view signature) {
  const auto shown = crypto::to_hex(key_->shown);
  client_message auth;
  auth.what = kind::auth;
  auth.mid = transport::message_id::from_uint(++last_mid_);
  auth.workspace = options_.workspace;
  auth.key = shown;
  auth.signature = signature;
  (void)write(auth);
}

void client_core::on_challenge(const client_message& said) {
  std::array<std::uint8_t, 32> nonce;
  if (!key_ || phase_ != phase::greeting || !crypto::from_hex(nonce, said.nonce)) return;
  const crypto::client_proof_text text{said.workspace, said.node, url_.host, nonce};
  show_key(crypto::to_hex(crypto::sign(key_->own, text.encode(key_->shown))));
}

void client_core::on_welcome(time_point now, const client_message& said) {
  if (!said.workspace.empty() && !options_.workspace.empty() && said.workspace != options_.workspace) {
    wire_->refused = error{errc::wrong_workspace, "this node belongs to workspace " + std::string(said.workspace)};
    return wire_->stream->close(now, close_codes::normal, "wrong workspace");
  }
  phase_ = phase::open;
  attempts_ = 0;
  welcomed_once_ = true;
  node_name_ = said.node_name;
  log(log_level::info, "client: connected url=" + options_.url + " node=" + node_name_);
  say_again(now);
  for (auto& each : std::exchange(connecting_, {})) each(payload{});
}

// --- the end of a connection

void client_core::on_end(time_point now, const error& why) {
  if (!wire_) return;
  lost(now, why_lost(why));
}

error client_core::why_lost(const error& given) const {
  if (wire_->refused) return *wire_->refused;
  if (wire_->broken) return *wire_->broken;
  if (!wire_->stream) return {given.code, options_.url + ": " + given.detail};
  const auto& cause = wire_->stream->cause();
  if (cause.code == 0 || cause.code == close_codes::abnormal) return {errc::closed, options_.url + ": " + given.detail};
  std::string text = (cause.by_us ? "this side closed with " : "the node closed with ") + std::to_string(cause.code);
  if (!cause.reason.empty()) text += " " + cause.reason;
  return {cause.code == close_codes::too_big ? errc::too_large : errc::closed, std::move(text)};
}

void client_core::lost(time_point now, const error& why) {
  wire_.reset();
  node_name_.clear();
  awaited_.clear();
  ready_asked_.clear();
  services_.forget_callers();
  if (phase_ == phase::closed) return;
  const bool was_open = is_open();
  log(log_level::warning, std::string("client: ") + (was_open ? "connection lost" : "not connected") +
                              " url=" + options_.url + " why=" + why.message());
  if (welcomed_once_ && options_.reconnect) {
    phase_ = phase::waiting;
    const auto doubled = options_.reconnect_first * (1LL << std::min(attempts_++, 16U));
    const auto wait_max = std::min<milliseconds>(doubled, options_.reconnect_max);
    dial_due_ = now + milliseconds(random_.below(static_cast<std::uint64_t>(wait_max.count()) + 1));
  } else if (welcomed_once_) {
    give_up(why);
  } else {
    phase_ = phase::idle;
    for (auto& each : std::exchange(waiters_, {})) each.done(why);
  }
  commands_.on_connection_lost({errc::peer_lost, "the connection to " + options_.url + " was lost"});
  if (phase_ == phase::closed) commands_.close(why);
  for (auto& each : std::exchange(connecting_, {})) each(why);
}

void client_core::give_up(const error& why) {
  phase_ = phase::closed;
  dial_wanted_ = false;
  unsent_.clear();
  unsent_bytes_ = 0;
  for (auto& each : std::exchange(waiters_, {})) each.done(why);
}

void client_core::close(time_point now) {
  if (phase_ == phase::closed) return;
  const error why{errc::closed, "the client was closed"};
  give_up(why);
  commands_.close(why);
  services_.forget_callers();
  for (auto& each : std::exchange(connecting_, {})) each(why);
  if (!wire_) return;
  if (wire_->stream) {
    wire_->stream->close(now, close_codes::normal);
  } else {
    wire_->broken = why;
  }
}

bool client_core::should_close() const noexcept {
  if (!wire_) return false;
  return wire_->broken || (wire_->stream && wire_->stream->state() == websocket::stream_state::closed);
}

// --- octets and time

byte_span client_core::output() noexcept {
  if (!wire_) return {};
  if (wire_->request_written < wire_->request.size()) return byte_span(wire_->request).subspan(wire_->request_written);
  return wire_->stream ? wire_->stream->output() : byte_span{};
}

void client_core::consume(std::size_t bytes) {
  if (!wire_) return;
  if (wire_->request_written < wire_->request.size()) {
    wire_->request_written += bytes;
  } else {
    wire_->stream->consume(bytes);
  }
}

bool client_core::should_shutdown_send() const noexcept {
  return wire_ && wire_->stream && wire_->stream->should_shutdown_send();
}

void client_core::on_timeout(time_point now) {
  commands_.on_timeout(now);
  if (phase_ == phase::waiting && now >= dial_due_) dial(now);
  if (!wire_) return;
  if ((phase_ == phase::upgrading || phase_ == phase::greeting) && now >= wire_->welcome_due && !wire_->broken) {
    wire_->broken = error{errc::timed_out, "no welcome from " + options_.url + " in time"};
  }
  if (wire_->stream) wire_->stream->on_timeout(now);
}

time_point client_core::next_timeout() const noexcept {
  auto due = commands_.next_timeout();
  if (phase_ == phase::waiting) due = std::min(due, dial_due_);
  if (!wire_ || wire_->broken) return due;
  if (phase_ == phase::upgrading || phase_ == phase::greeting) due = std::min(due, wire_->welcome_due);
  return wire_->stream ? std::min(due, wire_->stream->next_timeout()) : due;
}

void client_core::log(log_level level, const std::string& line) {
  if (options_.log) options_.log(level, line);
}

}  // namespace askr
