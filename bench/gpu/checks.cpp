// SPDX-License-Identifier: MIT
#include "bench/gpu/checks.h"

#include <kindling/kindling.h>

#include "bench/kindling_step.h"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace kindling::bench {
namespace {

using Bits = std::vector<float>;

Bits bits_of(const std::vector<Tensor>& tensors) {
  Bits bits;
  for (const Tensor& tensor : tensors) {
    const std::vector<float> values = tensor.to_vector<float>();
    bits.insert(bits.end(), values.begin(), values.end());
  }
  return bits;
}

bool equal(const Bits& a, const Bits& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class Checks {
 public:
  /// The bits of the first run, which all runs should have.
  Bits repeat(const std::string& what, int runs, const std::function<Bits()>& run) {
    Bits first = run();
    bool same = !first.empty();
    for (int i = 1; i < runs; ++i) same = equal(first, run()) && same;
    note(message(what, ": the same bits in ", runs, " runs"), same);
    return first;
  }
  void note(const std::string& what, bool holds) {
    std::printf("%-72s %s\n", what.c_str(), holds ? "yes" : "NO");
    std::fflush(stdout);
    failed_ += holds ? 0 : 1;
  }
  int failed() const { return failed_; }

 private:
  int failed_ = 0;
};

void check_ops(Checks& checks, bool small) {
  const std::int64_t rows = small ? 64 : 8192;
  const std::int64_t columns = small ? 40 : 1000;
  const int runs = small ? 2 : 20;
  manual_seed(1);
  const Tensor x = randn({rows, columns}, {.requires_grad = true});
  const Tensor y = randn({rows, columns});
  const Tensor classes = zeros({rows});
  checks.repeat("sums of all, of rows, of columns", runs, [&] {
    return bits_of({sum(x), sum(x, 1), sum(x, 0)});
  });
  checks.repeat("softmax", runs, [&] { return bits_of({softmax(x, 1)}); });
  const auto with_gradient = [&](const auto& loss) {
    const Tensor leaf = x.detach().clone().set_requires_grad(true);
    const Tensor value = loss(leaf);
    value.backward();
    return bits_of({value, leaf.grad()});
  };
  checks.repeat("cross entropy and its gradient", runs, [&] {
    return with_gradient([&](const Tensor& leaf) { return nn::cross_entropy_loss(leaf, classes); });
  });
  checks.repeat("mean squared error and its gradient", runs, [&] {
    return with_gradient([&](const Tensor& leaf) { return nn::mse_loss(leaf, y); });
  });
  for (const std::int64_t size : small ? std::vector<std::int64_t>{16, 128}
                                       : std::vector<std::int64_t>{16, 128, 1000, 1024, 4096}) {
    const Tensor input = randn({size, size}, {.requires_grad = true});
    const Tensor output_gradient = randn({size, size});
    const nn::Linear linear(size, size);
    checks.repeat(message("Linear ", size, " and its three gradients"), runs, [&] {
      linear.zero_grad();
      const Tensor leaf = input.detach().clone().set_requires_grad(true);
      const Tensor output = relu(linear(leaf));
      output.backward(output_gradient);
      return bits_of({output, leaf.grad(), linear.weight.grad(), linear.bias.grad()});
    });
  }
}

template <class Step>
Bits train(const Work& work, int steps) {
  Step step(work);
  for (int i = 0; i < steps; ++i) step.run();
  return bits_of(step.parameters());
}

// Large enough for cuBLASLt, with rows that are no whole number of its tiles.
Work work_with_library_products() {
  return {"of 128-200-96", {128, 200, 96}, 130, Update::adam, 1e-3};
}

void check_trainings(Checks& checks, bool small) {
  const int runs = small ? 2 : 5;
  std::vector<Work> trained = works();
  if (small) trained.resize(2);
  trained.push_back(work_with_library_products());
  for (Work work : trained) {
    if (work.update == Update::adam) work.learning_rate = 1e-3;
    const int steps = small ? 3 : 100;
    const std::string what = message("training ", work.name, ", ", steps, " steps, ");
    const Bits eager =
        checks.repeat(what + "eager", runs, [&] { return train<EagerStep>(work, steps); });
    const Bits captured =
        checks.repeat(what + "captured", runs, [&] { return train<CapturedStep>(work, steps); });
    checks.note(what + "captured = eager", equal(eager, captured));
  }
}

}  // namespace

int print_bit_checks(bool small) {
  std::printf("\nBits\n");
  Checks checks;
  check_ops(checks, small);
  check_trainings(checks, small);
  return checks.failed();
}

}  // namespace kindling::bench
