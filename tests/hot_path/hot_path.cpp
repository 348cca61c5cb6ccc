// SPDX-License-Identifier: MIT
/// Passes so many messages through whole nodes, with sockets and ciphers, and says what that took from the heap. All
/// nodes share one thread, so that one run does what the next does, and what a profiler counts inside measure() is the
/// same again.
#include "tests/hot_path/allocations.hpp"

#include <askr/node.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace askr;

constexpr const char* command_name = "hot.echo";
constexpr const char* topic = "hot.event";
constexpr std::uint64_t in_flight = 64;
constexpr std::chrono::seconds patience{200};  // A profiler is slow.

/// What there is beside the messages.
struct surroundings {
  std::size_t payload_bytes = 128;
  std::size_t nodes = 0;     ///< That neither ask nor serve, linked with all. None with relays.
  std::size_t commands = 0;  ///< Others that the last node serves,
  std::size_t topics = 0;    ///< and hears.
};

/// The first asks and emits, the last serves and hears: linked with each other, or over a row of relays.
class chain {
 public:
  /// All but the last are started.
  chain(std::size_t relays, const surroundings& around) : relays_(relays) {
    for (std::size_t i = 0; i < 1 + relays + around.nodes; ++i) {
      add(around);
      last().start();
    }
    add(around);
  }
  ~chain() { context_.stop(); }
  chain(const chain&) = delete;
  chain& operator=(const chain&) = delete;

  node& first() { return *nodes_.front(); }
  node& last() { return *nodes_.back(); }
  asio::io_context& context() { return context_; }

  /// Until somebody calls done(), on this thread.
  void run() {
    asio::steady_timer too_late(context_, patience);
    too_late.async_wait([this](asio::error_code canceled) {
      if (!canceled) context_.stop();
    });
    context_.restart();
    context_.run();  // The timed forms would give up what Asio keeps for its handlers, again and again.
    if (!std::exchange(done_, false)) throw std::runtime_error("nothing moves");
  }
  void done() {
    done_ = true;
    context_.stop();
  }

  /// Until the first sees all, and what the last serves and hears.
  void link_up() {
    last().start();
    asio::post(context_, [this] { look(); });
    run();
  }

 private:
  void add(const surroundings& around) {
    node_options options;
    options.name = "hot" + std::to_string(nodes_.size());
    options.workspace = "askr-hot-path";
    options.port = 0;
    options.beacon = false;
    options.secret = "for this process only, and for no longer than it runs";
    options.links.lease = std::chrono::milliseconds(0);
    options.links.heartbeat = std::chrono::minutes(10);  // Nothing but what is measured.
    options.limits.handlers_max += around.commands;
    options.limits.listeners_max += around.topics;
    if (relays_ > 0) options.limits.peers_max = nodes_.empty() || nodes_.size() == relays_ + 1 ? 1 : 2;
    for (const auto& each : nodes_) {
      if (relays_ == 0 || each == nodes_.back()) options.seeds.push_back("127.0.0.1:" + std::to_string(each->port()));
    }
    nodes_.push_back(std::make_unique<node>(std::move(options), context_));
  }

  static bool serves(const node_info& each) {
    const auto has = [](const auto& all, const char* name) {
      return std::find(all.begin(), all.end(), name) != all.end();
    };
    return has(each.commands, command_name) && has(each.topics, topic);
  }

  void look() {
    const auto all = first().nodes();
    const auto linked = [&](const node_info& each) { return each.name == last().name() && serves(each); };
    if (all.size() == nodes_.size() && std::any_of(all.begin(), all.end(), linked)) return done();
    asio::post(context_, [this] { look(); });
  }

  std::size_t relays_;
  asio::io_context context_{1};
  std::deque<std::unique_ptr<node>> nodes_;
  bool done_ = false;
};

