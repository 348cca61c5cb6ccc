#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main job, to be watched: three nodes on this machine find each other, and a client connected to one of them uses a
# service on another. `--once`: ends after the client's part, exit 0 only if every step was really seen.
# `--bin FOLDER`: uses programs that are built already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

once=false
bin=
while [[ $# -gt 0 ]]; do
  case $1 in
    --once) once=true ;;
    --bin) bin=${2:?--bin needs a folder}; shift ;;
    *) echo "usage: tools/demo.sh [--once] [--bin FOLDER]" >&2; exit 2 ;;
  esac
  shift
done

pids=()
work=$(mktemp -d)
export XDG_CONFIG_HOME=$work/config  # The nodes' secret on loopback lives and ends with the demo.
cleanup() {
  trap - EXIT INT TERM
  if [[ ${#pids[@]} -gt 0 ]]; then
    kill "${pids[@]}" 2>/dev/null || true
    until_true 5 all_ended || kill -KILL "${pids[@]}" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'echo; say "stopping"; exit 130' INT
trap 'exit 143' TERM

say() { printf '%s\n' "$*"; }
step() { printf '\n* %s\n' "$*"; }
fail() {
  say "FAILED: $*" >&2
  local log
  for log in "$work"/*.log; do
    [[ ! -s $log ]] || { say "--- ${log##*/}"; tail -n 20 "$log"; } >&2
  done
  exit 1
}

build() {
  tools/setup.sh --build-only
  say "building (log: build/demo.log)"
  mkdir -p build
  if ! { { [[ -f build/release/build.ninja ]] || cmake --preset release -DASKR_BUILD_TESTS=OFF -DASKR_BUILD_BENCH=OFF; } &&
    cmake --build --preset release --target programs; } >build/demo.log 2>&1; then
    tail -n 40 build/demo.log >&2
    say "FAILED: askr does not build" >&2
    exit 1
  fi
  bin=build/release/bin
}

# until_true SECONDS COMMAND...: asks every 50 ms.
until_true() {
  local tries=$(($1 * 20))
  shift
  until "$@"; do
    ((tries-- > 0)) || return 1
    sleep 0.05
  done
}

all_ended() { ! kill -0 "${pids[@]}" 2>/dev/null; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$2" | head -n 1; }

# start NAME PROGRAM ARGUMENTS...: a node process; its first line of JSON says that clients can connect, and where.
declare -A pid_of url_of full_name_of
start() {
  local name=$1
  shift
  "$@" --name "$name" --workspace "$workspace" "${port[@]}" --json >"$work/$name.out" 2>"$work/$name.log" &
  pid_of[$name]=$!
  pids+=($!)
}
is_ready() { [[ -s $work/$1.out ]] && grep -q '"event":"ready"' "$work/$1.out" || ! kill -0 "${pid_of[$1]}" 2>/dev/null; }
await_ready() {
  local name=$1 line
  until_true 10 is_ready "$name" || fail "$name was not ready within 10 s"
  line=$(grep -m 1 '"event":"ready"' "$work/$name.out") || fail "$name ended before it was ready"
  url_of[$name]=$(field url "$line")
  full_name_of[$name]=$(field name "$line")
  [[ -n ${url_of[$name]} ]] || fail "$name did not say its URL"
  say "  $name is ${full_name_of[$name]}, process ${pid_of[$name]}, at ${url_of[$name]}"
}

# ask NODE ARGUMENTS...: the CLI as a client of that node.
ask() {
  local name=$1
  shift
  timeout 15 "$bin/askr" --url "${url_of[$name]}" "$@"
}
names_seen_by() { ask "$1" nodes --json 2>>"$work/client.log" | sed -n 's/.*"name":"\([^"]*\)".*/\1/p' | sort | tr '\n' ' '; }
sees_all() {
  local seen name
  seen=$(names_seen_by "$1")
  for name in "${!full_name_of[@]}"; do
    [[ " $seen" == *" ${full_name_of[$name]} "* ]] || return 1
  done
}

# links_of NODE: the links it has logged, "NAME dialed" or "NAME accepted".
links_of() { cat "$work/$1".{out,log} | sed -n 's/.*link: up name=\([^ "]*\) \(dialed\|accepted\).*/\1 \2/p'; }
linked_to_all() { [[ $(links_of "$1" | cut -d ' ' -f 1 | sort -u | wc -l) -ge 2 ]]; }
tell_links() {
  local other way
  while read -r other way; do
    if [[ $way == dialed ]]; then
      say "  $1 heard $other's beacon and dialled it: an encrypted link (Noise XXpsk0)"
    else
      say "  $1 was heard and dialled by $other"
    fi
  done < <(links_of "$1" | sort -u)
}

# serves NODE COMMAND: as edge knows it.
serves() {
  ask edge nodes --json 2>>"$work/client.log" | grep "\"name\":\"${full_name_of[$1]}\"" | grep -q "\"commands\":\[[^]]*\"$2\""
}

nodes() {
  step "Starting three nodes of the workspace '$workspace', each a process of its own"
  start agent "$bin/example-server"
  start relay "$bin/askr" node
  start edge "$bin/askr" node
  local name
  for name in agent relay edge; do await_ready "$name"; done

  step "They find each other: nobody was told an address"
  for name in agent relay edge; do
    until_true 10 sees_all "$name" || fail "$name sees only: $(names_seen_by "$name")"
    until_true 10 linked_to_all "$name" || fail "$name is linked to: $(links_of "$name")"
    tell_links "$name"
  done
  say "  each of the three now sees all three: $(names_seen_by edge)"
}

commands() {
  local value
  step "A client connects to edge, which serves no 'fetch', and sends it"
  until_true 10 serves agent fetch || fail "edge does not know that agent serves fetch"
  ! serves edge fetch || fail "edge serves fetch itself"
  value=$(ask edge send fetch 2>>"$work/client.log") || fail "fetch: $(tail -n 1 "$work/client.log")"
  [[ $value =~ ^[0-9]+$ ]] || fail "fetch gave '$value', not a time"
  say "  edge knows from its directory that agent serves 'fetch', and passes it on over their link"
  say "  client -> edge -> agent: fetch"
  say "  agent -> edge -> client: $value ($(date -d "@$((value / 1000))" '+%H:%M:%S'))"

  step "A command that nobody serves fails at once, and says so"
  ! ask edge send no_such_command >"$work/refused.log" 2>&1 || fail "no_such_command was answered"
  grep -q 'no_such_command' "$work/refused.log" || fail "the error does not name the command"
  say "  $(head -n 1 "$work/refused.log")"
}

is_listening() { grep -q '"event":"listening"' "$work/events.out"; }
events() {
  local listener
  step "The client listens to FETCHED_TIME at edge and sends 'start'; agent emits the time each second"
  ask edge listen FETCHED_TIME --count 3 --json >"$work/events.out" 2>>"$work/client.log" &
  listener=$!
  until_true 10 is_listening || fail "the client could not listen: $(tail -n 1 "$work/client.log")"
  ask edge send start >>"$work/client.log" 2>&1 || fail "start: $(tail -n 1 "$work/client.log")"
  say "  client -> edge -> agent: start"
  wait "$listener" || fail "three events did not arrive within 15 s"
  local line count=0
  while read -r line; do
    [[ $line =~ \"payload\":([0-9]+),\"from\":\"${full_name_of[agent]}\" ]] || fail "an event that agent did not emit: $line"
    say "  agent -> edge -> client: FETCHED_TIME ${BASH_REMATCH[1]}"
    count=$((count + 1))
  done < <(grep '"topic":"FETCHED_TIME"' "$work/events.out")
  [[ $count -eq 3 ]] || fail "$count events instead of 3"
  ask edge send stop >>"$work/client.log" 2>&1 || fail "stop: $(tail -n 1 "$work/client.log")"
  say "  client -> edge -> agent: stop"
}

[[ -n $bin ]] || build
workspace=demo-$$
port=()
if $once; then port=(--port 0); fi  # Else the nodes take 8800 and the next free ones, so that `askr send` finds one.
nodes
commands
events

step "Every step was seen"
$once && exit 0
say "The nodes keep running until Ctrl-C. Try:"
say "  $bin/askr --url ${url_of[edge]} nodes"
say "  $bin/askr --url ${url_of[edge]} listen FETCHED_TIME"
say "  $bin/askr --url ${url_of[relay]} send start"
wait -n "${pids[@]}" || true
fail "a node ended"
