// SPDX-License-Identifier: MIT
#pragma once

/// zstd for payloads, one independent frame each: a context shared between messages would let lengths tell what the
/// messages have in common (CRIME, 2012). The only file that knows zstd. A node has one of each, for all its links.
/// docs/protocol.md, "Compressed payloads"; source of the format: RFC 8878.

#include <askr/bytes.hpp>
#include <askr/error.hpp>

#include <cstddef>
#include <memory>
#include <optional>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace askr::transport {

/// A cheap look at up to 4 KiB of the payload: false if its bytes are so evenly spread (encrypted, already compressed)
/// that trying would be a waste.
bool looks_compressible(byte_span payload) noexcept;

class compressor {
 public:
  compressor();
  ~compressor();

  /// The frame, valid until the next call; nothing if it would not save at least an eighth.
  std::optional<byte_span> compress(byte_span payload);

 private:
  struct free_context {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };

  std::unique_ptr<ZSTD_CCtx_s, free_context> context_;  ///< Made at the first use.
  byte_buffer frame_;
};

class decompressor {
 public:
  decompressor();
  ~decompressor();

  /// What the frame holds, valid until the next call. `frame` must be exactly one frame that says its content's size,
  /// with a window of at most 1 MiB and no dictionary: else errc::bad_payload. The size is compared with `bytes_max`
  /// before anything is allocated: errc::too_large.
  result<byte_span> decompress(byte_span frame, std::size_t bytes_max);

 private:
  struct free_context {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };

  std::unique_ptr<ZSTD_DCtx_s, free_context> context_;  ///< Made at the first use.
  byte_buffer content_;
};

}  // namespace askr::transport
