// SPDX-License-Identifier: MIT
#include "transport/client_message.hpp"

namespace askr::transport {

std::optional<message_id> message_id::from_text(std::string_view text) noexcept {
  if (text.empty() || text.size() > text_bytes_max) return std::nullopt;
  message_id made;
  made.kind_ = kind::text;
  made.text_bytes_ = static_cast<std::uint8_t>(text.copy(made.text_.data(), text.size()));
  return made;
}

message_id message_id::from_uint(std::uint64_t number) noexcept {
  message_id made;
  made.kind_ = kind::unsigned_integer;
  made.number_ = number;
  return made;
}

message_id message_id::from_int(std::int64_t number) noexcept {
  auto made = from_uint(static_cast<std::uint64_t>(number));
  if (number < 0) made.kind_ = kind::negative_integer;
  return made;
}

}  // namespace askr::transport
