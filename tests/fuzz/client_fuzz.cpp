// SPDX-License-Identifier: MIT
// A whole client without a socket, at a node that says what it likes after a good upgrade: whole messages, frames,
// octets, ends. Nothing breaks, what waits stays within its limits, and every command has exactly one outcome.
#include "libaskr/src/client_core.hpp"

#include "transport/session.hpp"
#include "transport/websocket/frame_writer.hpp"

#include <askr/assert.hpp>

#include <algorithm>

namespace {

using namespace askr;

constexpr std::size_t pending_max = 8;

class client_game {
 public:
  explicit client_game(bool json) {
    options_.encoding = json ? encoding::json : encoding::msgpack;
    options_.commands_pending_max = pending_max;
    options_.received_bytes_max = 1 << 16;
    options_.serving_max = 4;
    options_.token = std::string(40, 't');
    core_.add_handler("echo", detail::make_handler([](const command& asked) { return asked.data; }));
    core_.add_listener(1, ">", detail::make_listener([](const event&) {}), {.on_gap = [](const event_gap&) {}});
    core_.connect(now_, [](const result<payload>&) {});
    dial();
  }

  ~client_game() {
    core_.close(now_);
    core_.on_end(now_, error{errc::closed});
    ASKR_ASSERT(core_.closed() && asked_ == answered_);
  }

  void play(byte_span input) {
    while (input.size() >= 3) {
      const auto operation = input[0] & 7;
      const auto bytes = input.subspan(3).first(std::min<std::size_t>(input[1] << 8 | input[2], input.size() - 3));
      input = input.subspan(3 + bytes.size());
      switch (operation) {
        case 0:
        case 1:
        case 2:
          say(bytes, options_.encoding == encoding::json ? websocket::opcode::text : websocket::opcode::binary);
          break;
        case 3:
          say_frame(bytes);
          break;
        case 4:
          hear(bytes);
          break;
        case 5:
          now_ += milliseconds(bytes.size() * 17);
          break;
        case 6:
          core_.on_end(now_, error{errc::closed});
          break;
        default:
          act(bytes);
      }
      turn();
    }
  }

 private:
  void dial() {
    if (!core_.take_dial(now_)) return;
    core_.on_dialed(now_);
    transport::session node(node_options_, random_, deflate_, {"127.0.0.1", true, now_});
    byte_buffer request(core_.output().begin(), core_.output().end());
    core_.consume(request.size());
    node.on_bytes(now_, request);
    ASKR_ASSERT(!node.next() && node.upgraded());
    hear(node.output());
  }

  void say(byte_span bytes, websocket::opcode as) {
    byte_buffer frame;
    websocket::append_frame(frame, as, bytes);
    hear(frame);
  }

  // Any first byte: control frames that are too long, reserved bits, fragments.
  void say_frame(byte_span bytes) {
    if (bytes.empty()) return;
    const auto content = bytes.subspan(1);
    byte_buffer frame{bytes[0], 126, static_cast<std::uint8_t>(content.size() >> 8),
                      static_cast<std::uint8_t>(content.size())};
    if (content.size() < 126) {
      frame[1] = static_cast<std::uint8_t>(content.size());
      frame.resize(2);
    }
    append(frame, content);
    hear(frame);
  }

  void hear(byte_span bytes) {
    byte_buffer received(bytes.begin(), bytes.end());
    core_.on_bytes(now_, received);
  }

  void act(byte_span bytes) {
    const std::string text(as_text(bytes.first(std::min<std::size_t>(bytes.size(), 64))));
    switch (bytes.size() % 4) {
      case 0:
        return core_.emit(now_, text, payload::from(1));
      case 1:
        ++asked_;
        return core_.ready([this](const result<payload>&) { ++answered_; });
      case 2:
        core_.add_listener(2, text, detail::make_listener([](const event&) {}), {.last = 5});
        return core_.remove_listener(2);
      default:
        ++asked_;
        core_.send(now_, {.name = text, .data = payload::from(text), .timeout = 500ms},
                   [this](const result<payload>&) { ++answered_; });
    }
  }

  void turn() {
    for (auto& job : core_.take_jobs()) {
      byte_buffer packed;
      const auto kind = job.handler->answer(job.asked, packed);
      core_.on_answer(job.serving,
                      kind ? result<payload>(payload(std::move(packed), *kind)) : result<payload>(kind.error()));
    }
    while (!core_.output().empty()) core_.consume(core_.output().size());
    if (core_.should_close()) core_.on_end(now_, error{errc::closed});
    if (core_.next_timeout() <= now_) core_.on_timeout(now_);
    dial();
  }

  client_options options_;
  time_point now_ = time_point(seconds(1000));
  client_core core_{options_, client_url::parse("ws://127.0.0.1:8800").value(), 7};
  transport::session_options node_options_ = [] {
    transport::session_options made;
    made.handshake.subprotocols = {"askr.v1.json", "askr.v1.msgpack"};
    return made;
  }();
  entropy random_;
  websocket::deflate_context deflate_;
  std::size_t asked_ = 0, answered_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  client_game game(data[0] % 2 == 1);
  game.play({data + 1, size - 1});
  return 0;
}
