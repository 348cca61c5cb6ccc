// SPDX-License-Identifier: MIT
// What ThreadSanitizer cannot know: libstdc++ counts the references of an exception with atomics of its own, in a
// library that is not instrumented, so the last owner's release looks like a race with an earlier owner's reading.
extern "C" const char* __tsan_default_suppressions();

extern "C" const char* __tsan_default_suppressions() {
  return "race:std::__exception_ptr::exception_ptr::_M_release\n";
}
