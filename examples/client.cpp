// SPDX-License-Identifier: MIT
// node-askr's client.js: asks for the time, then hears it three times. Usage: example-client [ws://host:port]
#include <askr/askr.hpp>

#include <future>
#include <iostream>

int main(int count, char** words) try {
  askr::client client({.url = count > 1 ? words[1] : "ws://127.0.0.1:8800"});
  std::promise<void> heard_three;
  client.listen("FETCHED_TIME", [&, heard = 0](std::int64_t time) mutable {
    std::cout << "FETCHED_TIME " << time << std::endl;
    if (++heard == 3) heard_three.set_value();
  });
  client.connect();
  client.ready().get();

  std::cout << "fetch: " << client.send("fetch").get().as<std::int64_t>() << std::endl;
  client.send("start").get();
  heard_three.get_future().wait();
  client.send("stop").get();
} catch (const askr::failure& why) {
  std::cerr << why.what() << '\n';
  return 1;
}
