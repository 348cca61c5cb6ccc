// SPDX-License-Identifier: MIT
#include "bench/narrow_link.hpp"

#include "bench/process.hpp"

#include <cstdlib>
#include <exception>

namespace askr::bench {

std::string narrow_loopback(double mbit) {
  if (!may_enter_own_network()) return "a network namespace of its own takes root";
  try {
    enter_own_network();
  } catch (const std::exception& why) {
    return why.what();
  }
  // Segments as of Ethernet, and a bucket of one offloaded packet and a bit, so that the link never bursts.
  const auto rate = std::to_string(static_cast<long>(mbit * 1000)) + "kbit";
  const auto command =
      "ip link set lo mtu 1500 && tc qdisc add dev lo root tbf rate " + rate + " burst 128kb latency 20ms";
  return std::system(command.c_str()) == 0 ? "" : "tc cannot make a token bucket here";
}

}  // namespace askr::bench
