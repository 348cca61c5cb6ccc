// SPDX-License-Identifier: MIT
/// Events from one process to several: this one emits, children subscribe, each a node with an encrypted link. So many
/// events are under way at any time; each child says now and then how many it has heard.
#include "bench/bench_node.hpp"
#include "bench/process.hpp"
#include "bench/report.hpp"
#include "bench/rpc.hpp"

#include <askr/node.hpp>

#include <asio/post.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace askr::bench {
namespace {

constexpr const char* topic = "bench.event";
constexpr const char* heard_topic = "bench.heard";
constexpr std::uint64_t heard_every = 256;  ///< Events per report of a child.
constexpr std::uint64_t batch_max = 64;     ///< Emitted in one turn.

struct events_settings {
  std::size_t payload_bytes = 128;
  std::size_t subscribers = 1;
  std::uint64_t in_flight = 2048;
  pinning where = pinning::none;
  std::chrono::nanoseconds length = 2s;
  std::size_t rounds = 5;
  bool json = false;
};

/// A child's report: who it is, how many events of which it has heard all but `lost`, in order.
struct report {
  std::uint64_t child = 0;
  std::uint64_t last = 0;  ///< The number in the last payload.
  std::uint64_t lost = 0;  ///< Numbers that were left out, or came twice or too late.
};

struct round_counts {
  std::uint64_t deliveries = 0;
  double seconds = 0;
  double cpu_us = 0;
};

std::uint64_t number_in(byte_span data) {
  std::uint64_t number = 0;
  std::memcpy(&number, data.data(), std::min(sizeof number, data.size()));
  return number;
}

/// One emitting node here and its subscribers; everything but the constructor runs on the node's thread.
class emitter {
 public:
  explicit emitter(const events_settings& settings) : settings_(settings), secret_(random_secret()) {
    node_.emplace(options_for("emitter", secret_));
    node_->listen(heard_topic, [this](const event& heard) { on_report(heard); });
    node_->start();
    reports_.resize(settings.subscribers);
    for (std::size_t child = 0; child < settings.subscribers; ++child) {
      children_.push_back(std::make_unique<child_process>(
          std::vector<std::string>{"events-subscriber", "--child", std::to_string(child), "--port",
                                   std::to_string(node_->port()), "--pin",
                                   std::to_string(static_cast<int>(settings.where))},
          secret_));
      children_.back()->read_line();
    }
    wait_for_interest();
    payload_.resize(settings.payload_bytes);
  }

