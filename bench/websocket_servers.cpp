// SPDX-License-Identifier: MIT
/// The servers of the workloads `ws` and `fanout` that are in this program: a node, and an epoll loop without JSON.
#include "bench/bench_node.hpp"
#include "bench/process.hpp"
#include "bench/sockets.hpp"
#include "bench/websocket.hpp"
#include "bench/websocket_stream.hpp"

#include <askr/node.hpp>

#include "transport/websocket/frame_writer.hpp"

#include <array>
#include <deque>
#include <string>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace askr::bench {
namespace {

constexpr int backlog = 4096;

class raw_server {
 public:
  explicit raw_server(int listener) : listener_(listener), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    watch(listener, nullptr);
    watch(STDIN_FILENO, this);
  }

  void run() {
    for (std::array<epoll_event, 256> ready;;) {
      const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), -1);
      for (int at = 0; at < count; ++at) {
        auto* const who = ready[static_cast<std::size_t>(at)].data.ptr;
        if (who == this) return;
        who == nullptr ? accept() : serve(*static_cast<websocket_stream*>(who));
      }
      for (auto& each : streams_) each.flush();
    }
  }

 private:
  void watch(int descriptor, void* as) {
    epoll_event what{.events = EPOLLIN, .data = {.ptr = as}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &what);
  }

  void accept() {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    open_as_server(socket);
    watch(socket, &streams_.emplace_back(socket, false));
  }

  void serve(websocket_stream& from) {
    const bool there = from.read([&](std::string_view text) {
      if (text.starts_with(echo_front)) return from.append(text);
      if (text.starts_with(emit_front)) return emit(text.substr(text.find(R"("data":)") + 7));
      listeners_.push_back(&from);
      from.append(R"({"mid":0,"value":true})");
    });
    if (!there) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, from.descriptor(), nullptr);
  }

  // `rest`: the payload and the brace behind it.
  void emit(std::string_view rest) {
    frame_.clear();
    text_.assign(R"({"type":"bench.event","payload":)").append(rest);
    websocket::append_frame(frame_, websocket::opcode::text, as_bytes(text_));
    for (auto* each : listeners_) each->append_frames(frame_);
  }

  int listener_;
  int epoll_;
  std::deque<websocket_stream> streams_;
  std::vector<websocket_stream*> listeners_;
  std::string text_;
  byte_buffer frame_;
};

}  // namespace

int run_raw_websocket_server(arguments& given) {
  const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  given.finish();
  pin_server(where);
  read_first_line();
  std::uint16_t port = 0;
  const int listener = listen_anywhere(port, backlog);
  say(std::to_string(port));
  raw_server(listener).run();
  return 0;
}

int run_askr_websocket_server(arguments& given) {
  const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  given.finish();
  pin_server(where);
  askr::node server(options_for("server", read_first_line()));
  server.on("bench.echo", [](const command& asked) { return asked.data; });
  server.on("bench.emit", [&](const command& asked) {
    server.emit("bench.event", payload(asked.data));
    return payload{};
  });
  server.start();
  say(std::to_string(server.port()));
  wait_for_end_of_input();
  return 0;
}

}  // namespace askr::bench
