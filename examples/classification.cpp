// SPDX-License-Identifier: MIT
// Three noisy spirals told apart: classes, a split of the data, train() and eval(), accuracy.
#include <kindling/kindling.h>

#include <cmath>
#include <cstdio>

using namespace kindling;

// The share of rows whose largest logit is that of their class.
double accuracy(const nn::Module& model, const Tensor& x, const Tensor& classes) {
  const NoGradGuard no_grad;
  return (argmax(model(x), 1) == classes).to(float32).mean().item();
}

int main() {
  manual_seed(2);
  const std::int64_t points = 300;
  std::vector<Tensor> arms, labels;
  for (int arm = 0; arm < 3; ++arm) {
    const Tensor radius = linspace(0.05, 1, points);
    const Tensor angle = radius * 5 + arm * 2.0944 + randn({points}) * 0.12;
    arms.push_back(stack({radius * cos(angle), radius * sin(angle)}, 1));
    labels.push_back(full({points}, arm, {.dtype = int64}));
  }
  const auto [training, test] = random_split({cat(arms), cat(labels)}, {0.8, 0.2});

  nn::Sequential model(nn::Linear(2, 64), nn::ReLU(), nn::Dropout(0.1), nn::Linear(64, 64),
                       nn::ReLU(), nn::Linear(64, 3));
  optim::AdamW optimizer(model.parameters(), {.lr = 1e-2});
  const DataLoader loader(training, {.batch_size = 60, .shuffle = true});
  schedulers::OneCycleLR scheduler(optimizer, {.max_lr = 1e-2, .total_steps = 60 * loader.size()});

  for (int epoch = 0; epoch < 60; ++epoch) {
    model.train();
    for (const auto& [x, classes] : loader) {
      optimizer.zero_grad();
      nn::cross_entropy_loss(model(x), classes).backward();
      optimizer.step();
      scheduler.step();
    }
    model.eval();
    if (epoch % 15 == 14)
      std::printf("epoch %2d: accuracy %.3f\n", epoch + 1, accuracy(model, test[0], test[1]));
  }
}