  std::uint64_t lost() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& each : reports_) sum += each.lost;
    return sum;
  }
  std::uint64_t emitted() const noexcept { return emitted_; }
  /// Emitted and never heard of, by any child.
  std::uint64_t missing() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& each : reports_) sum += emitted_ - each.last;
    return sum;
  }

  round_counts run() {
    on_own_thread([this] {
      emitting_ = true;
      emit_more();
    });
    std::this_thread::sleep_for(settings_.length / 5);
    const auto before = read();
    std::this_thread::sleep_for(settings_.length);
    const auto after = read();
    on_own_thread([this] { emitting_ = false; });
    return {after.heard - before.heard, std::chrono::duration<double>(after.at - before.at).count(),
            std::chrono::duration<double, std::micro>(after.cpu - before.cpu).count()};
  }

  /// Until all that was emitted was heard, or nothing comes any more.
  void finish() {
    on_own_thread([this] { emit_until(heard_every * (emitted_ / heard_every + 1)); });
    const auto until = clock::now() + 3s;
    for (bool all = false; !all && clock::now() < until;) {
      std::this_thread::sleep_for(2ms);
      on_own_thread([&] { all = missing() == 0; });
    }
  }

 private:
  struct reading {
    std::uint64_t heard = 0;
    time_point at;
    std::chrono::nanoseconds cpu;
  };

  void wait_for_interest() {
    const auto until = clock::now() + join_timeout;
    const auto listens = [](const node_info& each) {
      return std::find(each.topics.begin(), each.topics.end(), topic) != each.topics.end();
    };
    while (static_cast<std::size_t>(std::ranges::count_if(node_->nodes(), listens)) < settings_.subscribers) {
      if (clock::now() > until) throw std::runtime_error("the nodes did not link up");
      std::this_thread::sleep_for(1ms);
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

  reading read() {
    reading now;
    on_own_thread([&] {
      for (const auto& each : reports_) now.heard += each.last;
    });
    now.at = clock::now();
    now.cpu = cpu_time(0);
    for (const auto& each : children_) now.cpu += cpu_time(each->id());
    return now;
  }

  void on_report(const event& heard) {
    report said;
    if (heard.data.bytes().size() != sizeof said) return;
    std::memcpy(&said, heard.data.bytes().data(), sizeof said);
    if (said.child < reports_.size()) reports_[said.child] = said;
    emit_more();
  }

  // A batch a turn, so that what comes in is heard in between.
  void emit_more() {
    if (posted_ || !emitting_) return;
    std::uint64_t slowest = emitted_;
    for (const auto& each : reports_) slowest = std::min(slowest, each.last);
    const auto room = slowest + settings_.in_flight - emitted_;
    if (room == 0) return;
    emit_until(emitted_ + std::min(room, batch_max));
    posted_ = true;
    asio::post(node_->get_executor(), [this] {
      posted_ = false;
      emit_more();
    });
  }

  void emit_until(std::uint64_t last) {
    while (emitted_ < last) {
      ++emitted_;
      std::memcpy(payload_.data(), &emitted_, std::min(sizeof emitted_, payload_.size()));
      node_->emit(topic, payload::raw(payload_));
    }
  }

  events_settings settings_;
  std::string secret_;
  std::vector<report> reports_;
  byte_buffer payload_;
  std::uint64_t emitted_ = 0;
  bool emitting_ = false;
  bool posted_ = false;
  std::vector<std::unique_ptr<child_process>> children_;
  std::optional<askr::node> node_;
};

void print(const events_settings& settings, const std::vector<round_counts>& rounds, const emitter& from) {
  std::vector<double> per_second, cpu_us;
  for (const auto& each : rounds) {
    if (each.deliveries == 0) continue;
    per_second.push_back(static_cast<double>(each.deliveries) / each.seconds);
    cpu_us.push_back(each.cpu_us / static_cast<double>(each.deliveries));
  }
  const auto rate = spread_of(per_second);
  const auto cpu = spread_of(cpu_us);
  const auto lost = static_cast<double>(from.lost() + from.missing());
  if (!settings.json) {
    std::printf(
        "events: %zu B to %zu subscribers, pin %d: %.0f deliveries per second (%.0f - %.0f), "
        "CPU %.3f us each, %.0f lost of %.0f emitted\n",
        settings.payload_bytes, settings.subscribers, static_cast<int>(settings.where), rate.median, rate.min, rate.max,
        cpu.median, lost, static_cast<double>(from.emitted()));
    return;
  }
  json_line line;
  line.add("workload", "events")
      .add("system", "askr")
      .add("payload", static_cast<double>(settings.payload_bytes))
      .add("subscribers", static_cast<double>(settings.subscribers))
      .add("in_flight", static_cast<double>(settings.in_flight))
      .add("pin", static_cast<double>(settings.where))
      .add("seconds", std::chrono::duration<double>(settings.length).count())
      .add("rounds", static_cast<double>(settings.rounds))
      .add("per_second", rate)
      .add("cpu_us_per_op", cpu.median)
      .add("emitted", static_cast<double>(from.emitted()))
      .add("lost", lost)
      .add("machine", describe_machine())
      .add("build", describe_build());
  std::puts(line.text().c_str());
}

events_settings read_settings(arguments& given) {
  events_settings settings;
  const auto number = [&](std::string_view name, long fallback, long min, long max) {
    return static_cast<std::size_t>(given.take_integer(name, fallback, min, max));
  };
  settings.payload_bytes = number("--payload", 128, 8, 1 << 20);
  settings.subscribers = number("--subscribers", 1, 1, 64);
  settings.in_flight = number("--in-flight", 2048, static_cast<long>(heard_every), 1 << 20);
  settings.rounds = number("--rounds", 5, 1, 1000);
  settings.where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  const std::chrono::duration<double> length(given.take_number("--seconds", 2, 0.01, 3600));
  settings.length = std::chrono::duration_cast<std::chrono::nanoseconds>(length);
  settings.json = given.take_flag("--json");
  const auto system = given.take_text("--system", "askr");
  if (system != "askr") throw bad_arguments("--system is askr, not \"" + system + "\"");
  given.finish();
  return settings;
}

}  // namespace

int run_events(arguments& given) {
  const auto settings = read_settings(given);
  pin_requester(settings.where);
  emitter from(settings);
  std::vector<round_counts> rounds;
  for (std::size_t round = 0; round < settings.rounds; ++round) rounds.push_back(from.run());
  from.finish();
  print(settings, rounds, from);
  return from.lost() + from.missing() == 0 ? 0 : 1;
}

int run_events_subscriber(arguments& given) {
  report heard{.child = static_cast<std::uint64_t>(given.take_integer("--child", 0, 0, 1024))};
  const auto port = given.take_integer("--port", 0, 1, 65535);
  const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  given.finish();
  pin_server(where);
  auto options = options_for("subscriber", read_first_line());
  options.seeds = {"127.0.0.1:" + std::to_string(port)};
  askr::node subscriber(std::move(options));
  subscriber.listen(topic, [&](const event& each) {
    const auto number = number_in(each.data.bytes());
    if (number != heard.last + 1) heard.lost += number > heard.last ? number - heard.last - 1 : 1;
    heard.last = std::max(heard.last, number);
    if (heard.last % heard_every != 0) return;
    subscriber.emit(heard_topic, payload::raw({reinterpret_cast<const std::uint8_t*>(&heard), sizeof heard}));
  });
  subscriber.start();
  say("started");
  wait_for_end_of_input();
  return 0;
}

}  // namespace askr::bench
