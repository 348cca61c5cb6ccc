// SPDX-License-Identifier: MIT
#include "tests/support/fake_client.hpp"

#include "transport/websocket/handshake.hpp"

#include <utility>

namespace askr::test {

fake_client::fake_client(std::size_t at, const options& how, time_point now) : node(at), opened_(now) {
  websocket::append_request(
      output_, {.host = "127.0.0.1:8800", .subprotocols = how.subprotocols, .key = websocket::make_key(entropy_)});
  stream_.emplace(websocket::role::client,
                  websocket::stream_options{.ping_interval = seconds(0), .dead_after = seconds(0)}, entropy_, now);
}

void fake_client::say(std::string_view json) { stream_->send_text(as_bytes(json)); }
void fake_client::say_binary(byte_span bytes) { stream_->send_binary(bytes); }

std::vector<std::string> fake_client::take() { return std::exchange(heard_, {}); }

std::string fake_client::heard() {
  std::string all;
  for (const auto& each : take()) all += (all.empty() ? "" : " | ") + each;
  return all;
}

byte_buffer fake_client::take_output() {
  auto taken = std::exchange(output_, {});
  while (stream_->output_bytes() > 0) {
    const auto bytes = stream_->output();
    append(taken, bytes);
    stream_->consume(bytes.size());
  }
  return taken;
}

void fake_client::on_bytes(time_point now, byte_span written) {
  byte_buffer received(written.begin(), written.end());
  mutable_byte_span rest = received;
  if (!head_.ends_with("\r\n\r\n")) {
    const auto text = as_text(rest);
    const auto end = text.find("\r\n\r\n");
    const auto taken = end == std::string_view::npos ? text.size() : end + 4;
    head_ += text.substr(0, taken);
    rest = rest.subspan(taken);
  }
  if (rest.empty()) return;
  stream_->on_bytes(now, rest);
  while (const auto message = stream_->next()) heard_.emplace_back(as_text(message->data));
}

void fake_client::on_end(time_point now) { stream_->on_end(now); }

}  // namespace askr::test
