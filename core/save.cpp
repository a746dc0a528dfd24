// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/recorder.h>
#include <kindling/core/safetensors.h>
#include <kindling/core/save.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace kindling::detail {
namespace {

constexpr const char* kSections = "kindling";  // the metadata that lists them

constexpr const char* kModel = "model";  // what names no kind of its own

/// The prefix of each object's names: none for the first model, "optimizer.", "optimizer.1.", ...
std::vector<std::string> prefixes_of(const std::vector<StatefulObject>& objects) {
  std::map<std::string, int> seen;
  std::vector<std::string> prefixes;
  for (const StatefulObject& object : objects) {
    const int number = seen[object.kind]++;
    prefixes.push_back(number > 0              ? message(object.kind, ".", number, ".")
                       : object.kind == kModel ? ""
                                               : object.kind + ".");
  }
  return prefixes;
}

/// The longest of the prefixes with which a name begins.
std::string section_of(const std::string& name, const std::vector<std::string>& prefixes) {
  std::string longest;
  for (const std::string& prefix : prefixes) {
    if (prefix.size() > longest.size() && name.starts_with(prefix)) longest = prefix;
  }
  return longest;
}

std::vector<std::string> listed_in(const Metadata& metadata) {
  std::vector<std::string> prefixes;
  for (const auto& [key, value] : metadata) {
    std::istringstream list(key == kSections ? value : "");
    for (std::string prefix; list >> prefix;) prefixes.push_back(prefix);
  }
  return prefixes;
}

}  // namespace

void save_as(const char* op, const std::filesystem::path& path,
             const std::filesystem::path& unfinished, const std::vector<StatefulObject>& objects) {
  check_not_capturing(op, "it reads values on the host: call it between steps");
  const std::vector<std::string> prefixes = prefixes_of(objects);
  std::string list;
  for (const std::string& prefix : prefixes) list += (list.empty() ? "" : " ") + prefix;
  const Metadata metadata{{"format", "pt"}, {kSections, list}};

  StateDict tensors;
  const std::vector<std::string> listed = listed_in(metadata);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    for (auto& [name, tensor] : objects[i].state()) {
      std::string full = prefixes[i] + name;
      if (section_of(full, listed) != prefixes[i]) {
        throw ValueError(message(op, ": name \"", full, "\" would be read as one of \"",
                                 section_of(full, listed), "\": rename what it belongs to"));
      }
      tensors.emplace_back(std::move(full), std::move(tensor));
    }
  }
  AtomicFile file(op, path, unfinished);
  write_safetensors(file, tensors, metadata);
  file.commit();
}

void save(const std::filesystem::path& path, const std::vector<StatefulObject>& objects) {
  std::filesystem::path unfinished = path;
  unfinished += ".tmp";
  save_as("save", path, unfinished, objects);
}

void load(const std::filesystem::path& path, const std::vector<StatefulObject>& objects) {
  check_not_capturing("load", "it gives values of the host: call it between steps");
  const SafetensorsFile file("load", path);
  const std::vector<std::string> prefixes = prefixes_of(objects);
  std::vector<std::string> sections = listed_in(file.header().metadata);
  sections.insert(sections.end(), prefixes.begin(), prefixes.end());

  std::vector<StateDict> states(objects.size());
  for (const TensorEntry& entry : file.header().tensors) {
    const std::string section = section_of(entry.name, sections);
    const auto wanted = std::find(prefixes.begin(), prefixes.end(), section);
    if (wanted == prefixes.end()) continue;
    states[static_cast<std::size_t>(wanted - prefixes.begin())].emplace_back(
        entry.name.substr(section.size()), file.read(entry));
  }

  std::vector<Loading> loadings;
  try {
    for (std::size_t i = 0; i < objects.size(); ++i)
      loadings.push_back(objects[i].prepare_load(states[i]));
  } catch (...) {
    for (auto loading = loadings.rbegin(); loading != loadings.rend(); ++loading)
      if (loading->undo) loading->undo();
    try {
      throw;
    } catch (const ValueError& error) {
      file.fail(error.what());
    } catch (const ShapeError& error) {
      file.fail(error.what());
    } catch (const DTypeError& error) {
      file.fail(error.what());
    }
  }
  for (const Loading& loading : loadings)
    if (loading.take_over) loading.take_over();
}

}  // namespace kindling::detail
