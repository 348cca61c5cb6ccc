// SPDX-License-Identifier: MIT
/// What one handshake costs, one forged message, and encryption as a whole.
#include "bench/bench_node.hpp"
#include "bench/process.hpp"
#include "bench/stranger.hpp"
#include "transport/link.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace askr::bench {
namespace {

using transport::link;

constexpr std::size_t handshakes = 300;
constexpr std::size_t forged_messages = 20'000;
constexpr std::size_t forged_connections = 1'000;

struct world {
  crypto::identity first = crypto::identity::generate(entropy{}), second = crypto::identity::generate(entropy{});
  std::shared_ptr<const crypto::keyring> keys = std::make_shared<const crypto::keyring>(
      crypto::workspace_keys::derive(as_bytes("a secret of the bench's own"), "askr-bench"));

  link make(crypto::role side) const {
    return {
        {}, side, {side == crypto::role::initiator ? first : second, keys, {.name = "bench"}}, entropy{}, clock::now()};
  }
};

void carry(link& from, link& to) {
  byte_buffer bytes(from.output().begin(), from.output().end());
  from.consume(bytes.size());
  to.on_bytes(clock::now(), bytes);
}

double us_since(std::chrono::nanoseconds before, pid_t process = 0) {
  return std::chrono::duration<double, std::micro>(cpu_time(process) - before).count();
}

byte_buffer forged_first_message() {
  byte_buffer said(transport::preface_magic.begin(), transport::preface_magic.end());
  said.insert(said.end(), {transport::wire_major, static_cast<std::uint8_t>(transport::preferred_suite()), 0, 0, 48});
  said.resize(said.size() + 48);
  entropy{}.fill(mutable_byte_span(said).last(48));
  return said;
}

int connect_to(std::uint16_t port) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (made < 0 || ::connect(made, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    throw std::runtime_error("cannot connect to the node");
  }
  return made;
}

/// How many bytes came back before the end.
std::size_t bytes_answered(std::uint16_t port, byte_span said) {
  const int wire = connect_to(port);
  std::size_t answered = 0;
  if (::send(wire, said.data(), said.size(), MSG_NOSIGNAL) > 0) {
    char heard[256];
    for (ssize_t count; (count = ::recv(wire, heard, sizeof heard, 0)) > 0;)
      answered += static_cast<std::size_t>(count);
  }
  ::close(wire);
  return answered;
}

/// "per_second":N of the line that a bench prints.
double per_second_of(const std::string& program, const std::string& payload, const std::string& seconds) {
  const auto command =
      program + " rpc --in-flight 64 --pin 1 --rounds 1 --json --payload " + payload + " --seconds " + seconds;
  const std::unique_ptr<FILE, int (*)(FILE*)> running(::popen(command.c_str(), "r"), ::pclose);
  std::string said;
  std::array<char, 4'096> piece;
  while (running && std::fgets(piece.data(), static_cast<int>(piece.size()), running.get()) != nullptr)
    said += piece.data();
  const std::string key = "\"per_second\":";
  const auto at = said.find(key);
  if (at == std::string::npos) throw std::runtime_error(program + " measured nothing");
  return std::stod(said.substr(at + key.size()));
}

}  // namespace

findings measure_handshakes(const stranger_settings&) {
  const world nodes;
  const auto before = cpu_time(0);
  for (std::size_t i = 0; i < handshakes; ++i) {
    auto initiator = nodes.make(crypto::role::initiator), responder = nodes.make(crypto::role::responder);
    carry(initiator, responder);
    carry(responder, initiator);
    carry(initiator, responder);
    if (responder.state() != transport::link_state::authenticating) throw std::runtime_error("the handshake failed");
  }
  return {{"full handshake, both sides", us_since(before) / handshakes, "us", 500}};
}

findings measure_forged_messages(const stranger_settings&) {
  const world nodes;
  auto said = forged_first_message();
  const auto before = cpu_time(0);
  for (std::size_t i = 0; i < forged_messages; ++i) {
    auto responder = nodes.make(crypto::role::responder);
    responder.on_bytes(clock::now(), said);
    if (responder.state() != transport::link_state::closed) throw std::runtime_error("a forged message was taken");
  }
  const auto message_us = us_since(before) / forged_messages;

  child_process node({"stranger-node"}, random_secret());
  const auto port = static_cast<std::uint16_t>(std::stoi(node.read_line()));
  std::size_t answered = bytes_answered(port, said);  // The first of all pays for what is made once.
  const auto node_before = cpu_time(node.id());
  for (std::size_t i = 0; i < forged_connections; ++i) answered += bytes_answered(port, said);
  const auto connection_us = us_since(node_before, node.id()) / forged_connections;
  return {
      {"forged first message", message_us, "us", 10},
      {"bytes answered to forged messages", static_cast<double>(answered), "B", 0, false, true},
      {"the same with accept, read and close", connection_us, "us", 100, false, false, "no target: the kernel's part"}};
}

findings measure_plain_links(const stranger_settings& settings) {
  const auto own = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto plain = own + "-plain";
  if (!std::filesystem::exists(plain)) throw std::runtime_error(plain + " is missing: build it");
  const auto seconds = std::to_string(std::chrono::duration<double>(settings.length).count());
  findings found;
  for (const auto& [payload, bound] : {std::pair{"128", 0.75}, std::pair{"1024", 0.55}}) {
    const auto without = per_second_of(plain, payload, seconds), with = per_second_of(own, payload, seconds);
    found.push_back(
        {std::string("encrypted of plain throughput, ") + payload + " B", with / without, "", bound, true, false,
         std::to_string(static_cast<long>(with)) + " of " + std::to_string(static_cast<long>(without)) + " /s"});
  }
  return found;
}

}  // namespace askr::bench
