// SPDX-License-Identifier: MIT
/// NATS by its C client and a nats-server of our own on loopback.
#include "bench/rivals/adapter.hpp"
#include "bench/sockets.hpp"

#include <nats/nats.h>

#include <charconv>
#include <stdexcept>
#include <string>
#include <thread>

namespace askr::bench {
namespace {

constexpr const char* event_subject = "bench.event";

void check(natsStatus status, const char* what) {
  if (status != NATS_OK) throw std::runtime_error(std::string(what) + ": " + natsStatus_GetText(status));
}

/// How the client's output leaves: each message by a write of its own, or when the client's flusher thread comes round,
/// a millisecond later. Each is the better one somewhere: bench/README.md.
enum class output { at_once, gathered };

class connection {
 public:
  connection(const std::string& url, output how) {
    natsOptions* options = nullptr;
    check(natsOptions_Create(&options), "options");
    check(natsOptions_SetURL(options, url.c_str()), "url");
    check(natsOptions_SetSendAsap(options, how == output::at_once), "options");
    check(natsOptions_SetIOBufSize(options, 64 << 10), "options");
    auto status = NATS_ERR;
    for (const auto until = clock::now() + 10s; status != NATS_OK && clock::now() < until;) {
      status = natsConnection_Connect(&connection_, options);
      if (status != NATS_OK) std::this_thread::sleep_for(5ms);
    }
    natsOptions_Destroy(options);
    check(status, "connect");
  }
  ~connection() { natsConnection_Destroy(connection_); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  natsConnection* get() const noexcept { return connection_; }
  void flush() { check(natsConnection_Flush(connection_), "flush"); }
  void subscribe(const char* subject, natsMsgHandler handler, void* with) {
    natsSubscription* made = nullptr;
    check(natsConnection_Subscribe(&made, connection_, subject, handler, with), "subscribe");
    check(natsSubscription_SetPendingLimits(made, -1, -1), "limits");
    flush();
  }

 private:
  natsConnection* connection_ = nullptr;
};

byte_span bytes_of(natsMsg* message) {
  return {reinterpret_cast<const std::uint8_t*>(natsMsg_GetData(message)),
          static_cast<std::size_t>(natsMsg_GetDataLength(message))};
}

/// With the others, on CPU 1 if requester and server are apart.
class broker {
 public:
  explicit broker(pinning where)
      : port_(free_port()),
        process_({.command = {ASKR_NATS_SERVER, "-a", "127.0.0.1", "-p", std::to_string(port_), "-l", "/dev/null"},
                  .server_pin = where,
                  .ends_with_input = false}) {}

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  pid_t id() const noexcept { return process_.id(); }

 private:
  std::uint16_t port_;
  child_process process_;
};

// Each way has a server and a subject of its own: they are never mixed.
const char* command_subject(output how) {
  return how == output::at_once ? "bench.echo_at_once" : "bench.echo_gathered";
}
std::string flag_of(output how) { return how == output::at_once ? "--at-once" : "--gathered"; }
output take_output(arguments& given) {
  const bool at_once = given.take_flag("--at-once");
  given.take_flag("--gathered");
  return at_once ? output::at_once : output::gathered;
}

/// One inbox for all answers, whose last part says which request it is.
class nats_requester : public callback_requester {
 public:
  nats_requester(pinning where, output how, const broker& by)
      : server_({"server", "--pin", std::to_string(static_cast<int>(where)), "--url", by.url(), flag_of(how)}, ""),
        subject_(command_subject(how)),
        connection_(by.url(), how) {
    add_process(server_.id());
    add_process(by.id());
    natsInbox* inbox = nullptr;
    check(natsInbox_Create(&inbox), "inbox");
    inbox_ = std::string(inbox) + ".";
    natsInbox_Destroy(inbox);
    const auto on_message = [](natsConnection*, natsSubscription*, natsMsg* message, void* self) {
      static_cast<nats_requester*>(self)->on_message(message);
    };
    connection_.subscribe((inbox_ + "*").c_str(), on_message, this);
    server_.read_line();
  }

 private:
  void on_message(natsMsg* message) {
    const std::string_view subject = natsMsg_GetSubject(message);
    std::size_t which = 0;
    std::from_chars(subject.data() + inbox_.size(), subject.data() + subject.size(), which);
    on_reply(which, bytes_of(message));
    natsMsg_Destroy(message);
  }

  void request(std::size_t which, byte_span payload) override {
    reply_.assign(inbox_).append(std::to_string(which));
    check(natsConnection_PublishRequest(connection_.get(), subject_, reply_.c_str(), payload.data(),
                                        static_cast<int>(payload.size())),
          "publish");
  }

  child_process server_;
  const char* subject_;
  std::string inbox_;
  std::string reply_;
  connection connection_;
};

/// The better way for so many under way: measured, see bench/README.md.
class best_requester : public requester {
 public:
  explicit best_requester(pinning where)
      : broker_(where), at_once_(where, output::at_once, broker_), gathered_(where, output::gathered, broker_) {}

  round_result run(load_options options) override {
    return (options.slots() < gathered_from ? at_once_ : gathered_).run(options);
  }

 private:
  static constexpr std::size_t gathered_from = 256;

  broker broker_;
  nats_requester at_once_;
  nats_requester gathered_;
};

int run_requester(arguments& given, pinning where) {
  given.finish();
  best_requester measured(where);
  return serve_rounds(measured);
}

int run_server(arguments& given, pinning where) {
  const auto url = given.take_text("--url", "");
  const auto how = take_output(given);
  given.finish();
  pin_server(where);
  read_first_line();
  connection to(url, how);
  const auto echo = [](natsConnection* by, natsSubscription*, natsMsg* asked, void*) {
    natsConnection_Publish(by, natsMsg_GetReply(asked), natsMsg_GetData(asked), natsMsg_GetDataLength(asked));
    natsMsg_Destroy(asked);
  };
  to.subscribe(command_subject(how), echo, nullptr);
  say("ready");
  wait_for_end_of_input();
  return 0;
}

class nats_source : public event_source {
 public:
  explicit nats_source(const std::string& url) : connection_(url, output::gathered) {}

  void emit(byte_span payload) override {
    check(natsConnection_Publish(connection_.get(), event_subject, payload.data(), static_cast<int>(payload.size())),
          "publish");
  }

 private:
  connection connection_;
};

int run_emitter(arguments& given, pinning where) {
  const auto options = take_event_options(given, where);
  given.finish();
  broker by(where);
  nats_source source(by.url());
  emitting_system measured(options, source);
  measured.add_process(by.id());
  measured.start_subscribers("subscriber", {"--url", by.url()}, "");
  measured.wait_until_ready();
  return serve_rounds(measured);
}

int run_subscriber(arguments& given, pinning where) {
  event_counter heard(given);
  const auto url = given.take_text("--url", "");
  given.finish();
  pin_server(where);
  read_first_line();
  connection from(url, output::gathered);
  const auto on_event = [](natsConnection*, natsSubscription*, natsMsg* message, void* counter) {
    static_cast<event_counter*>(counter)->on_event(bytes_of(message));
    natsMsg_Destroy(message);
  };
  from.subscribe(event_subject, on_event, &heard);
  wait_for_end_of_input();
  return 0;
}

}  // namespace
}  // namespace askr::bench

int main(int count, char** values) {
  using namespace askr::bench;
  return run_adapter(count, values, {run_requester, run_server, run_emitter, run_subscriber});
}
