// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "demo/checks.h"
#include "demo/columns.h"
#include "demo/csv.h"
#include "demo/figure.h"
#include "demo/history.h"
#include "demo/number.h"
#include "demo/progress.h"
#include "demo/run.h"
#include "demo/training.h"
#include "tests/support/foreign_locale.h"

#include <iostream>
#include <numeric>
#include <sstream>

namespace kindling::demo {
namespace {

TEST(DemoLocale, DoesNotChangeNumbers) {
  test::expect_locale_free([] {
    return std::vector<std::string>{format_number(1234.5),   format_number(0.00001234),
                                    format_exact(1234567.5), format_fixed(1234567.125, 2),
                                    format_count(1234567),   progress_line(0.5, "x"),
                                    at_least(1000)("-5"),    number_from(0.5, 1234.5)("1,5")};
  });
  test::expect_locale_free([] {
    return std::vector{parse_number("1.5"), parse_number("1,5"), parse_number("1.234.567"),
                       parse_number("-1.25e3")};
  });
}

TEST(DemoLocale, DoesNotChangeTables) {
  const std::string text = "a,b\n1.5,1234.25\n-2.5e3,0\n";
  test::expect_locale_free([&] { return encode(parse_csv(text, "test"), {.target = "a"}).data.x; });
  test::expect_locale_free([] {
    std::string rows = "a,b\n";
    for (int i = 0; i < 1200; ++i) rows += "1,1\n";
    try {
      encode(parse_csv(rows + "1,x\n", "test"), {.target = "a"});
    } catch (const FileError& error) {
      return std::string(error.what());
    }
    return std::string();
  });
}

TEST(DemoLocale, DoesNotChangeSchedules) {
  test::expect_locale_free([] {
    const auto made = schedulers::Schedule::parse(
        "warmup(10%) then cosine(9000.0, eta_min=0.125) for 9000", 10000);
    return std::pair(made.description(), made(1234));
  });
}

TEST(DemoLocale, DoesNotChangeFiles) {
  History history{.loss_name = "MSE", .steps_per_epoch = 500};
  for (int i = 0; i < 1500; ++i) {
    history.learning_rate.push_back(0.5 + i);
    history.loss.push_back(1234.5 / (i + 1));
  }
  history.test_loss = {3.5, 2.5, 1.5};
  test::expect_locale_free([&] { return history_svg(history, "title", "subtitle"); });
}

// What a training prints, all of it.
TEST(DemoLocale, DoesNotChangeATraining) {
  test::expect_locale_free([] {
    std::string text = "x,y\n";
    for (int i = 0; i < 1300; ++i) {
      text += format_exact(i / 1300.0) + ',' + format_exact(i / 650.0) + '\n';
    }
    std::ostringstream out;
    std::streambuf* const previous = std::cout.rdbuf(out.rdbuf());
    const std::locale imbued = std::cout.imbue(std::locale());
    TrainingOptions options;
    options.lr = 0.0125;
    options.weight_decay = 0.25;
    options.epochs = 2;
    options.batch_size = 1000;
    options.hidden = {3};
    options.device = "cpu";
    const Dataset data = encode(parse_csv(text, "test"), {.target = "y"}).data;
    prepare(options);
    const Split parts = split(data, 0.2, 0);
    train(regression_task("test", parts, recipe_of(parts.train), options), options);
    std::cout.imbue(imbued);
    std::cout.rdbuf(previous);
    return out.str();
  });
}

}  // namespace
}  // namespace kindling::demo
