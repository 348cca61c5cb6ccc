// SPDX-License-Identifier: MIT
#include "bench/rpc.hpp"

#include "bench/bench_node.hpp"

#include <askr/node.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <deque>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace askr::bench {
namespace {

constexpr const char* command_name = "bench.echo";
constexpr microseconds spin_time = 1ms;  // Longer than an answer takes.

bool serves(const node_info& each) {
  return !each.self && std::find(each.commands.begin(), each.commands.end(), command_name) != each.commands.end();
}

/// How the nodes of a measurement hang together.
struct chain_options {
  pinning where = pinning::none;
  bool unix_links = true;
  microseconds busy_poll{0};
  std::size_t relays = 0;  ///< Nodes between requester and server.
};

/// A server in a child, relays in others, and a node here, each linked with the next only: none takes more links.
class node_chain {
 public:
  explicit node_chain(const chain_options& chain) : secret_(random_secret()) {
    const auto pin = std::to_string(static_cast<int>(chain.where));
    auto port = add({"askr-server", "--pin", pin, "--busy-poll", std::to_string(chain.busy_poll.count())});
    port_ = static_cast<std::uint16_t>(std::stoi(port));
    for (std::size_t i = 0; i < chain.relays; ++i) port = add({"askr-relay", "--pin", pin, "--seed", port});
    auto options = options_for("requester", secret_);
    options.seeds = {"127.0.0.1:" + port};
    options.unix_links = chain.unix_links;
    options.busy_poll = chain.busy_poll;
    options.limits.peers_max = 1;
    node_.emplace(std::move(options));
    node_->start();
    const auto until = clock::now() + join_timeout;
    while (std::ranges::none_of(node_->nodes(), serves)) {
      if (clock::now() > until) throw std::runtime_error("the nodes did not link up");
      std::this_thread::sleep_for(1ms);
    }
  }

  askr::node& node() noexcept { return *node_; }
  std::vector<pid_t> others() const {
    std::vector<pid_t> all;
    for (const auto& each : children_) all.push_back(each.id());
    return all;
  }
  pid_t server() const noexcept { return children_.front().id(); }
  std::uint16_t port() const noexcept { return port_; }

 private:
  std::string add(std::vector<std::string> arguments) {
    children_.emplace_back(std::move(arguments), secret_);
    return children_.back().read_line();
  }

  std::string secret_;
  std::uint16_t port_ = 0;  ///< The server's.
  std::deque<child_process> children_;
  std::optional<askr::node> node_;
};

byte_span bytes_of(const result<payload>& outcome) { return outcome ? outcome->bytes() : byte_span{}; }

/// Chains callbacks on the node's own thread.
class callback_requester : public requester {
 public:
  explicit callback_requester(const chain_options& chain) : nodes_(chain) {}

  pid_t server() const override { return nodes_.server(); }
  std::uint16_t port() const override { return nodes_.port(); }

  round_result run(load_options options) override {
    options.others = nodes_.others();
    load_.emplace(options);
    ended_ = {};
    auto ended = ended_.get_future();
    asio::post(nodes_.node().get_executor(), [this] {
      load_->start(clock::now());
      start_due();
    });
    // Every command has an outcome by its deadline, which is shorter than our patience: nothing comes after it.
    ended.wait_for(load_->patience());
    std::promise<round_result> result;
    asio::post(nodes_.node().get_executor(), [&] {
      timer_.reset();
      result.set_value(load_->result());
    });
    return result.get_future().get();
  }

 private:
  void request(std::size_t which, byte_span data) {
    nodes_.node().send_with(command_name, payload::raw(data), {},
                            [this, which](result<payload> outcome) { on_outcome(which, outcome); });
  }

  void start_due() {
    load_->start_due(clock::now(), [this](std::size_t which, byte_span data) { request(which, data); });
    timer_runs_ = load_->next_due() != time_point::max();
    if (!timer_runs_) return;
    if (!timer_) timer_.emplace(nodes_.node().get_executor());
    timer_->expires_at(load_->next_due());
    timer_->async_wait([this](const asio::error_code& why) {
      if (!why && timer_) start_due();
    });
  }

