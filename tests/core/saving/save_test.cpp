// SPDX-License-Identifier: MIT
#include <kindling/core/safetensors.h>
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

nn::Sequential small_model(double value = 0) {
  nn::Sequential model(nn::Linear(3, 2), nn::Tanh(), nn::Linear(2, 1, {.bias = false}));
  for (const Tensor& parameter : model.parameters()) parameter.detach().fill_(value);
  return model;
}

bool all_are(const nn::Module& model, double value) {
  for (const Tensor& parameter : model.parameters()) {
    for (const double element : parameter.to_vector<double>())
      if (element != value) return false;
  }
  return true;
}

std::vector<std::string> names_in(const std::filesystem::path& path) {
  std::vector<std::string> names;
  const detail::SafetensorsFile file("test", path);
  for (const detail::TensorEntry& entry : file.header().tensors) names.push_back(entry.name);
  return names;
}

/// Of a user, with what every stateful class must have, and a prefix of its own.
struct Progress {
  static constexpr const char* kStateKind = "progress";
  double best = 0;
  bool refuses = false;

  StateDict state_dict() const { return {{"best", tensor(best, {.dtype = DType::float64})}}; }
  void load_state_dict(const StateDict& state) {
    if (refuses) throw ValueError("Progress: load_state_dict: refused by the test");
    best = state.at(0).second.item();
  }
};

struct Net : nn::Module {
  explicit Net(const std::string& name) { register_module(name, nn::Linear(1, 1)); }
  Tensor forward(const Tensor& x) const override { return x; }
};

using Names = std::vector<std::string>;

TEST(Save, NamesOfAModelStandAsTheyAre) {
  const TempFolder folder;
  save(folder / "f", small_model());
  EXPECT_EQ(names_in(folder / "f"), (Names{"0.weight", "0.bias", "2.weight"}));
  EXPECT_EQ(folder.files(), 1u);
}

TEST(Save, OthersHaveThePrefixOfTheirKindAndNumber) {
  const TempFolder folder;
  const nn::Linear first(1, 1, {.bias = false});
  const nn::Linear second(1, 1, {.bias = false});
  optim::SGD one(first.parameters());
  optim::SGD two(second.parameters());
  schedulers::StepLR scheduler(one, {.step_size = 1});
  schedulers::ReduceLROnPlateau plateau(two);
  const DataLoader loader({zeros({4})});
  const Progress progress;
  save(folder / "f", first, one, second, two, scheduler, plateau, loader, default_generator(),
       progress);
  const Names names = names_in(folder / "f");
  for (const char* expected :
       {"weight", "model.1.weight", "optimizer.param_groups.0.lr", "optimizer.1.param_groups.0.lr",
        "scheduler.last_epoch", "scheduler.1.best", "loader.samples", "random.seed_high",
        "progress.best"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), expected), names.end()) << expected;
  }
}

TEST(Save, ALoadGivesAllBack) {
  const TempFolder folder;
  const auto values = [](double value) {
    struct Values {
      nn::Sequential model;
      optim::SGD optimizer;
      DataLoader<1> loader;
      Generator random;
      Progress progress;
    };
    nn::Sequential model = small_model(value);
    return Values{model, optim::SGD(model.parameters(), {.lr = value}),
                  DataLoader({zeros({4})}, {.seed = static_cast<std::uint64_t>(value)}),
                  Generator(static_cast<std::uint64_t>(value) << 33), Progress{value}};
  };
  auto saved = values(3);
  saved.loader.next();
  save(folder / "f", saved.model, saved.optimizer, saved.loader, saved.random, saved.progress);
  auto other = values(5);
  load(folder / "f", other.model, other.optimizer, other.loader, other.random, other.progress);
  EXPECT_TRUE(all_are(other.model, 3));
  EXPECT_EQ(other.optimizer.lr(), 3);
  EXPECT_EQ(other.random.seed(), std::uint64_t{3} << 33);
  EXPECT_EQ(other.progress.best, 3);
  save(folder / "again", other.model, other.optimizer, other.loader, other.random, other.progress);
  EXPECT_EQ(read_file(folder / "again"), read_file(folder / "f"));
}

