#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every test, from a clean clone: release, then ASan + UBSan, then TSan for the threads. `--quick`: release only.
# Exit 0 only if every stage built and passed. ASKR_JOBS sets how many compilers run at once (default: one per CPU).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

presets=(release asan tsan)
case ${1:-} in
  "") ;;
  --quick) presets=(release) ;;
  *) echo "usage: tools/test.sh [--quick]" >&2; exit 2 ;;
esac
jobs=${ASKR_JOBS:-$(nproc)}
build_seconds_max=1500
test_seconds_max=1200
SECONDS=0
summary=()
failed=0

# TSan cannot map its shadow where addresses are too random.
with_fixed_addresses() {
  local bits
  bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)
  if [[ $bits -gt 28 ]] && setarch "$(uname -m)" -R true 2>/dev/null; then
    setarch "$(uname -m)" -R "$@"
  else
    "$@"
  fi
}

# build PRESET: quiet unless it fails.
build() {
  local log=build/$1.log
  mkdir -p build
  if timeout 120 cmake --preset "$1" >"$log" 2>&1 &&
    timeout "$build_seconds_max" cmake --build --preset "$1" --parallel "$jobs" >>"$log" 2>&1; then
    return 0
  fi
  grep -E -m 20 -A 5 'error|FAILED|Error' "$log" || tail -n 40 "$log"
  echo "The whole output is in $log"
  return 1
}

# stage PRESET: adds its closing line to the summary.
stage() {
  local started=$SECONDS built log=build/$1.ctest.log status
  echo "== $1: building"
  if ! build "$1"; then
    summary+=("$1: does not build")
    return 1
  fi
  built=$((SECONDS - started))
  echo "== $1: testing (built in $built s)"
  local run=(timeout "$test_seconds_max" ctest --preset "$1")
  [[ $1 != tsan ]] || run=(with_fixed_addresses "${run[@]}")
  "${run[@]}" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  summary+=("$1: $(grep -E 'tests passed' "$log" || echo 'no result'), built in $built s, $((SECONDS - started)) s in all")
  return "$status"
}

tools/setup.sh --tests || exit 1
for preset in "${presets[@]}"; do
  stage "$preset" || failed=1
done

echo "== summary"
printf '%s\n' "${summary[@]}"
echo "total: $((SECONDS / 60)) min $((SECONDS % 60)) s"
[[ $failed -eq 0 ]] && echo "everything passed" || echo "FAILED"
exit "$failed"
