// SPDX-License-Identifier: MIT
#include "transport/websocket/deflate.hpp"

#include <askr/assert.hpp>

#include "transport/http.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace askr::websocket {
namespace {

constexpr std::size_t step_bytes = 16 << 10;
constexpr int compression_level = 1;
constexpr int memory_level = 8;
constexpr int window_bits_max = 15;
// Every message ends in an empty stored block, of which these octets are not sent. Source: RFC 7692, section 7.2.1.
constexpr std::array<std::uint8_t, 4> tail{0x00, 0x00, 0xff, 0xff};

/// The grammar of Sec-WebSocket-Extensions. Source: RFC 6455, section 9.1.
class extension_lexer {
 public:
  explicit extension_lexer(std::string_view text) : text_(text) {}

  bool at_end() noexcept {
    skip_space();
    return text_.empty();
  }

  bool take(char c) noexcept {
    skip_space();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  std::optional<std::string_view> token() noexcept {
    skip_space();
    std::size_t n = 0;
    while (n < text_.size() && http::is_token(text_.substr(n, 1))) ++n;
    if (n == 0) return {};
    const std::string_view found = text_.substr(0, n);
    text_.remove_prefix(n);
    return found;
  }

  /// A token, or a token in quotes. What is quoted must be a token once unquoted, so nothing has to be unescaped.
  std::optional<std::string_view> value() noexcept {
    const bool quoted = take('"');
    if (quoted && (text_.empty() || !http::is_token(text_.substr(0, 1)))) return {};
    const auto found = token();
    if (!found || (quoted && (text_.empty() || text_.front() != '"'))) return {};
    if (quoted) text_.remove_prefix(1);
    return found;
  }

 private:
  void skip_space() noexcept {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) text_.remove_prefix(1);
  }

  std::string_view text_;
};

/// 8 to 15, without leading zeros. Source: RFC 7692, section 7.1.2.
std::optional<std::uint8_t> window_bits(std::optional<std::string_view> text) noexcept {
  if (!text) return {};
  if (*text == "8" || *text == "9") return static_cast<std::uint8_t>(text->front() - '0');
  if (text->size() == 2 && text->front() == '1' && text->back() >= '0' && text->back() <= '5')
    return static_cast<std::uint8_t>(10 + text->back() - '0');
  return {};
}

/// One offer as it is being read. Unacceptable offers are still read to their end, to get at the next.
struct offer {
  deflate_parameters parameters;
  bool acceptable = true;
  std::array<bool, 4> seen{};

  void add(std::string_view name, std::optional<std::string_view> value) noexcept {
    static constexpr std::array<std::string_view, 4> names{"server_no_context_takeover", "client_no_context_takeover",
                                                           "server_max_window_bits", "client_max_window_bits"};
    const auto found = std::find(names.begin(), names.end(), name);
    const auto which = static_cast<std::size_t>(found - names.begin());
    if (which == names.size() || seen[which]) {
      acceptable = false;
      return;
    }
    seen[which] = true;
    const auto bits = window_bits(value);
    if (which < 2) acceptable &= !value.has_value();
    if (which == 2) set_server_window(bits);
    if (which == 3) set_client_window(value.has_value(), bits);
  }

  void set_server_window(std::optional<std::uint8_t> bits) noexcept {
    acceptable &= bits.has_value() && *bits > 8;
    parameters.server_window_bits = bits.value_or(window_bits_max);
    parameters.server_window_asked = true;
  }

  void set_client_window(bool has_value, std::optional<std::uint8_t> bits) noexcept {
    acceptable &= !has_value || bits.has_value();
    if (bits && *bits > 8) parameters.client_window_bits = bits;
  }
};

/// Reads one header value; false if it does not follow the grammar.
bool read_offers(std::string_view text, std::optional<deflate_parameters>& taken) {
  extension_lexer lexer(text);
  while (!lexer.at_end()) {
    if (lexer.take(',')) continue;
    const auto extension = lexer.token();
    if (!extension) return false;
    offer current;
    current.acceptable = *extension == "permessage-deflate";
    while (lexer.take(';')) {
      const auto name = lexer.token();
      if (!name) return false;
      std::optional<std::string_view> value;
      if (lexer.take('=') && !(value = lexer.value())) return false;
      current.add(*name, value);
    }
    if (!lexer.at_end() && !lexer.take(',')) return false;
    if (current.acceptable && !taken) taken = current.parameters;
  }
  return true;
}

void set_input(z_stream& stream, byte_span input) noexcept {
  ASKR_ASSERT(input.size() <= std::numeric_limits<uInt>::max());
  stream.next_in = const_cast<Bytef*>(input.data());  // zlib does not write there; its type is older than const.
  stream.avail_in = static_cast<uInt>(input.size());
}

/// zlib has just read a whole block and waits for the next. Source: zlib.h, inflate(), data_type.
bool at_block_boundary(const z_stream& stream) noexcept { return (stream.data_type & 128) != 0; }

}  // namespace

