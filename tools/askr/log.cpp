// SPDX-License-Identifier: MIT
#include "tools/askr/log.hpp"

#include "tools/askr/output.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

namespace askr::cli {
namespace {

spdlog::level::level_enum as_spdlog(log_level level) {
  switch (level) {
    case log_level::debug:
      return spdlog::level::debug;
    case log_level::info:
      return spdlog::level::info;
    case log_level::warning:
      return spdlog::level::warn;
    case log_level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

log_sink stderr_log(log_level least) {
  const char* refused = std::getenv("NO_COLOR");
  const bool plain = refused != nullptr && *refused != '\0';
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(plain ? spdlog::color_mode::never
                                                                          : spdlog::color_mode::automatic);
  auto logger = std::make_shared<spdlog::logger>("askr", std::move(sink));
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  logger->set_level(as_spdlog(least));
  logger->flush_on(spdlog::level::debug);
  return [logger](log_level level, std::string_view line) {
    logger->log(as_spdlog(level), spdlog::string_view_t(printable(line)));
  };
}

}  // namespace askr::cli