/// So many messages, 64 of them under way.
class workload {
 public:
  workload(std::size_t relays, const surroundings& around) : nodes_(relays, around), data_(around.payload_bytes, 0x5a) {
    auto& last = nodes_.last();
    for (std::size_t i = 0; i < around.commands; ++i) last.on("other." + std::to_string(i), [] {});
    for (std::size_t i = 0; i < around.topics; ++i) last.listen("other." + std::to_string(i), [](const event&) {});
    last.on(command_name, [](const command& asked) { return asked.data; });
    last.listen(topic, [this](const event&) {
      note_done();
      on_event();
    });
    nodes_.link_up();
  }
  virtual ~workload() = default;

  /// What all but the first quarter took from the heap.
  std::uint64_t run(std::uint64_t messages) {
    begun_ = done_ = taken_ = 0;
    wanted_ = messages;
    asio::post(nodes_.context(), [this] { begin(); });
    nodes_.run();
    return taken_;
  }

 protected:
  virtual void begin() = 0;
  virtual void on_event() {}

  void note_done() {
    if (++done_ == wanted_ / 4) taken_ = test::allocations();
    if (done_ < wanted_) return;
    taken_ = test::allocations() - taken_;
    nodes_.done();
  }

  chain nodes_;
  byte_buffer data_;
  std::uint64_t begun_ = 0, done_ = 0, wanted_ = 0, taken_ = 0;
};

/// Each outcome sends the next command.
class commands : public workload {
 public:
  using workload::workload;

 private:
  void begin() override {
    for (std::uint64_t i = 0; i < in_flight; ++i) ask();
  }
  void ask() {
    if (begun_ == wanted_) return;
    ++begun_;
    nodes_.first().send_with(command_name, payload::raw(data_), {.timeout = patience}, [this](const result<payload>& outcome) {
      if (!outcome) throw std::runtime_error(outcome.error().message());
      note_done();
      ask();
    });
  }
};

/// Emitted in bursts, each when all of the last was heard.
class events : public workload {
 public:
  using workload::workload;

 private:
  void begin() override {
    const auto burst = std::min(in_flight, wanted_ - begun_);
    for (std::uint64_t i = 0; i < burst; ++i) nodes_.first().emit(topic, payload::raw(data_));
    begun_ += burst;
  }
  void on_event() override {
    if (done_ == begun_ && done_ < wanted_) asio::post(nodes_.context(), [this] { begin(); });
  }
};

std::unique_ptr<workload> make(std::string_view name, const surroundings& around) {
  if (name == "commands") return std::make_unique<commands>(0, around);
  if (name == "relayed-commands") return std::make_unique<commands>(1, around);
  if (name == "events") return std::make_unique<events>(0, around);
  return std::make_unique<events>(1, around);
}

[[gnu::noinline]] std::uint64_t measure(workload& what, std::uint64_t messages) { return what.run(messages); }

}  // namespace

int main(int count, char** values) {
  std::string name;
  std::uint64_t messages = 0;
  surroundings around;
  CLI::App app("What a message takes from the heap");
  app.add_option("WORKLOAD", name)
      ->required()
      ->check(CLI::IsMember({"commands", "relayed-commands", "events", "relayed-events"}));
  app.add_option("MESSAGES", messages)->required()->check(CLI::PositiveNumber);
  app.add_option("--payload", around.payload_bytes, "Bytes of each message")->capture_default_str();
  app.add_option("--nodes", around.nodes, "Beside those that talk; not with relays")->check(CLI::Range(0, 60));
  app.add_option("--commands", around.commands, "Others that are served");
  app.add_option("--topics", around.topics, "Others that are heard");
  CLI11_PARSE(app, count, values);
  const auto what = make(name, around);
  what->run(std::max<std::uint64_t>(messages / 4, 2000));  // Buffers and tables grow to what they will need.
  const auto taken = measure(*what, messages);
  std::printf("{\"workload\":\"%s\",\"messages\":%llu,\"allocations\":%llu}\n", name.c_str(),
              static_cast<unsigned long long>(messages), static_cast<unsigned long long>(taken));
  return 0;
}
