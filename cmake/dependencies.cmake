# SPDX-License-Identifier: MIT
# Every third-party package of the library, in one place. All are Debian 12 packages: tools/setup.sh installs them.
# cmake/askrConfig.cmake.in finds the same ones for a consumer of the installed static library.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(simdjson REQUIRED)
pkg_check_modules(askr_sodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(askr_zstd REQUIRED IMPORTED_TARGET libzstd>=1.4.0)

# Headers only, used by public headers: they must lie where the compiler looks by itself.
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
find_path(MSGPACK_INCLUDE_DIR msgpack.hpp REQUIRED)
mark_as_advanced(ASIO_INCLUDE_DIR MSGPACK_INCLUDE_DIR)

set(askr_private_dependencies
  PkgConfig::askr_sodium PkgConfig::askr_zstd OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB simdjson::simdjson)
