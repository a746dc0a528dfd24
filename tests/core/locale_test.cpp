// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/foreign_locale.h"

#include <sstream>

namespace kindling::test {
namespace {

// As a stream made under the program's locale prints it.
template <class T>
std::string streamed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

TEST(Locale, DoesNotChangeWhatIsPrinted) {
  expect_locale_free([] {
    return std::vector<std::string>{
        streamed(Shape(1234567, 1000)), streamed(DType::float32),
        streamed(Device::cuda(1234)),   streamed(tensor({1234.5, 0.25, -1e9, 1e-9})),
        streamed(zeros({0, 123456})),   message(1234567, ' ', 1234.5)};
  });
}

TEST(Locale, DoesNotChangeErrors) {
  expect_locale_free([] {
    std::vector<std::string> texts;
    for (const auto& wrong : std::initializer_list<std::function<void()>>{
             [] { zeros({1000}) + zeros({2000}); }, [] { nn::HuberLoss({.delta = -1234.5}); },
             [] { zeros({1000}).reshape({1001}); }}) {
      try {
        wrong();
      } catch (const Error& error) {
        texts.emplace_back(error.what());
      }
    }
    return texts;
  });
}

TEST(Locale, DoesNotChangeSchedules) {
  expect_locale_free([] {
    return streamed(
        schedulers::warmup(1500).then(schedulers::cosine({.T_max = 12000, .eta_min = 0.125})));
  });
}

// Entry 1000 of an optimizer's state, and module 1000 of a Sequential, keep their names.
TEST(Locale, DoesNotChangeTheNamesOfStates) {
  const auto names = [] {
    nn::Sequential model;
    for (int i = 0; i < 1002; ++i) model.push_back(nn::Linear(1, 1, {.bias = false}));
    const optim::SGD optimizer(model.parameters(), {.lr = 0.1, .momentum = 0.9});
    std::vector<std::string> found;
    for (const StateDict& state : {model.state_dict(), optimizer.state_dict()}) {
      for (const auto& [name, value] : state) found.push_back(name);
    }
    return found;
  };
  expect_locale_free(names);
}

TEST(Locale, LoadsWhatAnotherSaved) {
  std::vector<Tensor> weights(1002);
  for (Tensor& weight : weights) weight = zeros({1}, {.requires_grad = true});
  optim::SGD optimizer(weights, {.lr = 0.1, .momentum = 0.9});
  const StateDict state = optimizer.state_dict();
  const ForeignLocale foreign;
  optimizer.load_state_dict(state);
}

}  // namespace
}  // namespace kindling::test