TEST(Save, WhatIsNotAskedForStaysInTheFile) {
  const TempFolder folder;
  const nn::Sequential model = small_model(2);
  const optim::Adam optimizer(model.parameters());
  Progress progress{7};
  save(folder / "f", model, optimizer, progress);
  const nn::Sequential other = small_model();
  load(folder / "f", other);
  EXPECT_TRUE(all_are(other, 2));
  progress.best = 0;
  load(folder / "f", progress);
  EXPECT_EQ(progress.best, 7);
}

TEST(Save, DtypesAndDevicesAreThoseOfTheObject) {
  const TempFolder folder;
  save(folder / "f", small_model(0.5));
  const nn::Sequential wide = small_model();
  wide.to(DType::float64);
  load(folder / "f", wide);
  EXPECT_TRUE(all_are(wide, 0.5));
  EXPECT_EQ(wide.parameters()[0].dtype(), DType::float64);
  save(folder / "wide", wide);
  const OnCpu on_cpu;
  const nn::Sequential narrow = small_model();
  load(folder / "wide", narrow);
  EXPECT_TRUE(all_are(narrow, 0.5));
}

TEST(Save, BitsShapesAndNamesOfEveryKind) {
  struct Holder {
    StateDict state;
    StateDict state_dict() const { return state; }
    void load_state_dict(const StateDict& loaded) { state = loaded; }
  };
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Holder saved{{{"\"quoted\\\n\x01", tensor({1, -0.0, infinity, nan})},
                      {"", zeros({})},
                      {"\xc3\xa9\xf0\x9f\x94\xa5", zeros({0, 3})},
                      {"wide", tensor({5e-324, nan, -infinity}, {.dtype = DType::float64})},
                      {"small", tensor({{1e-45}})},
                      {"rank 8", ones({1, 2, 1, 2, 1, 2, 1, 2})},
                      {"large", rand({70001})}}};
  const TempFolder folder;
  save(folder / "f", saved);
  Holder loaded;
  load(folder / "f", loaded);
  ASSERT_EQ(loaded.state.size(), saved.state.size());
  EXPECT_EQ(loaded.state[0].first, "wide");  // so that each is aligned
  for (const auto& [name, value] : saved.state) {
    const auto found =
        std::find_if(loaded.state.begin(), loaded.state.end(),
                     [wanted = name](const auto& entry) { return entry.first == wanted; });
    ASSERT_NE(found, loaded.state.end()) << name;
    EXPECT_TRUE(same_bits(found->second, value.to(Device::cpu()))) << name;
  }
}

