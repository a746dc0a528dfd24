// SPDX-License-Identifier: MIT
#pragma once

/// Saving objects to a file and loading them again, in the format of Python's package safetensors;
/// docs/saving.md has the whole story.
///
///     save("run.safetensors", model, optimizer, scheduler, loader, default_generator());
///     load("run.safetensors", model, optimizer, scheduler, loader, default_generator());

#include <kindling/core/api.h>
#include <kindling/core/state_dict.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kindling {

/// What can be saved: modules, optimizers, schedulers, loaders, generators, and any class with
/// these two functions. Of its load_state_dict() it is asked that it throws with nothing changed.
/// A class may give the prefix of its names: `static constexpr const char* kStateKind = "ema"`.
template <class T>
concept Stateful = requires(T& object, const StateDict& state) {
  { object.state_dict() } -> std::same_as<StateDict>;
  object.load_state_dict(state);
};

namespace detail {

/// How a load is finished, and how it is undone where it changed something at once.
struct Loading {
  TakeOver take_over;
  TakeOver undo;
};

/// A stateful object as save() and load() see it.
struct StatefulObject {
  std::string kind = "model";
  std::function<StateDict()> state;  // shares memory with the object, where it can
  std::function<Loading(const StateDict&)> prepare_load;
};

template <class T>
StatefulObject stateful_object(T& object) {
  StatefulObject seen;
  if constexpr (requires { T::kStateKind; }) seen.kind = T::kStateKind;
  seen.state = [&object] {
    if constexpr (requires { object.state_views(); }) {
      return object.state_views();
    } else {
      return object.state_dict();
    }
  };
  if constexpr (requires(const StateDict& state) { object.prepare_load(state); }) {
    seen.prepare_load = [&object](const StateDict& state) -> Loading {
      return {object.prepare_load(state), {}};
    };
  } else if constexpr (requires(const StateDict& state) { object.load_state_dict(state); }) {
    seen.prepare_load = [&object](const StateDict& state) -> Loading {
      const StateDict before = object.state_dict();
      object.load_state_dict(state);
      return {{}, [&object, before] { object.load_state_dict(before); }};
    };
  }
  return seen;
}

KINDLING_API void save(const std::filesystem::path& path,
                       const std::vector<StatefulObject>& objects);
/// The same for `op`, under a name of one's own while it is unfinished.
void save_as(const char* op, const std::filesystem::path& path,
             const std::filesystem::path& unfinished, const std::vector<StatefulObject>& objects);
KINDLING_API void load(const std::filesystem::path& path,
                       const std::vector<StatefulObject>& objects);
KINDLING_API std::filesystem::path checkpoint(const std::filesystem::path& folder,
                                              std::int64_t step, std::int64_t keep,
                                              const std::vector<StatefulObject>& objects);

}  // namespace detail

/// Writes the state of all objects to one file. A module's names stand as they are, PyTorch's;
/// those of others begin with "optimizer.", "scheduler.", "loader." or "random.". The second of a
/// kind is "optimizer.1.", a second module "model.1.", and so on in the order of the arguments.
///
/// The file appears complete or not at all: it is written as path + ".tmp", and takes the place of
/// an earlier one when it is on the disk. Tensors are written from where they are, without a copy
/// of all of them. Waits for the device. FileError; ValueError where two names would be the same;
/// CaptureError inside a capture.
template <class... Objects>
requires(sizeof...(Objects) > 0 &&
         (Stateful<Objects> && ...)) void save(const std::filesystem::path& path,
                                               const Objects&... objects) {
  detail::save(path, {detail::stateful_object(objects)...});
}

/// Gives all objects the state that a save() in the same order wrote, or changes none of them.
/// Those that are left out stay in the file: load(path, model) takes the model out of a checkpoint.
/// A name that is missing, or one too many, is an error. Every tensor goes to the device and dtype
/// of its object. FileError, naming file and name, for a file that does not fit, or is damaged in
/// any way.
template <class... Objects>
requires(sizeof...(Objects) > 0 &&
         (Stateful<Objects> && ...)) void load(const std::filesystem::path& path,
                                               Objects&... objects) {
  detail::load(path, {detail::stateful_object(objects)...});
}

/// One of a run's files.
struct Checkpoint {
  std::filesystem::path path;
  std::int64_t step = 0;
};

/// save() to a file of the folder that is named after the step, "checkpoint-1000.safetensors", and
/// returns its path. Of those with lower steps the last keep - 1 stay, the others are removed;
/// those of later steps are left alone. Makes the folder where there is none. ValueError for a step
/// below 0 or a keep below 1.
template <class... Objects>
requires(sizeof...(Objects) > 0 && (Stateful<Objects> && ...)) std::filesystem::path
    checkpoint(const std::filesystem::path& folder, std::int64_t step, std::int64_t keep,
               const Objects&... objects) {
  return detail::checkpoint(folder, step, keep, {detail::stateful_object(objects)...});
}

/// The checkpoint of the highest step in the folder, or nothing where there is none. A file that is
/// not whole (no checkpoint() leaves one) is passed over with a warning.
KINDLING_API std::optional<Checkpoint> latest(const std::filesystem::path& folder);

}  // namespace kindling
