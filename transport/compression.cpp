// SPDX-License-Identifier: MIT
#include "transport/compression.hpp"

#include <askr/assert.hpp>

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace askr::transport {
namespace {

constexpr int level = 1;            // 340 MB/s; higher levels are slower than the links that gain from them.
constexpr int window_log = 17;      // What we write. Keeps a context at about 1 MiB.
constexpr int window_log_max = 20;  // What we accept.
constexpr std::size_t sample_bytes_max = 4'096;
constexpr std::size_t sample_slices = 4;
constexpr std::size_t kept_bytes_max = 256 << 10;  // A buffer that grew beyond goes back after use.

// A sample is random-looking if two of its bytes, picked by chance, are equal hardly more often than 1 in 256: here
// less often than 1 in 170, which is 7.4 bits of collision entropy in a byte.
constexpr std::uint64_t coincidence_odds = 170;

using histogram = std::array<std::uint32_t, 256>;

std::size_t count_sample(byte_span payload, histogram& counts) {
  if (payload.size() <= sample_bytes_max) {
    for (const auto byte : payload) ++counts[byte];
    return payload.size();
  }
  constexpr std::size_t slice_bytes = sample_bytes_max / sample_slices;
  const std::size_t stride = (payload.size() - slice_bytes) / (sample_slices - 1);
  for (std::size_t i = 0; i < sample_slices; ++i) {
    for (const auto byte : payload.subspan(i * stride, slice_bytes)) ++counts[byte];
  }
  return sample_bytes_max;
}

void resize_for(byte_buffer& buffer, std::size_t bytes) {
  if (buffer.capacity() > kept_bytes_max && bytes <= kept_bytes_max) buffer = byte_buffer();
  buffer.resize(bytes);
}

// The fixed part of a frame's header. Source: RFC 8878, section 3.1.1.1.
struct frame_header {
  static constexpr std::size_t bytes_min = 6;  // Magic, descriptor, and one byte of window or size.
  static constexpr std::array<std::uint8_t, 4> magic = {0x28, 0xb5, 0x2f, 0xfd};

  std::uint8_t descriptor;
  std::uint8_t window;  // Only if not single_segment().

  bool single_segment() const { return (descriptor & 0x20) != 0; }
  bool reserved() const { return (descriptor & 0x08) != 0; }
  bool dictionary() const { return (descriptor & 0x03) != 0; }
  // Exponent and, for windows between powers of two, mantissa; RFC 8878, section 3.1.1.1.2.
  bool window_fits() const {
    const int log = 10 + (window >> 3);
    return log < window_log_max || (log == window_log_max && (window & 7) == 0);
  }
  bool acceptable() const { return !reserved() && !dictionary() && (single_segment() || window_fits()); }
};

bool is_acceptable_frame(byte_span frame) {
  if (frame.size() < frame_header::bytes_min) return false;
  if (!std::equal(frame_header::magic.begin(), frame_header::magic.end(), frame.begin())) return false;
  return frame_header{frame[4], frame[5]}.acceptable();
}

}  // namespace

bool looks_compressible(byte_span payload) noexcept {
  histogram counts{};
  const std::uint64_t sampled = count_sample(payload, counts);
  if (sampled < 2) return false;
  std::uint64_t coincidences = 0;
  for (const std::uint64_t count : counts) coincidences += count * (count - (count > 0));
  return coincidences * coincidence_odds > sampled * (sampled - 1);
}

compressor::compressor() = default;
compressor::~compressor() = default;
void compressor::free_context::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }

std::optional<byte_span> compressor::compress(byte_span payload) {
  if (!looks_compressible(payload)) return std::nullopt;
  if (!context_) {
    context_.reset(ZSTD_createCCtx());
    if (!context_) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, window_log);
  }
  resize_for(frame_, payload.size() - payload.size() / 8);  // Too small a place for a frame that does not pay.
  const auto bytes = ZSTD_compress2(context_.get(), frame_.data(), frame_.size(), payload.data(), payload.size());
  if (ZSTD_isError(bytes)) return std::nullopt;
  return byte_span(frame_).first(bytes);
}

decompressor::decompressor() = default;
decompressor::~decompressor() = default;
void decompressor::free_context::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

result<byte_span> decompressor::decompress(byte_span frame, std::size_t bytes_max) {
  if (!is_acceptable_frame(frame)) return error{errc::bad_payload, "not a zstd frame as the protocol wants it"};
  const auto content_bytes = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (content_bytes == ZSTD_CONTENTSIZE_ERROR || content_bytes == ZSTD_CONTENTSIZE_UNKNOWN) {
    return error{errc::bad_payload, "a zstd frame without its content's size"};
  }
  if (content_bytes > bytes_max) return error{errc::too_large, "a compressed payload above the limit"};
  if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) {
    return error{errc::bad_payload, "a zstd frame that ends elsewhere than its payload"};
  }
  if (!context_) context_.reset(ZSTD_createDCtx());
  if (!context_) throw std::bad_alloc();
  resize_for(content_, content_bytes);
  const auto bytes = ZSTD_decompressDCtx(context_.get(), content_.data(), content_.size(), frame.data(), frame.size());
  if (ZSTD_isError(bytes) || bytes != content_bytes) return error{errc::bad_payload, "a broken zstd frame"};
  return byte_span(content_);
}

}  // namespace askr::transport
