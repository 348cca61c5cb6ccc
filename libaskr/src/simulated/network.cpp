// SPDX-License-Identifier: MIT
#include "libaskr/src/simulated/network.hpp"

#include <cmath>

namespace askr::simulated {

tick network::jitter() {
  if (options_.jitter.count() == 0) return 0;
  // Exponential: the first waiting time of a queue that is now and then not empty.
  return static_cast<tick>(-std::log1p(-random_.unit()) * static_cast<double>(options_.jitter.count()));
}

}  // namespace askr::simulated