TEST(Save, AnEarlierFileIsReplaced) {
  const TempFolder folder;
  save(folder / "f", small_model(1));
  write_file(folder / "f.tmp", std::string(100'000, 'x'));  // of a process that was killed
  save(folder / "f", small_model(2));
  EXPECT_EQ(folder.files(), 1u);
  const nn::Sequential loaded = small_model();
  load(folder / "f", loaded);
  EXPECT_TRUE(all_are(loaded, 2));
}

/// Everything a load could change, in one string.
template <class... Objects>
std::string bytes_of(const TempFolder& folder, const Objects&... objects) {
  save(folder / "bytes", objects...);
  return read_file(folder / "bytes");
}

TEST(Load, ChangesEverythingOrNothing) {
  const TempFolder folder;
  const nn::Sequential model = small_model(1);
  optim::Adam optimizer(model.parameters(), {.lr = 0.25});
  schedulers::StepLR scheduler(optimizer, {.step_size = 2});
  DataLoader loader({zeros({10})}, {.batch_size = 3});
  Generator random(4);
  Progress progress{1};
  const std::string before =
      bytes_of(folder, model, optimizer, scheduler, loader, random, progress);

  const nn::Sequential other_model = small_model(2);
  optim::Adam other_optimizer(other_model.parameters(), {.lr = 0.5});
  schedulers::StepLR other_scheduler(other_optimizer, {.step_size = 2});
  DataLoader other_loader({zeros({10})}, {.batch_size = 3});
  other_model(ones({1, 3})).backward();
  other_optimizer.step();
  other_scheduler.step();
  other_loader.next();
  Progress other_progress{2};

  const auto expect_refused = [&](const auto& third, const std::string& why) {
    save(folder / "f", other_model, other_optimizer, other_scheduler, third, Generator(9),
         other_progress);
    expect_error<FileError>("load: \"" + (folder / "f").string() + "\": " + why, [&] {
      load(folder / "f", model, optimizer, scheduler, loader, random, progress);
      return 0;
    });
    EXPECT_EQ(bytes_of(folder, model, optimizer, scheduler, loader, random, progress), before);
    expect_error<FileError>("load: \"" + (folder / "f").string() + "\": " + why, [&] {
      load(folder / "f", progress, scheduler, optimizer, model, random, loader);
      return 0;
    });
    EXPECT_EQ(bytes_of(folder, model, optimizer, scheduler, loader, random, progress), before);
  };
  const std::string differs = "DataLoader: load_state_dict: the state is of a loader with ";
  const std::string remedy = ": make the loader with the same data and options";
  expect_refused(DataLoader({zeros({10})}, {.batch_size = 5}),
                 differs + "batch_size 5, not 3" + remedy);
  expect_refused(DataLoader({zeros({10})}, {.batch_size = 3, .shuffle = true}),
                 differs + "shuffle 1, not 0" + remedy);
  progress.refuses = true;
  expect_refused(other_loader, "Progress: load_state_dict: refused by the test");
  progress.refuses = false;
  // And the captured step goes on as if nothing had been.
  load(folder / "f", model, optimizer, scheduler, loader, random, progress);
  EXPECT_EQ(optimizer.lr(), other_optimizer.lr());
  EXPECT_EQ(progress.best, 2);
}

// The base of a schedule is in the optimizer's state, its step in the scheduler's: whether it can
// go on is found before either has changed.
TEST(Load, AScheduleStartsWhereBothStatesPutIt) {
  const TempFolder folder;
  const nn::Linear model(1, 1);
  const schedulers::Schedule schedule(
      "late", [](std::int64_t t, double base) { return t >= 3 && base != 0.5 ? -1.0 : base; });
  const auto make = [&](double lr) { return optim::SGD(model.parameters(), {.lr = lr}); };
  optim::SGD saved = make(0.5);
  schedulers::LRScheduler saved_scheduler(saved, schedule);
  Progress progress;
  for (int t = 0; t < 3; ++t) saved_scheduler.step();
  save(folder / "f", saved, saved_scheduler, progress);

  optim::SGD optimizer = make(0.25);
  schedulers::LRScheduler scheduler(optimizer, schedule);
  const auto expect_unchanged = [&] {
    EXPECT_EQ(scheduler.last_epoch(), 0);
    EXPECT_EQ(optimizer.lr(), 0.25);
    EXPECT_EQ(scheduler.lr_at(0), 0.25);
  };
  expect_error<FileError>("load: \"" + (folder / "f").string() +
                              "\": LRScheduler: learning rate -1 at t = 3 (group 0): must be "
                              "finite and not negative",
                          [&] { return load(folder / "f", scheduler), 0; });
  expect_unchanged();
  progress.refuses = true;
  EXPECT_THROW(load(folder / "f", optimizer, scheduler, progress), FileError);
  expect_unchanged();
  progress.refuses = false;
  load(folder / "f", optimizer, scheduler, progress);
  EXPECT_EQ(scheduler.last_epoch(), 3);
  EXPECT_EQ(optimizer.lr(), 0.5);
  EXPECT_EQ(scheduler.lr_at(3), 0.5);
}

TEST(Load, NamesWhatIsMissingAndWhatIsTooMuch) {
  const TempFolder folder;
  const std::string file = "load: \"" + (folder / "f").string() + "\": ";
  const std::string remedy = " unknown here: load the state of an object that was built alike";
  save(folder / "f", small_model());
  const auto load_into = [&](const auto& model) {
    return [&] { return load(folder / "f", model), 0; };
  };
  const nn::Sequential longer(nn::Linear(3, 2), nn::Tanh(), nn::Linear(2, 1));
  expect_error<FileError>(file +
                              "Module: load_state_dict: \"2.bias\" is missing: load the state "
                              "of an object that was built alike",
                          load_into(longer));
  const nn::Sequential shorter(nn::Linear(3, 2));
  expect_error<FileError>(file + "Module: load_state_dict: \"2.weight\" is" + remedy,
                          load_into(shorter));
  const nn::Sequential without(nn::Linear(3, 2, {.bias = false}));
  expect_error<FileError>(file + "Module: load_state_dict: \"0.bias\", \"2.weight\" are" + remedy,
                          load_into(without));
  const nn::Sequential nothing;
  save(folder / "f", nn::Sequential(nn::Linear(1, 1), nn::Linear(1, 1), nn::Linear(1, 1)));
  expect_error<FileError>(file +
                              "Module: load_state_dict: \"0.weight\", \"0.bias\", \"1.weight\" "
                              "and 3 more are" +
                              remedy,
                          load_into(nothing));
  const nn::Sequential wider(nn::Linear(1, 1), nn::Linear(1, 2), nn::Linear(1, 1));
  expect_error<FileError>(file +
                              "Module: load_state_dict: \"1.weight\" has shape [1, 1], not "
                              "[2, 1]: load the state of an object that was built alike",
                          load_into(wider));
}

TEST(Save, RefusesNamesThatWouldBeReadAsOthers) {
  const TempFolder folder;
  const Net net("optimizer");
  save(folder / "f", net);  // alone they are clear
  load(folder / "f", net);
  const optim::SGD optimizer(net.parameters());
  expect_error<ValueError>(
      "save: name \"optimizer.weight\" would be read as one of "
      "\"optimizer.\": rename what it belongs to",
      [&] { return save(folder / "g", net, optimizer), 0; });
  EXPECT_EQ(folder.files(), 1u);
  expect_error<ValueError>("save: name \"\xff.weight\" is not UTF-8",
                           [&] { return save(folder / "g", Net("\xff")), 0; });
  EXPECT_EQ(folder.files(), 1u);
}

TEST(Save, FailsWithAReason) {
  const TempFolder folder;
  const std::string nowhere = (folder / "no").string() + "/f";
  expect_error<FileError>("save: \"" + nowhere +
                              "\": could not be written: open: No such file or "
                              "directory: what was there before is still there",
                          [&] { return save(nowhere, small_model()), 0; });
  std::filesystem::create_directory(folder / "folder");
  EXPECT_THROW(save(folder / "folder", small_model()), FileError);
  EXPECT_EQ(folder.files(), 1u);  // no unfinished file
}

TEST(Save, IsNoPartOfACapturedStep) {
  const TempFolder folder;
  const nn::Sequential model = small_model();
  save(folder / "f", model);
  auto saving = capture([&] { save(folder / "f", model); });
  expect_error<CaptureError>(
      "save: cannot be part of a captured step: it reads values on the "
      "host: call it between steps",
      [&] { return saving(), 0; });
  auto loading = capture([&] { load(folder / "f", model); });
  expect_error<CaptureError>(
      "load: cannot be part of a captured step: it gives values of the host: call it between steps",
      [&] { return loading(), 0; });
}

}  // namespace
}  // namespace kindling::test
