#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Prints what askr is made of, as a CycloneDX 1.5 document: the Debian packages whose code is linked or compiled in, with the
# versions of this machine. The same packages give the same bytes: there is no time and no random number in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Each with its licence by SPDX's names. What only builds or tests is not in it.
packages=(
  "libasio-dev BSL-1.0" "libmsgpack-cxx-dev BSL-1.0" "libsodium-dev ISC" "libzstd-dev BSD-3-Clause"
  "libssl-dev Apache-2.0" "libsimdjson-dev Apache-2.0" "zlib1g-dev Zlib" "libcli11-dev BSD-3-Clause"
  "libspdlog-dev MIT" "libfmt-dev MIT" "libstdc++-12-dev GPL-3.0-with-GCC-exception" "libc6-dev LGPL-2.1-or-later")

version=$(sed -n 's/^#define ASKR_VERSION "\(.*\)"$/\1/p' libaskr/include/askr/version.hpp)
distribution=$(. /etc/os-release && echo "$ID-$VERSION_ID")
architecture=$(dpkg --print-architecture)

# The characters that a package URL may not hold as they are.
encoded() { sed 's/%/%25/g; s/+/%2B/g; s/:/%3A/g' <<<"$1"; }

component() {
  local name=$1 licence=$2 found home
  found=$(dpkg-query -W -f '${Version}' "$name" 2>/dev/null) || { echo "sbom: $name is not installed" >&2; return 1; }
  home=$(dpkg-query -W -f '${Homepage}' "$name")
  local purl
  purl="pkg:deb/debian/$(encoded "$name")@$(encoded "$found")?arch=$architecture&distro=$distribution"
  printf '    {"type":"library","bom-ref":"%s","name":"%s","version":"%s",' "$purl" "$name" "$found"
  printf '"licenses":[{"expression":"%s"}],"purl":"%s"' "${licence/-with-GCC-exception/-only WITH GCC-exception-3.1}" "$purl"
  [[ -z $home ]] || printf ',"externalReferences":[{"type":"website","url":"%s"}]' "$home"
  printf '}'
}

components=
for each in "${packages[@]}"; do
  # shellcheck disable=SC2086
  made=$(component $each) || exit 1
  components+=${components:+$',\n'}$made
done
cat <<TEXT
{
  "bomFormat": "CycloneDX",
  "specVersion": "1.5",
  "version": 1,
  "metadata": {
    "component": {"type":"library","bom-ref":"askr","name":"askr","version":"$version","licenses":[{"expression":"MIT"}]}
  },
  "components": [
$components
  ]
}
TEXT
