// SPDX-License-Identifier: MIT
#pragma once

/// The one boundary between a handler's exceptions and askr's errors by value.

#include <askr/handler.hpp>

#include <exception>

namespace askr {

/// The reply an exception becomes: a failure keeps its code and text; everything else is handler_failed, without text,
/// since what() of a foreign exception may say more than a stranger should read.
error error_from(std::exception_ptr thrown);

/// Runs a handler. Never throws.
result<encoding> answer_or_error(detail::handler::answer_function& answer, const command& asked, byte_buffer& out);

}  // namespace askr
