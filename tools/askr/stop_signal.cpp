// SPDX-License-Identifier: MIT
#include "tools/askr/stop_signal.hpp"

#include <csignal>

namespace askr::cli {
namespace {

sigset_t stopping_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

stop_signal::stop_signal() {
  const auto signals = stopping_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void stop_signal::wait() {
  const auto signals = stopping_signals();
  int came = 0;
  sigwait(&signals, &came);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace askr::cli
