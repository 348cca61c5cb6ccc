// SPDX-License-Identifier: MIT
// A test of your own handlers under a partition: the nodes are the real ones, the network and the time are not, so that
// twenty minutes pass in a few milliseconds and every run is the same.
#include <askr/askr.hpp>
#include <askr/coroutine.hpp>
#include <askr/simulation.hpp>

#include <asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace std::chrono_literals;

namespace {

// --- what is tested, as it runs in production, too

void run_warehouse(askr::node& self) {
  self.on("stock", [] { return 12; });
}

/// Asks the warehouse, and falls back on what it said last.
void run_shop(askr::node& self) {
  self.on("offer", [&self, last = 0]() mutable -> asio::awaitable<std::string> {
    const askr::payload nothing;
    const askr::send_options patience{.timeout = 1s};
    try {
      const auto stock = co_await self.async_send("stock", nothing, patience, asio::use_awaitable);
      last = stock.as<int>();
      co_return std::to_string(last);
    } catch (const std::system_error&) {
      co_return std::to_string(last) + " (perhaps)";
    }
  });
}

// --- the test

void expect(const std::string& what, const std::string& expected) {
  std::cout << what << '\n';
  if (what != expected) throw std::runtime_error("expected: " + expected);
}

}  // namespace

int main() try {
  askr::simulation world;
  auto& warehouse = world.add({.name = "warehouse"}, run_warehouse);
  world.add({.name = "shop"}, run_shop);
  auto& customer = world.add({.name = "customer"});
  if (!world.run_until_converged()) throw std::runtime_error("the nodes do not find each other");

  const auto offer = [&] { return world.await(customer.send("offer")).as<std::string>(); };
  expect(offer(), "12");
  world.partition({&warehouse});
  expect(offer(), "12 (perhaps)");  // The shop does not know yet that the warehouse is gone: it waits its second.
  world.run_for(20min);
  expect(offer(), "12 (perhaps)");  // It knows.
  world.heal();
  world.run_until_converged();
  expect(offer(), "12");
} catch (const std::exception& why) {
  std::cerr << why.what() << '\n';
  return 1;
}
