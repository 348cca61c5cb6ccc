// SPDX-License-Identifier: MIT
#include "bench/rivals/adapter.hpp"

#include <cstdio>
#include <exception>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include <unistd.h>

namespace askr::bench {

void end_with_input() {
  std::thread([] {
    wait_for_end_of_input();
    ::_exit(0);
  }).detach();
}

int serve_rounds(requester& measured) {
  say("ready");
  for (std::string line; read_line_of_input(line);) say(to_line(measured.run(load_options_from(line))));
  return 0;
}

int serve_rounds(event_system& measured) {
  say("ready");
  for (std::string line; read_line_of_input(line);) {
    std::ostringstream answer;
    if (line == "finish") {
      const auto totals = measured.finish();
      answer << totals.emitted << ' ' << totals.lost;
    } else {
      const auto round = measured.run(std::chrono::nanoseconds(std::stoll(line)));
      answer << round.deliveries << ' ' << round.seconds << ' ' << round.cpu_us;
    }
    say(answer.str());
  }
  return 0;
}

event_options take_event_options(arguments& given, pinning where) {
  event_options options{.where = where};
  options.payload_bytes = static_cast<std::size_t>(given.take_integer("--payload", 128, 8, 1 << 20));
  options.subscribers = static_cast<std::size_t>(given.take_integer("--subscribers", 1, 1, 64));
  options.in_flight = static_cast<std::uint64_t>(given.take_integer("--in-flight", 2048, 256, 1 << 20));
  return options;
}

int run_adapter(int count, char** values, const adapter_roles& roles) {
  const std::pair<std::string_view, adapter_roles::role> named[] = {
      {"rpc", roles.requester}, {"server", roles.server}, {"events", roles.emitter}, {"subscriber", roles.subscriber}};
  try {
    arguments given(count - 1, values + 1);
    const auto wanted = given.take_word();
    const auto where = static_cast<pinning>(given.take_integer("--pin", -1, -1, 1));
    for (const auto& [name, run] : named) {
      if (name == wanted) return run(given, where);
    }
    throw bad_arguments("no role \"" + wanted + "\"");
  } catch (const std::exception& why) {
    std::fprintf(stderr, "%s: %s\n", values[0], why.what());
    return 1;
  }
}

round_result callback_requester::run(load_options options) {
  options.others = others_;
  load requests(options);
  std::unique_lock lock(guard_);
  requests_ = &requests;
  const auto until = clock::now() + options.patience();
  const auto measured = requests.run([&](time_point now) {
    requests.start_due(now, [this](std::size_t which, byte_span payload) { request(which, payload); });
    flush();
    changed_.wait_until(lock, std::min(requests.next_due(), until));
  });
  requests_ = nullptr;
  return measured;
}

void callback_requester::on_reply(std::size_t which, byte_span reply) {
  const std::scoped_lock lock(guard_);
  if (requests_ == nullptr) return;
  const auto now = clock::now();
  if (requests_->finish_request(which, now, reply)) return request(which, requests_->start_request(which, now));
  changed_.notify_one();
}

}  // namespace askr::bench
