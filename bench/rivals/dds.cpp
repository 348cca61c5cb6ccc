// SPDX-License-Identifier: MIT
/// CycloneDDS: reliable topics of a request, a reply and an event, on loopback alone.
#include "bench/rivals/adapter.hpp"

#include <dds_message.h>

#include <dds/dds.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace askr::bench {
namespace {

/// One interface, no multicast, so that nothing leaves the machine: peers are looked for at 127.0.0.1. Samples are
/// packed until they are flushed, and the writer's history is wide enough for what is under way.
constexpr const char* configuration = R"(<CycloneDDS><Domain id="any">
  <General><Interfaces><NetworkInterface name="lo" multicast="false"/></Interfaces>
    <AllowMulticast>false</AllowMulticast><MaxMessageSize>65500B</MaxMessageSize><FragmentSize>65000B</FragmentSize></General>
  <Discovery><ParticipantIndex>auto</ParticipantIndex><MaxAutoParticipantIndex>40</MaxAutoParticipantIndex>
    <Peers><Peer address="127.0.0.1"/></Peers></Discovery>
  <Internal><WriteBatch>true</WriteBatch><Watermarks><WhcHigh>16MB</WhcHigh></Watermarks></Internal>
</Domain></CycloneDDS>)";

dds_entity_t check(dds_return_t made, const char* what) {
  if (made < 0) throw std::runtime_error(std::string(what) + ": " + dds_strretcode(made));
  return made;
}

class participant {
 public:
  participant() {
    ::setenv("CYCLONEDDS_URI", configuration, 1);
    entity_ = check(dds_create_participant(domain, nullptr, nullptr), "participant");
    qos_ = dds_create_qos();
    dds_qset_reliability(qos_, DDS_RELIABILITY_RELIABLE, DDS_SECS(10));
    dds_qset_history(qos_, DDS_HISTORY_KEEP_ALL, 0);
  }
  ~participant() {
    dds_delete_qos(qos_);
    dds_delete(entity_);
  }
  participant(const participant&) = delete;
  participant& operator=(const participant&) = delete;

  dds_entity_t make_writer(const char* topic) {
    return check(dds_create_writer(entity_, make_topic(topic), qos_, nullptr), "writer");
  }
  /// `on_message(const bench_message&, with)` is called on the receiving thread; what it has written to `answers`
  /// leaves when all that had come is handled.
  template <auto on_message>
  dds_entity_t make_reader(const char* topic, void* with, dds_entity_t answers = 0) {
    auto* const listener = dds_create_listener(&hearers_.emplace_back(hearer{with, answers}));
    dds_lset_data_available(listener, [](dds_entity_t reader, void* to) { take_all<on_message>(reader, to); });
    const auto reader = check(dds_create_reader(entity_, make_topic(topic), qos_, listener), "reader");
    dds_delete_listener(listener);
    return reader;
  }

 private:
  static constexpr dds_domainid_t domain = 88;

  struct hearer {
    void* with;
    dds_entity_t answers;
  };

  dds_entity_t make_topic(const char* name) {
    return check(dds_create_topic(entity_, &bench_message_desc, name, qos_, nullptr), "topic");
  }

  template <auto on_message>
  static void take_all(dds_entity_t reader, void* to) {
    const auto& [with, answers] = *static_cast<const hearer*>(to);
    std::array<void*, 64> samples{};
    std::array<dds_sample_info_t, 64> infos;
    for (dds_return_t count;
         (count = dds_take(reader, samples.data(), infos.data(), samples.size(), samples.size())) > 0;) {
      for (std::size_t at = 0; at < static_cast<std::size_t>(count); ++at) {
        if (infos[at].valid_data) on_message(*static_cast<const bench_message*>(samples[at]), with);
      }
      dds_return_loan(reader, samples.data(), count);
    }
    if (answers != 0) dds_write_flush(answers);
  }

  dds_entity_t entity_ = 0;
  dds_qos_t* qos_ = nullptr;
  std::deque<hearer> hearers_;
};

byte_span bytes_of(const bench_message& message) { return {message.payload._buffer, message.payload._length}; }

void write(dds_entity_t writer, std::size_t which, byte_span payload) {
  bench_message message{};
  message.which = which;
  message.payload._buffer = const_cast<std::uint8_t*>(payload.data());  // It is only read.
  message.payload._length = message.payload._maximum = static_cast<std::uint32_t>(payload.size());
  check(dds_write(writer, &message), "write");
}

class dds_requester : public callback_requester {
 public:
  explicit dds_requester(pinning where)
      : server_({"server", "--pin", std::to_string(static_cast<int>(where))}, ""),
        writer_(participant_.make_writer("bench_request")) {
    add_process(server_.id());
    participant_.make_reader<&dds_requester::on_message>("bench_reply", this, writer_);
    server_.read_line();
    await_match(writer_);
  }

  static void await_match(dds_entity_t writer) {
    dds_publication_matched_status_t matched{};
    for (const auto until = clock::now() + 10s; matched.current_count == 0;) {
      if (clock::now() > until) throw std::runtime_error("the participants do not find each other");
      ::usleep(2000);
      check(dds_get_publication_matched_status(writer, &matched), "match");
    }
    ::usleep(200'000);  // The way back is matched a little later, and nothing tells.
  }

 private:
  static void on_message(const bench_message& reply, void* self) {
    static_cast<dds_requester*>(self)->on_reply(reply.which, bytes_of(reply));
  }

  void request(std::size_t which, byte_span payload) override { write(writer_, which, payload); }
  void flush() override { dds_write_flush(writer_); }

  child_process server_;
  participant participant_;
  dds_entity_t writer_;
};

int run_requester(arguments& given, pinning where) {
  given.finish();
  dds_requester measured(where);
  return serve_rounds(measured);
}

void echo(const bench_message& asked, void* writer) {
  write(*static_cast<dds_entity_t*>(writer), asked.which, bytes_of(asked));
}

int run_server(arguments& given, pinning where) {
  given.finish();
  pin_server(where);
  read_first_line();
  participant here;
  auto writer = here.make_writer("bench_reply");
  here.make_reader<&echo>("bench_request", &writer, writer);
  say("ready");
  wait_for_end_of_input();
  return 0;
}

class dds_source : public event_source {
 public:
  dds_source() : writer_(participant_.make_writer("bench_event")) {}

  void emit(byte_span payload) override { write(writer_, 0, payload); }
  void flush() override { dds_write_flush(writer_); }

 private:
  participant participant_;
  dds_entity_t writer_;
};

int run_emitter(arguments& given, pinning where) {
  const auto options = take_event_options(given, where);
  given.finish();
  dds_source source;
  emitting_system measured(options, source);
  measured.start_subscribers("subscriber", {}, "");
  measured.wait_until_ready();
  return serve_rounds(measured);
}

void hear(const bench_message& event, void* counter) {
  static_cast<event_counter*>(counter)->on_event(bytes_of(event));
}

int run_subscriber(arguments& given, pinning where) {
  event_counter heard(given);
  given.finish();
  pin_server(where);
  read_first_line();
  participant here;
  here.make_reader<&hear>("bench_event", &heard);
  wait_for_end_of_input();
  return 0;
}

}  // namespace
}  // namespace askr::bench

int main(int count, char** values) {
  using namespace askr::bench;
  return run_adapter(count, values, {run_requester, run_server, run_emitter, run_subscriber});
}
