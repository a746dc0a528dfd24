// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/log.h>
#include <kindling/core/safetensors.h>
#include <kindling/core/save.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

namespace kindling {
namespace {

constexpr std::string_view kPrefix = "checkpoint-";
constexpr std::string_view kSuffix = ".safetensors";

std::string name_of(std::int64_t step) { return message(kPrefix, step, kSuffix); }

/// Those of a folder, the highest step first; none where there is no folder.
std::vector<Checkpoint> checkpoints_in(const char* op, const std::filesystem::path& folder) {
  std::vector<Checkpoint> found;
  std::error_code error;
  std::filesystem::directory_iterator files(folder, error);
  if (error == std::errc::no_such_file_or_directory) return found;
  for (; !error && files != std::filesystem::directory_iterator(); files.increment(error)) {
    const std::string name = files->path().filename().string();
    std::int64_t step = 0;
    if (!name.starts_with(kPrefix)) continue;
    const char* const digits = name.data() + kPrefix.size();
    std::from_chars(digits, name.data() + name.size(), step);
    if (step >= 0 && name == name_of(step)) found.push_back({files->path(), step});
  }
  if (error) throw FileError(message(op, ": folder \"", folder.string(), "\": ", error.message()));
  std::sort(found.begin(), found.end(),
            [](const Checkpoint& a, const Checkpoint& b) { return a.step > b.step; });
  return found;
}

}  // namespace

std::filesystem::path detail::checkpoint(const std::filesystem::path& folder, std::int64_t step,
                                         std::int64_t keep,
                                         const std::vector<StatefulObject>& objects) {
  if (step < 0) throw ValueError(message("checkpoint: step ", step, ": must not be negative"));
  if (keep < 1) throw ValueError(message("checkpoint: keep ", keep, ": must be at least 1"));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw FileError(message("checkpoint: folder \"", folder.string(), "\": ", error.message()));
  std::filesystem::path path = folder / name_of(step);
  save_as("checkpoint", path, folder / "checkpoint.tmp", objects);
  for (const Checkpoint& other : checkpoints_in("checkpoint", folder)) {
    if (other.step > step || keep-- > 0) continue;
    std::filesystem::remove(other.path, error);
    if (error) {
      throw FileError(message("checkpoint: \"", other.path.string(),
                              "\": could not be removed: ", error.message()));
    }
  }
  return path;
}

std::optional<Checkpoint> latest(const std::filesystem::path& folder) {
  for (Checkpoint& found : checkpoints_in("latest", folder)) {
    try {
      const detail::SafetensorsFile whole("latest", found.path);
      return std::move(found);
    } catch (const FileError& error) {
      detail::log(LogLevel::warning, error.what());
    }
  }
  return std::nullopt;
}

}  // namespace kindling
