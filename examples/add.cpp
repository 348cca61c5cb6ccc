// SPDX-License-Identifier: MIT
// Handlers in all their forms: types of your own, exceptions, coroutines, and work that blocks. One process, no network
// partner needed: the node sends the commands to itself.
#include <askr/askr.hpp>
#include <askr/coroutine.hpp>

#include <asio/use_awaitable.hpp>

#include <iostream>
#include <thread>

struct add_request {
  int a = 0;
  int b = 0;
  MSGPACK_DEFINE_MAP(a, b)
};

struct add_answer {
  int sum = 0;
  std::string text;
  MSGPACK_DEFINE_MAP(sum, text)
};

int main() {
  askr::node node({.name = "adder", .workspace = "example-add", .port = 0, .beacon = false});

  node.on("add", [](add_request r) {
    return add_answer{r.a + r.b, std::to_string(r.a) + " + " + std::to_string(r.b)};
  });

  // The caller gets the code and the sentence.
  node.on("divide", [](add_request r) {
    if (r.b == 0) throw askr::failure(askr::errc::bad_payload, "b must not be 0");
    return r.a / r.b;
  });

  // Waits for other commands without holding the node's thread.
  node.on("add_twice", [&](add_request r) -> asio::awaitable<int> {
    auto first = askr::payload::from(r);
    const auto once = co_await node.async_send("add", std::move(first), {}, asio::use_awaitable);
    const int sum = once.as<add_answer>().sum;
    auto second = askr::payload::from(add_request{sum, sum});
    const auto twice = co_await node.async_send("add", std::move(second), {}, asio::use_awaitable);
    co_return twice.as<add_answer>().sum;
  });

  // Runs on a worker thread.
  node.on("add_slowly", askr::blocking([](add_request r) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            return r.a + r.b;
          }));

  node.start();
  const auto added = node.send("add", add_request{1, 2}).get().as<add_answer>();
  std::cout << added.text << " = " << added.sum << '\n';
  std::cout << "add_twice: " << node.send("add_twice", add_request{1, 2}).get().as<int>() << '\n';
  std::cout << "add_slowly: " << node.send("add_slowly", add_request{3, 4}).get().as<int>() << '\n';
  try {
    node.send("divide", add_request{1, 0}).get();
  } catch (const askr::failure& why) {
    std::cout << "divide: " << askr::to_string(static_cast<askr::errc>(why.code().value())) << ": " << why.detail()
              << '\n';
  }
}