  void on_outcome(std::size_t which, const result<payload>& outcome) {
    const auto now = clock::now();
    if (load_->finish_request(which, now, bytes_of(outcome))) return request(which, load_->start_request(which, now));
    if (load_->done()) return ended_.set_value();
    if (!timer_runs_ && load_->next_due() != time_point::max()) start_due();
  }

  // The nodes go first, and with them the last callback.
  std::optional<load> load_;
  std::promise<void> ended_;
  std::optional<asio::steady_timer> timer_;  ///< At a fixed rate.
  bool timer_runs_ = false;
  node_chain nodes_;
};

/// Threads that wait, each for its own answer.
class future_requester : public requester {
 public:
  explicit future_requester(pinning where) : nodes_({.where = where}) {}

  round_result run(load_options options) override {
    options.others = nodes_.others();
    const auto threads_count = std::exchange(options.in_flight, 1);
    options.rate /= static_cast<double>(threads_count);
    std::vector<round_result> results(threads_count);
    std::vector<std::thread> threads;
    for (auto& each : results) threads.emplace_back([&] { each = run_one(options); });
    for (auto& each : threads) each.join();
    // All measure the same processes at nearly the same time, so one reading of the meters is enough.
    auto sum = results.front();
    for (std::size_t at = 1; at < results.size(); ++at) {
      sum.latency.merge(results[at].latency);
      sum.errors += results[at].errors;
    }
    return sum;
  }

 private:
  round_result run_one(const load_options& options) {
    load requests(options);
    requests.start(clock::now());
    while (!requests.done()) {
      std::this_thread::sleep_until(requests.next_due());
      requests.start_due(clock::now(), [&](std::size_t which, byte_span data) {
        while (requests.finish_request(which, clock::now(), bytes_of(ask(data)))) {
          data = requests.start_request(which, clock::now());
        }
      });
    }
    return requests.result();
  }

  result<payload> ask(byte_span data) {
    try {
      return nodes_.node().send(command_name, payload::raw(data)).get();
    } catch (const failure& why) {
      return error{errc::handler_failed, why.what()};
    }
  }

  node_chain nodes_;
};

}  // namespace

std::unique_ptr<requester> make_askr_requester(pinning where, std::size_t relays) {
  return std::make_unique<callback_requester>(chain_options{.where = where, .relays = relays});
}

std::unique_ptr<requester> make_askr_tcp_requester(pinning where) {
  return std::make_unique<callback_requester>(chain_options{.where = where, .unix_links = false});
}

std::unique_ptr<requester> make_askr_spin_requester(pinning where) {
  return std::make_unique<callback_requester>(chain_options{.where = where, .busy_poll = spin_time});
}

std::unique_ptr<requester> make_askr_future_requester(pinning where) {
  return std::make_unique<future_requester>(where);
}

int run_askr_server(arguments& given) {
  const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  const microseconds busy_poll(given.take_integer("--busy-poll", 0, 0, 1'000'000));
  given.finish();
  pin_server(where);
  askr::node server([&] {
    auto options = options_for("server", read_first_line());
    options.busy_poll = busy_poll;
    options.limits.peers_max = 1;
    return options;
  }());
  server.on(command_name, [](const command& asked) { return asked.data; });
  server.start();
  say(std::to_string(server.port()));
  wait_for_end_of_input();
  return 0;
}

int run_askr_relay(arguments& given) {
  const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  const auto seed = given.take_text("--seed", "");
  given.finish();
  pin_server(where);
  askr::node relay([&] {
    auto options = options_for("relay", read_first_line());
    options.seeds = {"127.0.0.1:" + seed};
    options.limits.peers_max = 2;
    return options;
  }());
  relay.start();
  say(std::to_string(relay.port()));
  wait_for_end_of_input();
  return 0;
}

// --- a node that does nothing

int run_idle_node(arguments& given) {
  given.finish();
  askr::node idle([] {
    auto options = options_for("idle", read_first_line());
    options.beacon = true;
    return options;
  }());
  idle.start();
  say(std::to_string(idle.port()));
  wait_for_end_of_input();
  return 0;
}

}  // namespace askr::bench
