// SPDX-License-Identifier: MIT
// askr listen: events as they come, a line each.
#include "tools/askr/commands.hpp"
#include "tools/askr/connect.hpp"
#include "tools/askr/json_text.hpp"
#include "tools/askr/output.hpp"

#include <askr/client.hpp>
#include <askr/value.hpp>

#include <future>
#include <set>

namespace askr::cli {
namespace {

/// Counts on the client's thread; main waits for the end.
class event_printer {
 public:
  event_printer(bool as_json, std::uint64_t count) : as_json_(as_json), left_(count), endless_(count == 0) {}

  void print(const event& heard) {
    if (!endless_ && left_ == 0) return;
    as_json_ ? print_object(heard) : print_line(printable(heard.topic) + " " + as_json_line(heard.data));
    if (!endless_ && --left_ == 0) done_.set_value();
  }
  void print_gap(const event_gap& gap) const {
    if (as_json_) {
      print_json(value{{"gap", gap.topic},
                       {"from", gap.origin_name},
                       {"epoch", gap.epoch},
                       {"seq", gap.from},
                       {"until", gap.to},
                       {"reason", to_string(gap.why)}});
      return;
    }
    const auto until = gap.to == 0 ? std::string() : " to " + std::to_string(gap.to);
    print_line("gap: " + printable(gap.topic) + " of " + printable(gap.origin_name) + ", events " +
               std::to_string(gap.from) + until + ": " + std::string(to_string(gap.why)));
  }
  void print_ready(std::string_view pattern, const listen_ready& how) const {
    if (as_json_)
      return print_json(value{{"event", "ready"}, {"topic", pattern}, {"ready", how.ready}, {"of", how.of}});
    print_line("ready: " + printable(pattern) + " on " + std::to_string(how.ready) + " of " + std::to_string(how.of) +
               " nodes");
  }
  void wait() { done_.get_future().wait(); }

 private:
  static void print_object(const event& heard) {
    print_json(value{
        {"topic", heard.topic}, {"payload", heard.as<value>()}, {"from", heard.origin_name}, {"seq", heard.sequence}});
  }

  bool as_json_;
  std::uint64_t left_;
  bool endless_;
  std::promise<void> done_;
};

}  // namespace

int run_listen(const global_options& global, const listen_arguments& arguments) {
  event_printer printer(global.json, arguments.count);
  client listening(lasting_client_for(global));
  // One listener for each event, however many of the patterns cover it.
  const std::set<std::string> patterns(arguments.topics.begin(), arguments.topics.end());
  for (const auto& pattern : patterns) {
    listen_options how;
    how.last = arguments.last;
    how.on_gap = [&printer](const event_gap& gap) { printer.print_gap(gap); };
    if (arguments.ready) {
      how.on_ready = [&printer, pattern](const listen_ready& ready) { printer.print_ready(pattern, ready); };
    }
    listening.listen(pattern, std::move(how), [&, pattern](const event& heard) {
      for (const auto& earlier : patterns) {
        if (earlier == pattern) return printer.print(heard);
        if (pattern_matches(earlier, heard.topic)) return;
      }
    });
  }
  listening.connect();
  listening.ready().get();
  if (global.json) print_json(value{{"event", "listening"}, {"node", listening.node_name()}});
  printer.wait();
  return exit_done;
}

}  // namespace askr::cli
