#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what askr needs on Debian 12: only Debian's own packages, and only those that are missing.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: tools/setup.sh [--build-only] [--tests] [--fuzz] [--rivals]
  (nothing)     compiler, CMake, libraries, and what the unit tests need
  --build-only  only what library, CLI and examples need
  --tests       also Chromium, and Node.js unless an npm is there already
  --fuzz        also clang with libFuzzer
  --rivals      also what askr-bench compares askr with: libraries, nats-server, and npm packages in bench/rivals
TEXT
}

build=(g++ cmake ninja-build pkg-config ca-certificates libasio-dev libmsgpack-cxx-dev libsodium-dev libzstd-dev
  libssl-dev libsimdjson-dev zlib1g-dev libcli11-dev libspdlog-dev)
develop=(iproute2 procps valgrind libboost-test-dev libbenchmark-dev python3 python3-websockets curl openssl)

want=("${build[@]}" "${develop[@]}")
rivals=(libzmq3-dev libnats-dev nats-server libnng-dev cyclonedds-dev cyclonedds-tools libwebsocketpp-dev)

want_npm=false
want_rivals=false
for option in "$@"; do
  case $option in
    --build-only) want=("${build[@]}") ;;
    --tests)
      command -v chromium >/dev/null || want+=(chromium)
      command -v npm >/dev/null || want_npm=true
      ;;
    --rivals)
      want+=("${rivals[@]}")
      command -v npm >/dev/null || want_npm=true
      want_rivals=true
      ;;
    --fuzz) want+=(clang libclang-rt-14-dev) ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${want[@]}" 2>/dev/null |
  sed -n 's/ installed$//p') || true
missing=()
for package in "${want[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
quiet_nats() {  # Debian starts it as a service on all addresses; askr-bench starts its own on loopback.
  [[ $want_rivals == false || ! -d /run/systemd/system ]] || "${as_root[@]}" systemctl disable --now nats-server
}
npm_rivals() {
  $want_rivals || return 0
  cd "$(dirname "${BASH_SOURCE[0]}")/../bench/rivals"
  npm ci --no-audit --no-fund --ignore-scripts --loglevel error
}
if [[ ${#missing[@]} -eq 0 && $want_npm == false ]]; then
  npm_rivals
  echo "setup: everything is installed already"
  exit 0
fi

as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: needs root to install: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@"; }

apt update
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "setup: installing ${missing[*]}"
  apt install -y --no-install-recommends "${missing[@]}"
  quiet_nats
fi
if $want_npm; then  # In a call of its own: a Node.js that did not come from Debian may conflict with it.
  echo "setup: installing nodejs npm"
  apt install -y --no-install-recommends nodejs npm
fi
npm_rivals
echo "setup: done"
