// SPDX-License-Identifier: MIT
#include "bench/crowd.hpp"

#include "bench/bench_node.hpp"
#include "bench/rpc.hpp"

#include <askr/node.hpp>
#include <askr/random.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <sstream>
#include <stdexcept>
#include <string>

namespace askr::bench {
namespace {

constexpr milliseconds look_interval = 5ms;  // Of each process at its view; the resolution of what is measured.

/// Says on stdout whenever the node sees more or fewer nodes than before. On the node's thread.
class view_watch {
 public:
  /// Until it sees `last`; 0: for ever.
  view_watch(askr::node& of, std::size_t last) : node_(of), last_(last), timer_(of.get_executor()) {}

  void look() {
    const auto counts = node_.counters();  // Far cheaper than a list of all nodes, which would be most of the work.
    const auto size = 1 + counts.nodes_found - counts.nodes_lost;
    if (size != size_) say(std::to_string(size) + " " + std::to_string(clock::now().time_since_epoch().count()));
    size_ = size;
    if (size_ == last_) return;
    timer_.expires_after(look_interval);
    timer_.async_wait([this](asio::error_code canceled) {
      if (!canceled) look();
    });
  }

 private:
  askr::node& node_;
  std::size_t last_;
  asio::steady_timer timer_;
  std::size_t size_ = 0;
};

}  // namespace

crowd::crowd(std::size_t nodes, watch how) {
  const auto secret = random_secret();
  const auto port = std::to_string(40'000 + entropy{}.next() % 9'000);
  const auto until = std::to_string(how == watch::for_ever ? 0 : nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    nodes_.emplace_back(std::vector<std::string>{"crowd-node", "--beacon-port", port, "--until", until}, secret);
  }
}

time_point crowd::await_size(child_process& node, std::size_t wanted) {
  for (;;) {
    std::istringstream line(node.read_line());
    std::size_t size = 0;
    clock::rep at = 0;
    if (!(line >> size >> at)) throw std::runtime_error("a node says something that is no size");
    if (size == wanted) return time_point(clock::duration(at));
  }
}

int run_crowd_node(arguments& given) {
  const auto beacon_port = given.take_integer("--beacon-port", 8799, 1, 65535);
  const auto until = given.take_integer("--until", 0, 0, 1000);
  given.finish();
  auto options = options_for("join", read_first_line());
  options.beacon = true;
  options.beacon_port = static_cast<std::uint16_t>(beacon_port);
  askr::node joining(std::move(options));
  joining.start();
  view_watch watch(joining, static_cast<std::size_t>(until));
  asio::post(joining.get_executor(), [&] { watch.look(); });
  wait_for_end_of_input();
  joining.stop();
  return 0;
}

}  // namespace askr::bench
