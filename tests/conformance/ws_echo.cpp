// SPDX-License-Identifier: MIT
// askr-ws-echo: the shipping HTTP head parser, handshake and WebSocket stream behind an echo, for conformance suites.
// Test-only: it listens on 127.0.0.1, lets pages of any origin in and takes any subprotocol list without choosing one.

#include <askr/random.hpp>
#include <askr/time.hpp>

#include "transport/http.hpp"
#include "transport/websocket/handshake.hpp"
#include "transport/websocket/stream.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <charconv>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

namespace {

using asio::ip::tcp;
using namespace askr;

struct settings {
  std::uint16_t port = 0;
  bool deflate = false;
  websocket::stream_options stream = {};
};

constexpr std::size_t scratch_bytes = 256 << 10;
constexpr std::size_t output_bytes_soft = 1 << 20;  // Above it a connection is not read from.
constexpr milliseconds head_deadline = seconds(5);

/// What all connections share: one thread, so one receive buffer and one deflate context do.
struct shared {
  explicit shared(const settings& chosen) : options(chosen) {}

  settings options;
  byte_buffer scratch = byte_buffer(scratch_bytes + websocket::frame_parser::slack_bytes);
  websocket::deflate_context deflate;
  entropy random;
};

class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(tcp::socket socket, shared& all) : socket_(std::move(socket)), timer_(socket_.get_executor()), all_(all) {}

  void start() {
    std::error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    head_due_ = clock::now() + head_deadline;
    turn();
  }

 private:
  // One turn: read if there is room, write what is due, arm the timer.
  void turn() {
    if (!socket_.is_open()) return;
    if (finished()) return close();
    if (output_bytes() > 0) write();
    if (shutdown_due()) shut_down();
    if (!reading_ && output_bytes() < output_bytes_soft) wait_for_input();
    arm_timer();
  }

  bool finished() const {
    if (stream_) return stream_->state() == websocket::stream_state::closed;
    return refused_ && ended_ && answer_.empty();
  }

  bool shutdown_due() const {
    if (shut_down_) return false;
    return stream_ ? stream_->should_shutdown_send() : refused_ && answer_.empty();
  }

  void shut_down() {
    std::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    shut_down_ = true;
  }

  void wait_for_input() {
    reading_ = true;
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](std::error_code failure) {
      self->reading_ = false;
      if (!failure) self->read();
      self->turn();
    });
  }

  void read() {
    std::error_code failure;
    const std::size_t n = socket_.read_some(asio::buffer(all_.scratch.data(), scratch_bytes), failure);
    if (failure == asio::error::would_block) return;
    if (failure) return on_end();
    const mutable_byte_span received(all_.scratch.data(), n);
    if (stream_)
      on_frames(received);
    else if (!refused_)
      on_head(received);
  }

  void on_end() {
    ended_ = true;
    if (stream_)
      stream_->on_end(clock::now());
    else
      refuse({});
  }

  void on_head(mutable_byte_span received) {
    const mutable_byte_span rest = received.subspan(head_.on_bytes(received));
    if (head_.failed()) {
      refuse(websocket::make_refusal(head_.failure().status, head_.failure().reason).response);
    } else if (head_.complete()) {
      upgrade();
      if (stream_) on_frames(rest);
    }
  }

  void upgrade() {
    websocket::handshake_options options;
    options.allow_any_origin = true;
    options.deflate = all_.options.deflate;
    auto outcome = websocket::check_request(head_.head(), options);
    if (auto* refused = std::get_if<websocket::refusal>(&outcome)) return refuse(std::move(refused->response));
    auto& accepted = std::get<websocket::acceptance>(outcome);
    stream_.emplace(websocket::role::server, all_.options.stream, all_.random, clock::now(), accepted.deflate,
                    accepted.deflate ? &all_.deflate : nullptr);
    answer_ = std::move(accepted.response);
  }

  void refuse(byte_buffer response) {
    refused_ = true;
    answer_ = std::move(response);
  }

  void on_frames(mutable_byte_span received) {
    stream_->on_bytes(clock::now(), received);
    while (const auto message = stream_->next())
      message->text ? stream_->send_text(message->data) : stream_->send_binary(message->data);
  }

  std::size_t output_bytes() const { return answer_.size() + (stream_ ? stream_->output_bytes() : 0); }

  // The answer to the handshake first, then the stream's frames. One write at a time.
  void write() {
    if (writing_) return;
    writing_ = true;
    const bool head = !answer_.empty();
    const byte_span next = head ? byte_span(answer_) : stream_->output();
    asio::async_write(socket_, asio::buffer(next.data(), next.size()),
                      [self = shared_from_this(), head](std::error_code failure, std::size_t written) {
                        self->writing_ = false;
                        if (failure) return self->close();
                        head ? self->answer_.clear() : self->stream_->consume(written);
                        self->turn();
                      });
  }

  void arm_timer() {
    const time_point due = stream_ ? stream_->next_timeout() : head_due_;
    if (due == time_point::max() || due == armed_) return;
    armed_ = due;
    timer_.expires_at(due);
    timer_.async_wait([self = shared_from_this()](std::error_code failure) {
      if (failure || !self->socket_.is_open()) return;
      self->armed_ = {};
      if (!self->stream_) return self->close();
      self->stream_->on_timeout(clock::now());
      self->turn();
    });
  }

  void close() {
    std::error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
  }

  tcp::socket socket_;
  asio::steady_timer timer_;
  shared& all_;
  http::head_parser head_;
  std::optional<websocket::stream> stream_;
  byte_buffer answer_;  // To the handshake; it goes out before the frames.
  time_point head_due_;
  time_point armed_;
  bool reading_ = false;
  bool writing_ = false;
  bool refused_ = false;
  bool ended_ = false;
  bool shut_down_ = false;
};

void accept_next(tcp::acceptor& acceptor, shared& all) {
  acceptor.async_accept([&](std::error_code failure, tcp::socket socket) {
    if (failure == asio::error::operation_aborted) return;
    if (!failure) std::make_shared<connection>(std::move(socket), all)->start();
    accept_next(acceptor, all);
  });
}

template <class Number>
bool parse_number(std::string_view text, Number& into) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), into);
  return failure == std::errc() && end == text.data() + text.size();
}

bool parse_arguments(int count, char** arguments, settings& into) {
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--deflate") {
      into.deflate = true;
      continue;
    }
    const std::string_view value = i + 1 < count ? arguments[++i] : "";
    const bool good = name == "--port"                ? parse_number(value, into.port)
                      : name == "--message-bytes-max" ? parse_number(value, into.stream.limits.message_bytes_max)
                      : name == "--fragments-max"     ? parse_number(value, into.stream.limits.fragments_max)
                                                      : false;
    if (!good) return false;
  }
  return true;
}

int run(const settings& options) {
  asio::io_context io(1);
  shared all(options);
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), options.port));
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](std::error_code, int) { io.stop(); });
  std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
  std::fflush(stdout);
  accept_next(acceptor, all);
  io.run();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  settings options;
  options.stream.message_deadline = seconds(60);      // Suites send large messages in very small pieces.
  options.stream.limits.buffer_bytes_kept = 4 << 20;  // What one read becomes as output, and more.
  if (!parse_arguments(count, arguments, options)) {
    std::fprintf(stderr, "usage: askr-ws-echo --port P [--deflate] [--message-bytes-max N] [--fragments-max N]\n");
    return 2;
  }
  try {
    return run(options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "askr-ws-echo: %s\n", failure.what());
    return 1;
  }
}
