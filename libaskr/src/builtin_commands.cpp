// SPDX-License-Identifier: MIT
// The commands that every node serves: askr.ping, askr.echo, askr.nodes, STATE_REQUEST and STATE_SET.
#include "libaskr/src/node_core.hpp"

#include <askr/value.hpp>

namespace askr {
namespace {

value texts(const std::vector<std::string>& all) {
  value::array listed;
  for (const auto& each : all) listed.emplace_back(each);
  return listed;
}

value describe(const node_info& node) {
  return value{{"name", node.name},
               {"id", node.id.to_string()},
               {"version", node.version},
               {"self", node.self},
               {"link", node.link},
               {"endpoints", texts(node.endpoints)},
               {"commands", texts(node.commands)},
               {"topics", texts(node.topics)}};
}

/// What is no value for others (raw bytes, or malformed) is shown as the bytes it is.
value to_value(const payload& held) {
  auto read = held.try_as<value>();
  if (read) return std::move(read).value();
  return byte_buffer(held.bytes().begin(), held.bytes().end());
}

}  // namespace

void node_core::add_builtin(std::string name, std::shared_ptr<detail::handler> handler) {
  dispatcher_.table().set(std::move(name), std::move(handler), true);
}

void node_core::add_builtins() {
  add_builtin("askr.ping", detail::make_handler([] { return std::string("pong"); }));
  add_builtin("askr.echo", detail::make_handler([](const command& asked) { return asked.data; }));
  add_builtin("askr.nodes", detail::make_handler([this] {
                value::array all;
                for (const auto& each : nodes()) all.push_back(describe(each));
                return value(std::move(all));
              }));
  add_builtin("STATE_REQUEST",
              detail::make_handler([this](const command& asked) { return answer_state_request(asked); }));
  add_builtin("STATE_SET", detail::make_handler([this](const command& asked) { answer_state_set(asked); }));
}

// The dispatcher has looked at the key that it found; this is the one that counts.
void node_core::demand(const command& asked, verb what, std::string_view key) const {
  if (const auto allowed = rights_.check(asked.who(), what, key); !allowed) throw failure(allowed.error());
}

payload node_core::answer_state_request(const command& asked) {
  const auto wanted = asked.data.empty() ? value{} : asked.as<value>();
  const auto* key = wanted.find("key");
  if (key != nullptr) {
    demand(asked, verb::state_read, key->as_string());
    const auto* found = state_.find(key->as_string());
    if (found == nullptr) throw failure(errc::no_key, "no state " + key->as_string());
    return *found;
  }
  value::object all;
  for (const auto& [name, held] : state_.entries()) {
    if (rights_.check(asked.who(), verb::state_read, name)) all.emplace_back(name, to_value(held));
  }
  return payload::from(value(std::move(all)));
}

void node_core::answer_state_set(const command& asked) {
  const auto wanted = asked.as<value>();
  const auto& key = wanted.at("key").as_string();
  demand(asked, verb::state_write, key);
  auto next = payload::from(wanted.at("value"));
  const auto set = state_.set(key, next);
  if (!set) throw failure(set.error());
  if (state_watcher_) state_watcher_(key, next.view());
}

}  // namespace askr
