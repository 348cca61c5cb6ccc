// SPDX-License-Identifier: MIT
/// ZeroMQ by libzmq: DEALER to ROUTER, PUB to SUB, plain or CURVE.
#include "bench/rivals/adapter.hpp"

#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <sys/timerfd.h>
#include <unistd.h>

namespace askr::bench {
namespace {

constexpr int turn_ms = 100;
constexpr std::string_view topic = "bench.event";

void check(int outcome, const char* what) {
  if (outcome < 0) throw std::runtime_error(std::string(what) + ": " + zmq_strerror(errno));
}

enum class variant { tcp, ipc, curve };

variant take_variant(arguments& given) {
  given.take_flag("--tcp");
  if (given.take_flag("--ipc")) return variant::ipc;
  return given.take_flag("--curve") ? variant::curve : variant::tcp;
}

std::string flag_of(variant what) {
  return what == variant::tcp ? "--tcp" : what == variant::ipc ? "--ipc" : "--curve";
}

/// Z85 text, as libzmq makes and takes it.
struct key_pair {
  char open[41] = "";
  char closed[41] = "";
};

key_pair make_keys() {
  key_pair keys;
  check(zmq_curve_keypair(keys.open, keys.closed), "CURVE");
  return keys;
}

class endpoint {
 public:
  endpoint(void* context, int type) : socket_(zmq_socket(context, type)) {
    if (socket_ == nullptr) check(-1, "socket");
    set(ZMQ_SNDHWM, 0);  // No bound: the load bounds what is under way, and nothing is ever dropped.
    set(ZMQ_RCVHWM, 0);
    set(ZMQ_LINGER, 0);
  }
  ~endpoint() { zmq_close(socket_); }
  endpoint(const endpoint&) = delete;
  endpoint& operator=(const endpoint&) = delete;

  void set(int option, int value) { check(zmq_setsockopt(socket_, option, &value, sizeof value), "option"); }
  void set(int option, std::string_view value) {
    check(zmq_setsockopt(socket_, option, value.data(), value.size()), "option");
  }
  /// Returns where others connect to.
  std::string bind(variant what) {
    check(zmq_bind(socket_, what == variant::ipc ? "ipc://*" : "tcp://127.0.0.1:*"), "bind");
    char text[256];
    std::size_t bytes = sizeof text;
    check(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text, &bytes), "endpoint");
    return text;
  }
  void connect(const std::string& to) { check(zmq_connect(socket_, to.c_str()), "connect"); }
  void be_curve_server(const key_pair& own) {
    set(ZMQ_CURVE_SERVER, 1);
    set(ZMQ_CURVE_SECRETKEY, own.closed);
  }
  void be_curve_client(const std::string& server) {
    const auto own = make_keys();
    set(ZMQ_CURVE_SERVERKEY, server);
    set(ZMQ_CURVE_PUBLICKEY, own.open);
    set(ZMQ_CURVE_SECRETKEY, own.closed);
  }
  void* get() const noexcept { return socket_; }

 private:
  void* socket_;
};

class message {
 public:
  message() { zmq_msg_init(&frame_); }
  /// A number of 8 bytes or a topic in front of the payload: one frame is cheaper than two.
  message(std::string_view front, byte_span payload) {
    check(zmq_msg_init_size(&frame_, front.size() + payload.size()), "memory");
    std::memcpy(zmq_msg_data(&frame_), front.data(), front.size());
    std::memcpy(static_cast<char*>(zmq_msg_data(&frame_)) + front.size(), payload.data(), payload.size());
  }
  ~message() { zmq_msg_close(&frame_); }
  message(const message&) = delete;
  message& operator=(const message&) = delete;

  bool receive(endpoint& from, int flags) { return zmq_msg_recv(&frame_, from.get(), flags) >= 0; }
  void send(endpoint& to, int flags = 0) { check(zmq_msg_send(&frame_, to.get(), flags), "send"); }
  byte_span bytes() { return {static_cast<const std::uint8_t*>(zmq_msg_data(&frame_)), zmq_msg_size(&frame_)}; }

 private:
  zmq_msg_t frame_;
};

/// Wakes zmq_poll, which knows milliseconds only, in time for the next request.
class alarm_clock {
 public:
  alarm_clock() : descriptor_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {}
  ~alarm_clock() { ::close(descriptor_); }
  alarm_clock(const alarm_clock&) = delete;
  alarm_clock& operator=(const alarm_clock&) = delete;

