// SPDX-License-Identifier: MIT
#include "demo/history.h"

#include <kindling/core/error.h>

#include "demo/figure.h"
#include "demo/number.h"

#include <algorithm>
#include <numeric>

namespace kindling::demo {

std::string history_csv(const History& history) {
  std::string text = "step,epoch,learning_rate,loss,test_loss\n";
  for (std::size_t i = 0; i < history.loss.size(); ++i) {
    const std::size_t epoch = i / history.steps_per_epoch;
    text += message(i + 1, ',', epoch + 1, ',', format_exact(history.learning_rate[i]), ',',
                    format_exact(history.loss[i]), ',');
    const bool last_of_epoch = (i + 1) % history.steps_per_epoch == 0;
    if (last_of_epoch && epoch < history.test_loss.size())
      text += format_exact(history.test_loss[epoch]);
    text += '\n';
  }
  return text;
}

std::string history_svg(const History& history, const std::string& title,
                        const std::string& subtitle) {
  std::vector<double> steps(history.loss.size());
  std::iota(steps.begin(), steps.end(), 0.0);
  std::vector<double> epoch_ends;
  for (std::size_t epoch = 1; epoch <= history.test_loss.size(); ++epoch) {
    epoch_ends.push_back(static_cast<double>(epoch * history.steps_per_epoch));
  }
  const double span = static_cast<double>(steps.size()) / 100.0;

  Panel rate{"Learning rate",
             {{.x = steps, .y = history.learning_rate, .filled = true}},
             Scale::from_zero};
  Panel loss{
      "Loss",
      {{.name = "each batch", .x = steps, .y = history.loss, .colour = 1, .faint = true},
       {.name = "training, smoothed", .x = steps, .y = smoothed(history.loss, span), .colour = 1},
       {.name = "test", .x = epoch_ends, .y = history.test_loss, .colour = 2}},
      Scale::automatic};
  return render_svg({title, subtitle, "Step", {rate, loss}});
}

}  // namespace kindling::demo
