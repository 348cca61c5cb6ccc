// SPDX-License-Identifier: MIT
/// askr-hot-path WORKLOAD MESSAGES: passes so many messages through whole nodes, with sockets and ciphers, and says
/// what that took from the heap. All nodes share one thread, so that one run does what the next does, and what a
/// profiler counts inside measure() is the same again.
#include "tests/hot_path/allocations.hpp"

#include <askr/node.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
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
constexpr std::size_t payload_bytes = 128;
constexpr std::uint64_t in_flight = 64;
constexpr duration patience = std::chrono::seconds(60);

/// Nodes in a row, each linked with the next only.
class chain {
 public:
  explicit chain(std::size_t count) {
    std::string seed;
    for (std::size_t at = 0; at < count; ++at) {
      node_options options;
      options.name = "hot" + std::to_string(at);
      options.workspace = "askr-hot-path";
      options.port = 0;
      options.beacon = false;
      options.secret = "for this process only, and for no longer than it runs";
      options.limits.peers_max = at == 0 || at + 1 == count ? 1 : 2;
      if (!seed.empty()) options.seeds = {seed};
      nodes_.push_back(std::make_unique<node>(std::move(options), context_));
      nodes_.back()->start();
      seed = "127.0.0.1:" + std::to_string(nodes_.back()->port());
    }
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

  /// The first sees what the last serves and hears.
  void link_up() {
    asio::post(context_, [this] { look(); });
    run();
  }

 private:
  static bool serves(const node_info& each) {
    const auto has = [](const auto& all, const char* name) {
      return std::find(all.begin(), all.end(), name) != all.end();
    };
    return has(each.commands, command_name) && has(each.topics, topic);
  }

  void look() {
    const auto all = first().nodes();
    const auto linked = [&](const node_info& each) { return each.name == last().name() && serves(each); };
    if (std::any_of(all.begin(), all.end(), linked)) return done();
    asio::post(context_, [this] { look(); });
  }

  asio::io_context context_{1};
  std::deque<std::unique_ptr<node>> nodes_;
  bool done_ = false;
};

/// So many messages, 64 of them under way.
class workload {
 public:
  explicit workload(std::size_t nodes) : nodes_(nodes), data_(payload_bytes, 0x5a) {
    nodes_.last().on(command_name, [](const command& asked) { return asked.data; });
    nodes_.last().listen(topic, [this](const event&) {
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
  explicit commands(std::size_t relays) : workload(relays + 2) {}

 private:
  void begin() override {
    for (std::uint64_t i = 0; i < in_flight; ++i) ask();
  }
  void ask() {
    if (begun_ == wanted_) return;
    ++begun_;
    nodes_.first().send_with(command_name, payload::raw(data_), {}, [this](const result<payload>& outcome) {
      if (!outcome) throw std::runtime_error(outcome.error().message());
      note_done();
      ask();
    });
  }
};

/// Emitted in bursts, each when all of the last was heard.
class events : public workload {
 public:
  explicit events(std::size_t relays) : workload(relays + 2) {}

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

std::unique_ptr<workload> make(std::string_view name) {
  if (name == "commands") return std::make_unique<commands>(0);
  if (name == "relayed-commands") return std::make_unique<commands>(1);
  if (name == "events") return std::make_unique<events>(0);
  if (name == "relayed-events") return std::make_unique<events>(1);
  return nullptr;
}

[[gnu::noinline]] std::uint64_t measure(workload& what, std::uint64_t messages) { return what.run(messages); }

}  // namespace

int main(int count, char** arguments) {
  const auto messages = count == 3 ? std::strtoull(arguments[2], nullptr, 10) : 0;
  const auto what = messages > 0 ? make(arguments[1]) : nullptr;
  if (!what) {
    std::fputs("usage: askr-hot-path commands|relayed-commands|events|relayed-events MESSAGES\n", stderr);
    return 2;
  }
  what->run(std::max<std::uint64_t>(messages / 4, 2000));  // Buffers and tables grow to what they will need.
  const auto taken = measure(*what, messages);
  std::printf("{\"workload\":\"%s\",\"messages\":%llu,\"allocations\":%llu}\n", arguments[1],
              static_cast<unsigned long long>(messages), static_cast<unsigned long long>(taken));
  return 0;
}