result<std::optional<deflate_parameters>> negotiate_deflate(std::span<const std::string_view> header_values) {
  std::optional<deflate_parameters> taken;
  for (const std::string_view value : header_values)
    if (!read_offers(value, taken)) return error{errc::bad_message, "malformed Sec-WebSocket-Extensions"};
  return taken;
}

std::string deflate_answer(const deflate_parameters& parameters) {
  std::string answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  if (parameters.server_window_asked)
    answer += "; server_max_window_bits=" + std::to_string(parameters.server_window_bits);
  if (parameters.client_window_bits)
    answer += "; client_max_window_bits=" + std::to_string(*parameters.client_window_bits);
  return answer;
}

struct deflate_context::streams {
  z_stream deflating{};
  z_stream inflating{};
  std::uint8_t deflating_bits = 0;  // 0: not made yet.
  bool can_inflate = false;
  bool ended = false;  // The last input ended with a final block.

  ~streams() {
    if (deflating_bits != 0) deflateEnd(&deflating);
    if (can_inflate) inflateEnd(&inflating);
  }

  void prepare_deflate(std::uint8_t bits) {
    if (deflating_bits == bits) {
      deflateReset(&deflating);
      return;
    }
    if (deflating_bits != 0) deflateEnd(&deflating);
    deflating_bits = 0;
    if (deflateInit2(&deflating, compression_level, Z_DEFLATED, -bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
    deflating_bits = bits;
  }

  /// A window of 2^15 reads whatever was written with a smaller one.
  void prepare_inflate() {
    if (can_inflate) {
      inflateReset(&inflating);
      return;
    }
    if (inflateInit2(&inflating, -window_bits_max) != Z_OK) throw std::bad_alloc();
    can_inflate = true;
  }

  /// Inflates all of `input`. A final block in the middle starts over, as section 7.2.3.4 of RFC 7692 allows.
  result<void> inflate_all(byte_span input, std::size_t bytes_max, byte_buffer& out) {
    set_input(inflating, input);
    ended = false;
    do {
      if (ended) inflateReset(&inflating);
      const std::size_t before = out.size();
      // One octet above the limit, to tell "full" from "too much".
      const std::size_t room = std::min(step_bytes, bytes_max + 1 - before);
      out.resize(before + room);
      inflating.next_out = out.data() + before;
      inflating.avail_out = static_cast<uInt>(room);
      const int status = ::inflate(&inflating, Z_SYNC_FLUSH);
      ended = status == Z_STREAM_END;
      out.resize(out.size() - inflating.avail_out);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return errc::bad_message;
      if (out.size() > bytes_max) return errc::too_large;
    } while (inflating.avail_in != 0 || (inflating.avail_out == 0 && !ended));
    return {};
  }
};

deflate_context::deflate_context() : streams_(std::make_unique<streams>()) {}
deflate_context::~deflate_context() = default;

std::optional<byte_span> deflate_context::compress(byte_span message, std::uint8_t window_bits) {
  if (message.size() <= tail.size()) return {};
  streams_->prepare_deflate(window_bits);
  z_stream& stream = streams_->deflating;
  set_input(stream, message);
  // Room for what is sent plus the tail that is not; a message that needs more does not get smaller.
  compressed_.resize(message.size() + tail.size());
  stream.next_out = compressed_.data();
  stream.avail_out = static_cast<uInt>(compressed_.size());
  const int status = deflate(&stream, Z_SYNC_FLUSH);
  if (status != Z_OK || stream.avail_in != 0 || stream.avail_out == 0) return {};
  return byte_span(compressed_).first(compressed_.size() - stream.avail_out - tail.size());
}

result<void> deflate_context::inflate(byte_span compressed, std::size_t bytes_max, byte_buffer& out) {
  out.clear();
  streams_->prepare_inflate();
  z_stream& stream = streams_->inflating;
  if (auto body = streams_->inflate_all(compressed, bytes_max, out); !body) return body;
  if (streams_->ended) return {};
  if (auto end = streams_->inflate_all(tail, bytes_max, out); !end) return end;
  if (!at_block_boundary(stream)) return error{errc::bad_message, "deflated message is cut off"};
  return {};
}

}  // namespace askr::websocket
