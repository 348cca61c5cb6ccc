#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check.sh install|find_package|pkg_config|subdirectory SOURCE BUILD WORK VERSION: see CMakeLists.txt beside it.
# CXX, CMAKE and CXX_LAUNCHER (may be empty) come from the environment.
set -euo pipefail
mode=$1 source=$2 build=$3 work=$4 version=$5
consumer=$source/tests/package/consumer
prefix=$work/moved

fail() { printf 'package: %s\n' "$*" >&2; exit 1; }

configure() {  # configure FOLDER ARGUMENTS...: -O0, since nothing here is measured.
  local folder=$1
  shift
  "$CMAKE" -S "$consumer" -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DCMAKE_CXX_COMPILER_LAUNCHER="$CXX_LAUNCHER" "$@"
}

run_consumer() {
  local said
  said=$(timeout 20 "$1") || fail "the consumer failed: $said"
  printf '%s\n' "$said"
  [[ $said == "askr $version"* ]] || fail "expected it to say 'askr $version'"
}

install() {
  rm -rf "$work/installed" "$prefix"
  "$CMAKE" --install "$build" --prefix "$work/installed" >"$work/install.log"
  mv "$work/installed" "$prefix"
  local leaks
  leaks=$(grep -rIlF -e "$source" -e "$work/installed" "$prefix/lib" || true)
  [[ -z $leaks ]] || fail "installed files name the build's folders: $leaks"
}

find_package() {
  rm -rf "$work/find_package"
  configure "$work/find_package" -DCMAKE_PREFIX_PATH="$prefix" -DASKR_VERSION_WANTED="${version%.*}"
  "$CMAKE" --build "$work/find_package"
  run_consumer "$work/find_package/consumer"
}

pkg_config() {
  local flags pc
  pc=$(find "$prefix" -name askr.pc)
  export PKG_CONFIG_PATH=${pc%/*}
  [[ $(pkg-config --modversion askr) == "$version" ]] || fail "askr.pc has another version"
  read -ra flags <<<"$(pkg-config --cflags --libs askr)"
  "$CXX" -std=c++20 "$consumer/main.cpp" -o "$work/consumer" "${flags[@]}"
  LD_LIBRARY_PATH=${pc%/pkgconfig/*} run_consumer "$work/consumer"
}

subdirectory() {  # Kept between runs: Ninja rebuilds what changed.
  configure "$work/subdirectory" -DASKR_SOURCE_DIR="$source"
  "$CMAKE" --build "$work/subdirectory" --parallel 2
  run_consumer "$work/subdirectory/consumer"
}

mkdir -p "$work"
case $mode in
  install | find_package | pkg_config | subdirectory) "$mode" ;;
  *) fail "unknown way '$mode'" ;;
esac
