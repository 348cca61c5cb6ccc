// SPDX-License-Identifier: MIT
#include "transport/session.hpp"

#include "transport/websocket/frame_writer.hpp"

#include <utility>

namespace askr::transport {
namespace {

constexpr std::string_view json_protocol = "askr.v1.json";
constexpr std::string_view msgpack_protocol = "askr.v1.msgpack";
constexpr std::string_view token_prefix = "askr.token.";
constexpr milliseconds linger = seconds(2);  // After a plain HTTP answer.

std::string token_in(const http::request& request) {
  for (const auto& header : request.headers) {
    if (!http::equals_ignoring_case(header.name, "Sec-WebSocket-Protocol")) continue;
    auto list = header.value;
    while (const auto item = http::take_list_element(list)) {
      if (item->starts_with(token_prefix)) return std::string(item->substr(token_prefix.size()));
    }
  }
  return {};
}

}  // namespace

session::session(const session_options& options, const entropy& random, websocket::deflate_context& deflate,
                 arrival how)
    : options_(options), random_(random), deflate_(deflate), phase_(std::make_unique<http_phase>()) {
  shown_.address = std::move(how.address);
  shown_.loopback = how.loopback;
  shown_.certificate = std::move(how.certificate.subject);
  shown_.certificate_groups = std::move(how.certificate.organizations);
  shown_.certificate_expires = static_cast<wall_ms>(std::max<std::int64_t>(how.certificate.expires, 0)) * 1000;
  auto& http = *std::get<0>(phase_);
  http.parser = http::head_parser(options.head);
  http.due = how.opened + options.head_deadline;
  http.reached_at = std::move(how.reached_at);
  http.tls = how.tls;
  http.plain_refused = how.plain_refused;
}

void session::on_bytes(time_point now, mutable_byte_span received) {
  if (auto* stream = std::get_if<websocket::stream>(&phase_)) return stream->on_bytes(now, received);
  auto& http = *std::get<0>(phase_);
  if (http.answered) return;  // Drained.
  const auto taken = http.parser.on_bytes(received);
  if (http.parser.failed()) {
    const auto& why = http.parser.failure();
    return answer(http, websocket::make_refusal(why.status, why.reason).response);
  }
  if (http.parser.complete()) on_head(now, http, received.subspan(taken));
}

void session::on_head(time_point now, http_phase& http, mutable_byte_span rest) {
  const auto& request = http.parser.head();
  if (is_refused(http, request)) return;
  if (websocket::wants_upgrade(request)) return upgrade(now, request, rest);
  route(http, request);
}

/// What no request may do, whatever it is for.
bool session::is_refused(http_phase& http, const http::request& request) {
  const websocket::request_way way{http.tls, http.reached_at};
  const auto refuse = [&](int status, std::string_view why) {
    byte_buffer response;
    const auto body = std::string(why) + "\n";
    http::append_response(response, status, "text/plain; charset=utf-8", body, {}, request.method == "HEAD");
    answer(http, std::move(response));
    return true;
  };
  if (!websocket::host_allowed(request, options_.handshake, way))
    return refuse(421, "this host name is not served here");
  if (!websocket::origin_allowed(request, options_.handshake, way)) {
    return refuse(403, "pages of this origin may not connect");
  }
  if (http.plain_refused) return refuse(403, "only TLS is spoken here: use wss:// or https://");
  return false;
}

void session::route(http_phase& http, const http::request& request) {
  const bool head_only = request.method == "HEAD";
  byte_buffer response;
  if (request.method != "GET" && !head_only) {
    http::append_response(response, 405, "text/plain", "only GET and HEAD\n");
  } else if (request.target == "/health") {
    http::append_response(response, 200, "text/plain", "ok\n", {}, head_only);
  } else if (request.target == "/") {
    http::append_response(response, 200, "text/plain; charset=utf-8", options_.about, {}, head_only);
  } else {
    http::append_response(response, 404, "text/plain", "not found\n", {}, head_only);
  }
  answer(http, std::move(response));
}

void session::upgrade(time_point now, const http::request& request, mutable_byte_span rest) {
  const auto& http = *std::get<0>(phase_);
  auto verdict = websocket::check_request(request, options_.handshake, {http.tls, http.reached_at});
  if (auto* refused = std::get_if<websocket::refusal>(&verdict)) {
    return answer(*std::get<0>(phase_), std::move(refused->response));
  }
  auto& accepted = std::get<websocket::acceptance>(verdict);
  shown_.origin = request.find("Origin").value_or("");
  shown_.token = token_in(request);
  host_ = request.find("Host").value_or("");
  if (accepted.subprotocol == msgpack_protocol) encoding_ = client_encoding::msgpack;
  upgrade_response_ = std::move(accepted.response);
  phase_.emplace<websocket::stream>(websocket::role::server, options_.stream, random_, now, accepted.deflate, &deflate_)
      .set_message_bytes_max(std::min(options_.unadmitted_bytes_max, options_.stream.limits.message_bytes_max));
  if (!rest.empty()) std::get<websocket::stream>(phase_).on_bytes(now, rest);
}

void session::answer(http_phase& http, byte_buffer response) {
  http.answer = std::move(response);
  http.answered = true;
}

void session::admit() {
  if (auto* stream = std::get_if<websocket::stream>(&phase_)) {
    stream->set_message_bytes_max(options_.stream.limits.message_bytes_max);
  }
}

void session::on_end(time_point now) {
  if (auto* stream = std::get_if<websocket::stream>(&phase_)) return stream->on_end(now);
  std::get<0>(phase_)->ended = true;
}

std::optional<websocket::message> session::next() {
  auto* stream = std::get_if<websocket::stream>(&phase_);
  if (stream == nullptr) return std::nullopt;
  return stream->next();
}

result<void> session::send(client_codec& codec, const client_message& message) {
  auto* stream = std::get_if<websocket::stream>(&phase_);
  if (stream == nullptr) return errc::closed;
  const auto encoded = codec.encode(message, encoding_);
  if (!encoded) return encoded.error();
  const bool sent = encoding_ == client_encoding::json ? stream->send_text(*encoded) : stream->send_binary(*encoded);
  if (!sent) return errc::closed;
  return {};
}

bool session::send_encoded(byte_span frames) {
  auto* stream = std::get_if<websocket::stream>(&phase_);
  return stream != nullptr && stream->send_encoded(frames);
}

void session::close(time_point now, websocket::close_code code, std::string_view reason) {
  if (auto* stream = std::get_if<websocket::stream>(&phase_)) return stream->close(now, code, reason);
  std::get<0>(phase_)->ended = true;
}

byte_span session::output() noexcept {
  if (upgrade_written_ < upgrade_response_.size()) return byte_span(upgrade_response_).subspan(upgrade_written_);
  if (auto* stream = std::get_if<websocket::stream>(&phase_)) return stream->output();
  const auto& http = *std::get<0>(phase_);
  return byte_span(http.answer).subspan(http.written);
}

void session::consume(std::size_t bytes) {
  if (upgrade_written_ < upgrade_response_.size()) {
    upgrade_written_ += bytes;
    if (upgrade_written_ == upgrade_response_.size()) {
      upgrade_response_ = {};
      upgrade_written_ = 0;
    }
    return;
  }
  if (auto* stream = std::get_if<websocket::stream>(&phase_)) return stream->consume(bytes);
  std::get<0>(phase_)->written += bytes;
}

std::size_t session::output_bytes() const noexcept {
  if (const auto* stream = std::get_if<websocket::stream>(&phase_)) return stream->output_bytes();
  const auto& http = *std::get<0>(phase_);
  return http.answer.size() - http.written;
}

bool session::wants_shutdown() const noexcept {
  if (const auto* stream = std::get_if<websocket::stream>(&phase_)) return stream->should_shutdown_send();
  const auto& http = *std::get<0>(phase_);
  return http.answered && http.written == http.answer.size();
}

bool session::finished() const noexcept {
  if (const auto* stream = std::get_if<websocket::stream>(&phase_)) {
    return stream->state() == websocket::stream_state::closed;
  }
  return std::get<0>(phase_)->ended;
}

void session::on_timeout(time_point now) {
  if (auto* stream = std::get_if<websocket::stream>(&phase_)) return stream->on_timeout(now);
  auto& http = *std::get<0>(phase_);
  if (now < http.due) return;
  if (http.answered) {
    http.ended = true;
    return;
  }
  http.due = now + linger;
  answer(http, websocket::make_refusal(408, "the request took too long").response);
}

time_point session::next_timeout() const noexcept {
  if (const auto* stream = std::get_if<websocket::stream>(&phase_)) return stream->next_timeout();
  return std::get<0>(phase_)->due;
}

result<void> append_client_frame(client_codec& codec, const client_message& message, client_encoding how,
                                 byte_buffer& payload_scratch, byte_buffer& frames) {
  payload_scratch.clear();
  if (auto encoded = codec.encode(message, how, payload_scratch); !encoded) return encoded;
  const bool json = how == client_encoding::json;
  websocket::append_frame(frames, json ? websocket::opcode::text : websocket::opcode::binary, payload_scratch);
  return {};
}

}  // namespace askr::transport
