// SPDX-License-Identifier: MIT
/// nng: REQ to REP with a context per request under way, PUB to SUB.
#include "bench/rivals/adapter.hpp"
#include "bench/sockets.hpp"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace askr::bench {
namespace {

constexpr std::string_view topic = "bench.event";
constexpr int buffered_messages = 8192;  ///< The most that nng takes.
constexpr std::size_t server_contexts = 512;

void check(int outcome, const char* what) {
  if (outcome != 0) throw std::runtime_error(std::string(what) + ": " + nng_strerror(outcome));
}

std::string take_address(arguments& given) {
  given.take_flag("--tcp");
  if (given.take_flag("--ipc")) return "ipc:///tmp/askr-bench-nng-" + std::to_string(::getpid());
  return "tcp://127.0.0.1:" + std::to_string(free_port());
}

byte_span bytes_of(nng_msg* message) {
  return {static_cast<const std::uint8_t*>(nng_msg_body(message)), nng_msg_len(message)};
}

nng_msg* make_message(std::string_view front, byte_span payload) {
  nng_msg* message = nullptr;
  check(nng_msg_alloc(&message, front.size() + payload.size()), "memory");
  auto* const body = static_cast<char*>(nng_msg_body(message));
  std::memcpy(body, front.data(), front.size());
  std::memcpy(body + front.size(), payload.data(), payload.size());
  return message;
}

/// A context and what it does next, called when that is done.
class worker {
 public:
  worker(nng_socket of, void (*done)(void*)) : with_(this) { open(of, done); }
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  void send(nng_msg* message) {
    sending_ = true;
    nng_aio_set_msg(aio_, message);
    nng_ctx_send(context_, aio_);
  }
  void receive() {
    sending_ = false;
    nng_ctx_recv(context_, aio_);
  }
  bool was_sending() const noexcept { return sending_; }
  bool failed() const noexcept { return nng_aio_result(aio_) != 0; }
  nng_msg* message() const noexcept { return nng_aio_get_msg(aio_); }

 protected:
  void open(nng_socket of, void (*done)(void*)) {
    check(nng_ctx_open(&context_, of), "context");
    check(nng_aio_alloc(&aio_, done, with_), "aio");
  }

 private:
  void* with_;
  nng_ctx context_{};
  nng_aio* aio_ = nullptr;
  bool sending_ = false;
};

class nng_requester : public callback_requester {
 public:
  nng_requester(pinning where, const std::string& address)
      : server_({"server", "--pin", std::to_string(static_cast<int>(where)), "--address", address}, "") {
    add_process(server_.id());
    check(nng_req0_open(&socket_), "socket");
    check(nng_socket_set_ms(socket_, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), "option");
    server_.read_line();
    check(nng_dial(socket_, address.c_str(), nullptr, 0), "dial");
  }

 private:
  struct asker : worker {
    asker(nng_requester& owner, std::size_t number) : worker(owner.socket_, &on_done), of(owner), which(number) {}
    nng_requester& of;
    std::size_t which;
  };

  static void on_done(void* with) {
    auto& self = *static_cast<asker*>(static_cast<worker*>(with));
    if (self.failed()) return self.of.on_reply(self.which, {});
    if (self.was_sending()) return self.receive();
    auto* const reply = self.message();
    self.of.on_reply(self.which, bytes_of(reply));
    nng_msg_free(reply);
  }

  void request(std::size_t which, byte_span payload) override {
    while (askers_.size() <= which) askers_.emplace_back(*this, askers_.size());
    askers_[which].send(make_message({}, payload));
  }

  child_process server_;
  nng_socket socket_{};
  std::deque<asker> askers_;
};

int run_requester(arguments& given, pinning where) {
  const auto address = take_address(given);
  given.finish();
  auto* const measured = new nng_requester(where, address);  // Its callbacks have no end but the process's.
  const int outcome = serve_rounds(*measured);
  ::_exit(outcome);
}

int run_server(arguments& given, pinning where) {
  const auto address = given.take_text("--address", "");
  given.finish();
  pin_server(where);
  read_first_line();
  nng_socket socket{};
  check(nng_rep0_open(&socket), "socket");
  std::deque<worker> workers;
  const auto on_done = [](void* with) {
    auto& self = *static_cast<worker*>(with);
    if (self.failed()) return;
    self.was_sending() ? self.receive() : self.send(self.message());
  };
  for (std::size_t i = 0; i < server_contexts; ++i) workers.emplace_back(socket, on_done).receive();
  check(nng_listen(socket, address.c_str(), nullptr, 0), "listen");
  say("ready");
  wait_for_end_of_input();
  ::_exit(0);
}

class nng_source : public event_source {
 public:
  explicit nng_source(const std::string& address) {
    check(nng_pub0_open(&socket_), "socket");
    check(nng_socket_set_int(socket_, NNG_OPT_SENDBUF, buffered_messages), "option");
    check(nng_listen(socket_, address.c_str(), nullptr, 0), "listen");
  }

  void emit(byte_span payload) override { check(nng_sendmsg(socket_, make_message(topic, payload), 0), "send"); }

 private:
  nng_socket socket_{};
};

int run_emitter(arguments& given, pinning where) {
  const auto options = take_event_options(given, where);
  const auto address = take_address(given);
  given.finish();
  nng_source source(address);
  emitting_system measured(options, source);
  measured.start_subscribers("subscriber", {"--address", address}, "");
  measured.wait_until_ready();
  return serve_rounds(measured);
}

int run_subscriber(arguments& given, pinning where) {
  event_counter heard(given);
  const auto address = given.take_text("--address", "");
  given.finish();
  pin_server(where);
  read_first_line();
  nng_socket socket{};
  check(nng_sub0_open(&socket), "socket");
  check(nng_socket_set(socket, NNG_OPT_SUB_SUBSCRIBE, topic.data(), topic.size()), "subscribe");
  check(nng_socket_set_int(socket, NNG_OPT_RECVBUF, buffered_messages), "option");
  check(nng_dial(socket, address.c_str(), nullptr, 0), "dial");
  end_with_input();
  for (nng_msg* message = nullptr; nng_recvmsg(socket, &message, 0) == 0;) {
    heard.on_event(bytes_of(message).subspan(topic.size()));
    nng_msg_free(message);
  }
  return 1;
}

}  // namespace
}  // namespace askr::bench

int main(int count, char** values) {
  using namespace askr::bench;
  return run_adapter(count, values, {run_requester, run_server, run_emitter, run_subscriber});
}
