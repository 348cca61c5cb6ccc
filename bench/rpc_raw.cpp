// SPDX-License-Identifier: MIT
#include "bench/raw_stream.hpp"
#include "bench/rpc.hpp"
#include "bench/sockets.hpp"

#include <stdexcept>
#include <string>

#include <unistd.h>

namespace askr::bench {
namespace {

constexpr milliseconds longest_sleep = 100ms;

class raw_requester : public requester {
 public:
  raw_requester(pinning where, bool batched)
      : child_({"raw-server", "--pin", std::to_string(static_cast<int>(where)), batched ? "--batched" : "--unbatched"},
               ""),
        stream_(connect_to(static_cast<std::uint16_t>(std::stoi(child_.read_line())))),
        batched_(batched) {}

  round_result run(load_options options) override {
    options.others = {child_.id()};
    load requests(options);
    return requests.run([&](time_point now) { turn(requests, now); });
  }

 private:
  void turn(load& requests, time_point now) {
    requests.start_due(now, [this](std::size_t mid, byte_span payload) { send(mid, payload); });
    flush();
    const auto due = requests.next_due();
    if (!stream_.wait(due - now < longest_sleep ? due - now : longest_sleep)) return;
    const bool there = stream_.read([&](std::uint64_t mid, byte_span payload) {
      const auto at = clock::now();
      if (requests.finish_request(mid, at, payload)) send(mid, requests.start_request(mid, at));
    });
    if (!there) throw std::runtime_error("the raw server is gone");
    flush();
  }

  void send(std::uint64_t mid, byte_span payload) {
    stream_.append(mid, payload);
    if (!batched_) flush();
  }

  void flush() {
    if (!stream_.flush()) throw std::runtime_error("the raw server is gone");
  }

  child_process child_;
  raw_stream stream_;
  bool batched_;
};

}  // namespace

std::unique_ptr<requester> make_raw_requester(pinning where, bool batched) {
  return std::make_unique<raw_requester>(where, batched);
}

int run_raw_server(arguments& given) {
  const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
  const bool batched = !given.take_flag("--unbatched");
  given.take_flag("--batched");
  given.finish();
  pin_server(where);
  read_first_line();
  std::uint16_t port = 0;
  const int listener = listen_anywhere(port);
  say(std::to_string(port));
  const int accepted = accept_one_unless_input_ends(listener);
  ::close(listener);
  if (accepted < 0) return 1;
  raw_stream stream(accepted);
  const auto echo = [&](std::uint64_t mid, byte_span payload) {
    stream.append(mid, payload);
    if (!batched) stream.flush();
  };
  for (bool there = true; there;) {
    if (stream.wait(1h)) there = stream.read(echo) && stream.flush();
  }
  return 0;
}

}  // namespace askr::bench
