// SPDX-License-Identifier: MIT
#include "tests/core/saving/fuzz/targets.h"

#include <kindling/core/safetensors.h>
#include <kindling/kindling.h>

#include "tests/support/demand.h"
#include "tests/support/temp_folder.h"

#include <algorithm>
#include <cstdint>

namespace kindling::test {
namespace {

/// Small objects of every kind that save() knows.
struct FuzzedRun {
  nn::Sequential model{nn::Linear(2, 2), nn::ReLU(), nn::Linear(2, 1)};
  optim::Adam optimizer{{{model.parameters(), {.lr = 0.5}}}};
  schedulers::StepLR scheduler{optimizer, {.step_size = 3}};
  schedulers::ReduceLROnPlateau plateau{optimizer};
  DataLoader<1> loader{{arange(10)}, {.batch_size = 3, .shuffle = true}};
  Generator random{5};
  TempFolder folder;

  std::vector<std::vector<double>> values() const {
    std::vector<std::vector<double>> all;
    for (const StateDict& state :
         {model.state_dict(), optimizer.state_dict(), scheduler.state_dict(), plateau.state_dict(),
          loader.state_dict(), random.state_dict()}) {
      for (const auto& [name, value] : state) all.push_back(value.to_vector<double>());
    }
    return all;
  }
};

FuzzedRun& fuzzed_run() {
  static FuzzedRun run;
  return run;
}

bool same_values(const std::vector<std::vector<double>>& a,
                 const std::vector<std::vector<double>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](double left, double right) {
      return left == right || (left != left && right != right);
    });
  });
}

}  // namespace

bool feed_safetensors(std::string_view bytes) {
  std::uint64_t data_bytes = 0;
  const std::size_t length = std::min(bytes.size(), sizeof data_bytes);
  std::copy_n(bytes.data(), length, reinterpret_cast<char*>(&data_bytes));
  try {
    const detail::SafetensorsHeader header =
        detail::parse_safetensors_header(bytes.substr(length), data_bytes);
    std::uint64_t sum = 0;
    for (const detail::TensorEntry& entry : header.tensors) {
      demand(entry.begin <= entry.end && entry.end <= data_bytes);
      sum += entry.end - entry.begin;
    }
    demand(sum == data_bytes);
    return true;
  } catch (const FileError&) {
    return false;
  }
}

bool feed_state_dict(std::string_view bytes) {
  FuzzedRun& run = fuzzed_run();
  const std::vector<std::vector<double>> before = run.values();
  write_file(run.folder / "fed", std::string(bytes));
  try {
    load(run.folder / "fed", run.model, run.optimizer, run.scheduler, run.plateau, run.loader,
         run.random);
  } catch (const FileError&) {
    demand(same_values(run.values(), before));
    return false;
  }
  run.optimizer.zero_grad();
  run.model(ones({1, 2})).backward();
  run.optimizer.step();
  run.scheduler.step();
  (void)run.loader.next();
  return true;
}

std::string whole_state_dict() {
  const FuzzedRun run;
  save(run.folder / "whole", run.model, run.optimizer, run.scheduler, run.plateau, run.loader,
       run.random);
  return read_file(run.folder / "whole");
}

}  // namespace kindling::test
