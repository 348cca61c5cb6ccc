// SPDX-License-Identifier: MIT
/// Events between nodes: the emitter's node here, a node in each subscriber, each with an encrypted link.
#include "bench/bench_node.hpp"
#include "bench/events_systems.hpp"

#include <askr/node.hpp>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace askr::bench {
namespace {

constexpr const char* topic = "bench.event";
constexpr std::uint64_t batch_max = 64;  ///< Emitted in one turn.
constexpr milliseconds ready_timeout = 20s;

/// Everything but the constructor and the waiting runs on the node's own thread.
class askr_events : public event_system {
 public:
  askr_events(const event_options& options, const askr_event_options& how)
      : options_(options), board_(options.subscribers), payload_(make_payload(options.payload_bytes, how.json)) {
    const auto secret = random_secret();
    auto own = options_for("emitter", secret);
    own.unix_links = how.unix_links;
    own.links.compression = how.compression;
    node_.emplace(std::move(own));
    node_->start();
    bell_.emplace(node_->get_executor(), ::dup(board_.bell()));
    for (std::size_t child = 0; child < options.subscribers; ++child) {
      std::vector<std::string> command{"events-subscriber",
                                       "--port",
                                       std::to_string(node_->port()),
                                       "--pin",
                                       std::to_string(static_cast<int>(options.where)),
                                       "--compression",
                                       std::to_string(static_cast<int>(how.compression))};
      if (!how.unix_links) command.emplace_back("--tcp");
      for (auto& each : board_.arguments_of(child)) command.push_back(std::move(each));
      children_.push_back(std::make_unique<child_process>(std::move(command), secret));
      children_.back()->read_line();
    }
    wait_until_ready();
    on_own_thread([this] { await_bell(); });
  }

  ~askr_events() override {
    on_own_thread([this] { bell_.reset(); });  // It is waited for there.
  }

  event_round run(std::chrono::nanoseconds length) override {
    on_own_thread([this] {
      emitting_ = true;
      emit_more();
    });
    std::this_thread::sleep_for(length / 5);
    const auto before = read();
    std::this_thread::sleep_for(length);
    const auto after = read();
    on_own_thread([this] { emitting_ = false; });
    return {after.heard - before.heard, std::chrono::duration<double>(after.at - before.at).count(),
            std::chrono::duration<double, std::micro>(after.cpu - before.cpu).count()};
  }

  event_totals finish() override {
    const auto until = clock::now() + 3s;
    while (board_.slowest() < emitted_ && clock::now() < until) std::this_thread::sleep_for(2ms);
    return {emitted_, board_.lost(emitted_)};
  }

 private:
  struct reading {
    std::uint64_t heard = 0;
    time_point at;
    std::chrono::nanoseconds cpu;
  };

  void wait_until_ready() {
    const auto until = clock::now() + ready_timeout;
    while (!board_.all_ready()) {
      if (clock::now() > until) throw std::runtime_error("the subscribers hear nothing");
      on_own_thread([this] { emit(0); });
      std::this_thread::sleep_for(2ms);
    }
  }

  template <class F>
  void on_own_thread(F work) {
    std::promise<void> done;
    asio::post(node_->get_executor(), [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  reading read() const {
    reading now{.heard = board_.heard(), .at = clock::now(), .cpu = cpu_time(0)};
    for (const auto& each : children_) now.cpu += cpu_time(each->id());
    return now;
  }

  void await_bell() {
    bell_->async_wait(asio::posix::stream_descriptor::wait_read, [this](const asio::error_code& why) {
      if (why) return;
      board_.wait(0ms);
      emit_more();
      await_bell();
    });
  }

  // A batch a turn, so that what comes in is heard in between.
  void emit_more() {
    if (posted_ || !emitting_) return;
    const auto room = board_.slowest() + options_.in_flight - emitted_;
    if (room == 0) return;
    for (auto left = std::min(room, batch_max); left > 0; --left) emit(++emitted_);
    posted_ = true;
    asio::post(node_->get_executor(), [this] {
      posted_ = false;
      emit_more();
    });
  }

  void emit(std::uint64_t number) {
    put_number(payload_, number);
    node_->emit(topic, payload::raw(payload_));
  }

  event_options options_;
  event_board board_;
  byte_buffer payload_;
  std::uint64_t emitted_ = 0;
  bool emitting_ = false;
  bool posted_ = false;
  std::vector<std::unique_ptr<child_process>> children_;
  // The node goes before what its callbacks use, the descriptor before the node whose loop it is on.
  std::optional<askr::node> node_;
  std::optional<asio::posix::stream_descriptor> bell_;
};

}  // namespace

byte_buffer make_payload(std::size_t bytes, bool json) {
  byte_buffer payload(bytes, std::uint8_t{0x5a});
  if (!json) return payload;
  // As a sensor would say it: the same members, other numbers.
  std::string text = "........[";
  for (std::size_t at = 0; text.size() < bytes; ++at) {
    text += "{\"sensor\":\"room-" + std::to_string(at % 17) + "\",\"at\":1732406" +
            std::to_string(400000 + at * 7919 % 99991);
    text += ",\"celsius\":" + std::to_string(18 + at % 7) + "." + std::to_string(at * 31 % 97) + ",\"ok\":true},";
  }
  std::memcpy(payload.data(), text.data(), bytes);
  return payload;
}

std::unique_ptr<event_system> make_askr_events(const event_options& options, const askr_event_options& how) {
  return std::make_unique<askr_events>(options, how);
}

int run_events_subscriber(arguments& given) {
  event_counter heard(given);
  const auto port = given.take_integer("--port", 0, 1, 65535);
  const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  const auto compression = static_cast<compression_mode>(given.take_integer("--compression", 1, 0, 2));
  const bool tcp = given.take_flag("--tcp");
  given.finish();
  pin_server(where);
  auto options = options_for("subscriber", read_first_line());
  options.seeds = {"127.0.0.1:" + std::to_string(port)};
  options.unix_links = !tcp;
  options.links.compression = compression;
  askr::node subscriber(std::move(options));
  subscriber.listen(topic, [&](const event& each) { heard.on_event(each.data.bytes()); });
  subscriber.start();
  say("started");
  wait_for_end_of_input();
  return 0;
}

}  // namespace askr::bench