  void set(time_point at) {
    if (at == set_) return;
    set_ = at;
    itimerspec when{};
    if (at != time_point::max()) {
      const auto ns = std::max<std::int64_t>(at.time_since_epoch().count(), 1);
      when.it_value = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
    }
    ::timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &when, nullptr);
  }
  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
  time_point set_ = time_point::max();
};

class zmq_requester : public requester {
 public:
  zmq_requester(pinning where, variant what)
      : context_(zmq_ctx_new()),
        socket_(context_, ZMQ_DEALER),
        keys_(make_keys()),
        child_({"server", "--pin", std::to_string(static_cast<int>(where)), flag_of(what)}, keys_.closed) {
    if (what == variant::curve) socket_.be_curve_client(keys_.open);
    socket_.connect(child_.read_line());
  }

  round_result run(load_options options) override {
    options.others = {child_.id()};
    load requests(options);
    return requests.run([&](time_point now) { turn(requests, now); });
  }

 private:
  void turn(load& requests, time_point now) {
    requests.start_due(now, [this](std::size_t which, byte_span payload) { request(which, payload); });
    alarm_.set(requests.next_due());
    zmq_pollitem_t either[] = {{socket_.get(), 0, ZMQ_POLLIN, 0}, {nullptr, alarm_.descriptor(), ZMQ_POLLIN, 0}};
    zmq_poll(either, 2, turn_ms);
    for (message reply; reply.receive(socket_, ZMQ_DONTWAIT);) {
      const auto bytes = reply.bytes();
      std::size_t which = 0;
      std::memcpy(&which, bytes.data(), sizeof which);
      const auto at = clock::now();
      if (requests.finish_request(which, at, bytes.subspan(sizeof which)))
        request(which, requests.start_request(which, at));
    }
  }

  void request(std::size_t which, byte_span payload) {
    message({reinterpret_cast<const char*>(&which), sizeof which}, payload).send(socket_);
  }

  void* context_;
  endpoint socket_;
  alarm_clock alarm_;
  key_pair keys_;
  child_process child_;
};

int run_requester(arguments& given, pinning where) {
  zmq_requester measured(where, take_variant(given));
  given.finish();
  return serve_rounds(measured);
}

int run_server(arguments& given, pinning where) {
  const auto what = take_variant(given);
  given.finish();
  pin_server(where);
  key_pair keys;
  std::memcpy(keys.closed, read_first_line().c_str(), sizeof keys.closed);
  endpoint socket(zmq_ctx_new(), ZMQ_ROUTER);
  if (what == variant::curve) socket.be_curve_server(keys);
  say(socket.bind(what));
  end_with_input();
  for (;;) {
    message from, asked;
    if (!from.receive(socket, 0) || !asked.receive(socket, 0)) continue;
    from.send(socket, ZMQ_SNDMORE);
    asked.send(socket);
  }
}

class zmq_source : public event_source {
 public:
  zmq_source(void* context, variant what, const key_pair& keys) : socket_(context, ZMQ_PUB) {
    if (what == variant::curve) socket_.be_curve_server(keys);
    endpoint_ = socket_.bind(what);
  }

  void emit(byte_span payload) override { message(topic, payload).send(socket_); }
  const std::string& address() const noexcept { return endpoint_; }

 private:
  endpoint socket_;
  std::string endpoint_;
};

int run_emitter(arguments& given, pinning where) {
  const auto options = take_event_options(given, where);
  const auto what = take_variant(given);
  given.finish();
  const auto keys = make_keys();
  zmq_source source(zmq_ctx_new(), what, keys);
  emitting_system measured(options, source);
  measured.start_subscribers("subscriber", {flag_of(what), "--address", source.address()}, keys.open);
  measured.wait_until_ready();
  return serve_rounds(measured);
}

int run_subscriber(arguments& given, pinning where) {
  event_counter heard(given);
  const auto what = take_variant(given);
  const auto address = given.take_text("--address", "");
  given.finish();
  pin_server(where);
  const auto key = read_first_line();
  endpoint socket(zmq_ctx_new(), ZMQ_SUB);
  if (what == variant::curve) socket.be_curve_client(key);
  socket.set(ZMQ_SUBSCRIBE, topic);
  socket.connect(address);
  end_with_input();
  for (message event; event.receive(socket, 0);) heard.on_event(event.bytes().subspan(topic.size()));
  return 1;
}

}  // namespace
}  // namespace askr::bench

int main(int count, char** values) {
  using namespace askr::bench;
  return run_adapter(count, values, {run_requester, run_server, run_emitter, run_subscriber});
}
