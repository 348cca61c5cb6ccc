// SPDX-License-Identifier: MIT
// Runs one fuzz target over every file of a folder, without libFuzzer: `askr-fuzz-replay TARGET FOLDER...`.
// The build renames each target's LLVMFuzzerTestOneInput and lists the names in replay_targets.inc.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string_view>
#include <vector>

#define askr_fuzz_target(name) extern "C" int askr_fuzz_##name(const std::uint8_t* data, std::size_t size);
#include "replay_targets.inc"
#undef askr_fuzz_target

namespace {

using fuzz_function = int (*)(const std::uint8_t*, std::size_t);

struct fuzz_target {
  std::string_view name;
  fuzz_function run;
};

constexpr fuzz_target targets[] = {
#define askr_fuzz_target(name) {#name, askr_fuzz_##name},
#include "replay_targets.inc"
#undef askr_fuzz_target
    {"", nullptr},
};

fuzz_function find_target(std::string_view name) {
  for (const auto& target : targets) {
    if (target.name == name) return target.run;
  }
  return nullptr;
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::size_t replay_folder(fuzz_function run, const std::filesystem::path& folder) {
  std::size_t files = 0;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    // A heap block of exactly the input's size, so that a sanitizer sees the first byte read beyond it.
    const std::vector<std::uint8_t> input = read_file(entry.path());
    std::cout << entry.path().filename().string() << std::endl;  // Flushed: after a crash the last line names the file.
    run(input.data(), input.size());
    ++files;
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  const auto run = argc >= 3 ? find_target(argv[1]) : nullptr;
  if (run == nullptr) {
    std::cerr << "usage: askr-fuzz-replay TARGET FOLDER...\ntargets:";
    for (const auto& target : targets) std::cerr << ' ' << target.name;
    std::cerr << '\n';
    return 2;
  }
  std::size_t files = 0;
  for (int i = 2; i < argc; ++i) files += replay_folder(run, argv[i]);
  std::cout << argv[1] << ": " << files << " inputs replayed\n";
  return files > 0 ? 0 : 1;  // An empty corpus tests nothing, so it is a failure.
}
