// SPDX-License-Identifier: MIT
/// The client side of the workloads `ws` and `fanout`.
#include "bench/bench_node.hpp"
#include "bench/rivals.hpp"
#include "bench/sockets.hpp"
#include "bench/websocket.hpp"
#include "bench/websocket_stream.hpp"

#include <array>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>

#include <sys/epoll.h>
#include <unistd.h>

namespace askr::bench {
namespace {

constexpr milliseconds longest_sleep = 100ms;

program server_of(const std::string& system, pinning where) {
  const auto pin = std::to_string(static_cast<int>(where));
  if (system == "askr") return {.command = {own_program(), "askr-websocket-server", "--pin", pin}};
  if (system == "raw") return {.command = {own_program(), "raw-websocket-server", "--pin", pin}};
  return rival_server(system, where);
}

/// A server in a child and sockets to it. The first sends the requests; of the others some listen, some do nothing.
class websocket_requester : public requester {
 public:
  websocket_requester(const std::string& system, pinning where, std::size_t listeners, std::size_t idle)
      : listeners_(listeners), child_(server_of(system, where)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    child_.write_line(random_secret());
    port_ = static_cast<std::uint16_t>(std::stoi(child_.read_line()));
    connect();
    for (std::size_t i = 0; i < listeners; ++i) {
      auto& listener = connect();
      listener.append(subscribe_text);
      listener.flush();
    }
    for (std::size_t at = 1; at < streams_.size(); ++at) await_answer(streams_[at]);
    for (std::size_t i = 0; i < idle; ++i) connect();
  }

  ~websocket_requester() override { ::close(epoll_); }

  round_result run(load_options options) override {
    options.others = {child_.id()};
    if (options.payload_bytes < load::slot_at + load::slot_digits) throw bad_arguments("--payload is at least 16 here");
    payload_bytes_ = options.payload_bytes;
    heard_.assign(options.slots(), 0);
    load requests(options);
    return requests.run([&](time_point now) { turn(requests, now); });
  }

 private:
  websocket_stream& connect() {
    const int socket = connect_to(port_);
    open_as_client(socket, port_);
    auto& stream = streams_.emplace_back(socket, true);
    epoll_event what{.events = EPOLLIN, .data = {.ptr = &stream}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &what) != 0) throw std::runtime_error("epoll");
    return stream;
  }

  void await_answer(websocket_stream& stream) {
    const auto until = clock::now() + join_timeout;
    for (bool answered = false; !answered;) {
      if (!stream.read([&](std::string_view) { answered = true; }) || clock::now() > until) {
        throw std::runtime_error("the WebSocket server does not answer");
      }
      if (!answered) ::usleep(200);
    }
  }

  void turn(load& requests, time_point now) {
    requests.start_due(now, [this](std::size_t which, byte_span payload) { request(which, payload); });
    flush();
    const auto due = requests.next_due() - now;
    const auto ns = std::max<std::int64_t>(0, std::min<duration>(due, longest_sleep).count());
    const timespec timeout{.tv_sec = 0, .tv_nsec = ns % 1'000'000'000};
    std::array<epoll_event, 256> ready;
    const int count = ::epoll_pwait2(epoll_, ready.data(), static_cast<int>(ready.size()), &timeout, nullptr);
    for (int at = 0; at < count; ++at) {
      auto& stream = *static_cast<websocket_stream*>(ready[static_cast<std::size_t>(at)].data.ptr);
      const bool from_listener = &stream != &streams_.front();
      if (!stream.read([&](std::string_view text) { on_text(requests, text, from_listener); })) {
        throw std::runtime_error("the WebSocket server is gone");
      }
    }
    flush();
  }

  // The payload is the last thing in every text: an echo's, a reply's, an event's.
  void on_text(load& requests, std::string_view text, bool from_listener) {
    if (from_listener != (listeners_ > 0)) return;  // The answer to the command that emits.
    const auto payload = text.size() < payload_bytes_ + 2
                             ? std::string_view{}
                             : text.substr(text.size() - 2 - payload_bytes_, payload_bytes_);
    const auto which = load::slot_in(as_bytes(payload));
    if (which >= heard_.size())
      throw std::runtime_error("the WebSocket server says: " + std::string(text.substr(0, 200)));
    if (++heard_[which] < listeners_) return;
    heard_[which] = 0;
    const auto now = clock::now();
    if (requests.finish_request(which, now, as_bytes(payload))) request(which, requests.start_request(which, now));
  }

  void request(std::size_t which, byte_span payload) {
    text_.assign(listeners_ > 0 ? emit_front : echo_front);
    text_.append(std::to_string(which)).append(R"(,"data":")").append(as_text(payload)).append("\"}");
    streams_.front().append(text_);
  }

  void flush() {
    if (!streams_.front().flush()) throw std::runtime_error("the WebSocket server is gone");
  }

  std::size_t listeners_;
  child_process child_;
  int epoll_;
  std::uint16_t port_ = 0;
  std::deque<websocket_stream> streams_;
  std::vector<std::size_t> heard_;  ///< By slot: how many listeners have heard it.
  std::size_t payload_bytes_ = 0;
  std::string text_;
};

}  // namespace

std::unique_ptr<requester> make_websocket_requester(const std::string& system, pinning where, std::size_t idle) {
  if (idle > 0) raise_open_files();
  return std::make_unique<websocket_requester>(system, where, 0, idle);
}

std::unique_ptr<requester> make_fanout_requester(const std::string& system, pinning where, std::size_t clients) {
  raise_open_files();
  return std::make_unique<websocket_requester>(system, where, clients, 0);
}

}  // namespace askr::bench
