// SPDX-License-Identifier: MIT
#include "libaskr/src/handler_errors.hpp"

namespace askr {

error error_from(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const failure& why) {
    return {static_cast<errc>(why.code().value()), why.detail()};
  } catch (...) {
    return {errc::handler_failed, "the handler threw an exception"};
  }
}

result<encoding> answer_or_error(detail::handler::answer_function& answer, const command& asked, byte_buffer& out) {
  try {
    return answer(asked, out);
  } catch (...) {
    return error_from(std::current_exception());
  }
}

}  // namespace askr
