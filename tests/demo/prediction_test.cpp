// SPDX-License-Identifier: MIT
// What --save keeps, and what predict makes of it.
#include "demo/prediction.h"

#include "demo/number.h"
#include "demo/run.h"
#include "demo/source.h"
#include "tests/demo/program.h"

#include <cmath>
#include <iostream>
#include <sstream>

namespace kindling::demo {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class Predict : public Program {
 protected:
  static std::string data(const std::string& name) {
    return std::string(KINDLING_TESTS_DIR) + "/demo/data/" + name;
  }

  // A model of the source after some steps, which is saved; its predictions for all rows of the
  // table, made by hand.
  Lines train_and_predict(const Source& source, const ColumnOptions& columns, double scale = 0) {
    const TrainingOptions options{.hidden = {8}, .batch_size = 8, .device = "cpu"};
    prepare(options);
    std::ostringstream ignored;
    std::streambuf* const out = std::cout.rdbuf(ignored.rdbuf());
    const Task task = make_task(source, options);
    std::cout.rdbuf(out);
    demo::Run training(task, options, schedulers::constant({.factor = 1}));
    for (int step = 0; step < 20; ++step) training.step();
    save_model((folder_ / "model").string(), task.recipe, training.model());

    const Dataset all = encode(read_table(source.name, source.format), columns).data;
    const Dataset train = split(all, options.test_fraction, options.seed).train;
    const std::vector<double> fill = column_means(train.x, train.width());
    Standardizer inputs(filled(train.x, fill), train.width());
    if (scale > 0) inputs = {std::vector(train.width(), 0.0), std::vector(train.width(), scale)};
    const NoGradGuard no_grad;
    const Tensor x = from_data(inputs.apply(filled(all.x, fill)), {all.rows(), all.width()},
                               {.device = Device::cpu()});
    const Tensor outputs = training.model()(x.to(DType::float32));
    Lines lines;
    if (all.classes.empty()) {
      for (const double y : Standardizer(train.y, 1).undo(outputs.to_vector<double>()))
        lines.push_back(format_exact(y));
      return lines;
    }
    const std::vector<double> labels = argmax(outputs, 1).to_vector<double>();
    const Tensor shares = source.loss == "mse" ? outputs : softmax(outputs, 1);
    const std::vector<double> probabilities = shares.to_vector<double>();
    for (std::size_t row = 0; row < labels.size(); ++row) {
      lines.push_back(all.classes[static_cast<std::size_t>(labels[row])]);
      for (std::size_t i = 0; i < all.classes.size(); ++i)
        lines.back() += ',' + format_exact(probabilities[row * all.classes.size() + i]);
    }
    return lines;
  }

  // Without the line of names.
  Lines predicted(const std::string& arguments) const {
    const Outcome outcome = run("predict model --device cpu " + arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    Lines lines = lines_of(outcome.out);
    if (!lines.empty()) lines.erase(lines.begin());
    return lines;
  }
};

TEST_F(Predict, AQuantityFromWordsAndFilledValues) {
  const Source source{.name = data("penguins.csv"), .columns = {.target = "body_mass_g"}};
  const Lines expected = train_and_predict(source, source.columns);
  // Two rows without a target are predicted, too, though nothing was learned from them.
  Lines lines = predicted("'" + source.name + "'");
  ASSERT_EQ(lines.size(), 42U);
  const CsvTable table = read_csv(source.name);
  for (std::size_t row = table.rows(); row-- > 0;) {
    if (table.at(row, 5).text == "NA")
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(row));
  }
  ASSERT_EQ(lines.size(), 40U);
  EXPECT_EQ(lines, expected);
}

TEST_F(Predict, TextLabelsFromColumnsInAnyOrder) {
  const Source source{.name = data("penguins.csv"),
                      .columns = {.target = "species", .classify = true}};
  const Lines expected = train_and_predict(source, source.columns);
  EXPECT_EQ(predicted("'" + source.name + "'"), expected);
  // The columns the other way round, one more, and no target.
  const CsvTable table = read_csv(source.name);
  std::string turned;
  for (std::size_t column = table.columns.size(); column-- > 1;)
    turned += table.columns[column] + (column > 1 ? ";" : ";more\n");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t column = table.columns.size(); column-- > 1;)
      turned += table.at(row, column).text + (column > 1 ? ";" : ";x\n");
  }
  write("turned.csv", turned);
  EXPECT_EQ(predicted("turned.csv"), expected);
  EXPECT_EQ(shell("$TRAIN predict model - <turned.csv").out, run("predict model turned.csv").out);
}

TEST_F(Predict, TheDataSetsOfTheProgram) {
  const Lines patients = train_and_predict({.name = "diabetes"}, {.target = "target"});
  EXPECT_EQ(patients.size(), 442U);
  EXPECT_EQ(predicted("diabetes"), patients);
  for (const char* loss : {"cross_entropy", "mse"}) {
    const Lines digits = train_and_predict({.name = "digits", .loss = loss},
                                           {.target = "label", .classify = true}, 16);
    EXPECT_EQ(digits.size(), 1797U);
    EXPECT_EQ(predicted("digits"), digits);
  }
}

TEST_F(Predict, AnotherFormatThanThatOfTheTraining) {
  write("train.csv", "a,c,y\n1.5,u,1\n2.5,v,2\n3,u,3\n4,v,4\n?,u,5\n");
  ASSERT_EQ(
      run("csv train.csv --target y --epochs 2 --batch-size 2 --device cpu --save model").status,
      0);
  const Lines expected = predicted("train.csv");
  write("other.csv", "u|1,5\nv|2,5\nu|3\nv|4\nu|none\n");
  EXPECT_EQ(predicted("other.csv --separator '|' --decimal , --names c,a --na none"), expected);
}

TEST_F(Predict, AModelOfACheckpoint) {
  const std::string train = "diabetes --epochs 2 --checkpoint folder --save model";
  ASSERT_EQ(run(train).status, 0);
  EXPECT_EQ(run("predict folder/checkpoint-22.safetensors diabetes").out,
            run("predict model diabetes").out);
}

TEST_F(Predict, TheTutorialsModel) {
  ASSERT_EQ(run("tutorial --device cpu --save model").status, 0);
  write("zeros.csv", "x0,x1,x2,x3,x4,x5,x6,x7,x8,x9\n0,0,0,0,0,0,0,0,0,0\n");
  nn::Linear model(10, 1);
  const nn::Sequential same(model);
  load((folder_ / "model").string(), same);
  EXPECT_EQ(predicted("zeros.csv"), Lines{format_exact(model.parameters()[1].item())});
}

TEST_F(Predict, SaysHowGoodItIs) {
  write("train.csv", "a,y\n1,5\n2,5\n30,7\n31,7\n32,7\n1,5\n30,7\n2,5\n");
  ASSERT_EQ(run("csv train.csv --target y --classify --lr 1 --device cpu --save model").status, 0);
  // A label is what it is however it is written; one that is unknown is wrong; none is not counted.
  write("new.csv", "y,a\n5.0,1\n7,30\n5,31\n9,1\n?,1\n");
  const Outcome classes = run("predict model new.csv --out out.csv");
  EXPECT_EQ(classes.out, "5 predictions of y: Accuracy 50.0 % (2 of 4)\n");
  EXPECT_EQ(lines_of(read("out.csv"))[0], "y,y=5,y=7");
  EXPECT_EQ(run("predict model new.csv").err, classes.out);

  ASSERT_EQ(run("csv train.csv --target y --hidden 4 --device cpu --save model").status, 0);
  const Lines values = predicted("train.csv");
  const std::string report = run("predict model train.csv --out out.csv").out;
  const Lines wanted{"5", "5", "7", "7", "7", "5", "7", "5"};
  double squares = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    squares += std::pow(std::stod(values.at(i)) - std::stod(wanted[i]), 2) / 8;
  EXPECT_TRUE(report.starts_with("8 predictions of y: RMSE " + format_short(std::sqrt(squares))))
      << report;
}

TEST_F(Predict, QuotesLabels) {
  write("train.csv", "a;y\n1;\"p,q\"\n2;\"p,q\"\n3;\"\"\"r\"\"\"\n4;\"\"\"r\"\"\"\n5;\"p,q\"\n");
  ASSERT_EQ(run("csv train.csv --target y --classify --device cpu --save model").status, 0);
  const CsvTable table = parse_csv(run("predict model train.csv").out, "out");
  EXPECT_EQ(table.columns, (Lines{"y", "y=\"r\"", "y=p,q"}));
  EXPECT_EQ(table.rows(), 5U);
}

TEST_F(Predict, RefusesWhatTheModelCannotTake) {
  write("train.csv", "island,mass,y\nBiscoe,1.5,1\nDream,2,2\nTorgersen,3,3\nDream,4,4\n?,2,5\n");
  const std::string train = "csv train.csv --target y --epochs 2 --test-fraction 0.3 --device cpu ";
  ASSERT_EQ(run(train + "--save model").status, 0);
  ASSERT_EQ(run(train + "--missing drop --save whole").status, 0);
  write("column.csv", "isle,mas,y\nDream,1,1\n");
  write("word.csv", "island,mass\nDream,1\nDreem,2\n");
  write("number.csv", "island,mass\nDream,heavy\n");
  write("comma.csv", "island;mass\nDream;1,5\n");
  write("missing.csv", "island,mass\n,1\n");
  write("target.csv", "island,mass,y\nDream,1,much\n");
  const struct {
    const char* arguments;
    const char* error;
  } cases[] = {
      {"model column.csv",
       "csv: column.csv has no column 'island', from which the model predicts: it has isle, mas, "
       "y\n"},
      {"model word.csv",
       "csv: word.csv:3:1: column 'island' holds 'Dreem', which is none of its 3 words in the "
       "training: did you mean 'Dream'? (--unknown none takes it for none of them)\n"},
      {"model number.csv",
       "csv: number.csv:2:7: column 'mass' holds 'heavy', where the model was trained on numbers: "
       "correct it, or give --na 'heavy' if it stands for a missing value\n"},
      {"model comma.csv",
       "csv: comma.csv:2:7: column 'mass' holds '1,5', where the model was trained on numbers: "
       "give --decimal ,\n"},
      {"whole missing.csv",
       "csv: missing.csv:2:1: column 'island' has no value here, and the model was trained on rows "
       "that had all: give one, or train it with --missing mean\n"},
      {"model target.csv",
       "csv: target.csv:2:9: column 'y' holds 'much', where the model predicts numbers: correct "
       "it, or leave the column out\n"},
      {"none word.csv", "load: \"none\": could not be opened: No such file or directory\n"},
      {"train.csv word.csv", "load: \"train.csv\": header: its length is given as "},
      {"model none.csv", "csv: cannot read none.csv: No such file or directory\n"},
      {"model word.csv --out /no/such", "cannot write /no/such: No such file or directory\n"},
  };
  for (const auto& [arguments, error] : cases) {
    const Outcome outcome = run(std::string("predict ") + arguments);
    EXPECT_EQ(outcome.status, 1) << arguments;
    EXPECT_TRUE(outcome.err.starts_with(std::string("kindling-train: ") + error)) << outcome.err;
    EXPECT_EQ(outcome.out, "") << arguments;
  }
  // What may be asked for instead.
  EXPECT_EQ(predicted("word.csv --unknown none").size(), 2U);
  EXPECT_EQ(predicted("missing.csv").size(), 1U);
}

TEST_F(Predict, SavesWhatThereIsAndNothingElse) {
  write("model", "before");
  EXPECT_EQ(run("diabetes --lr 1e6 --schedule 'constant(1)' --save model").status, 3);
  EXPECT_EQ(read("model"), "before");  // of a run that diverged there is no model
  const Outcome device = run("diabetes --epochs 1 --save /dev/full");
  EXPECT_EQ(device.status, 1);
  EXPECT_EQ(device.err,
            "kindling-train: cannot write /dev/full: it is no file\n"
            "kindling-train: not every file could be written\n");
  EXPECT_EQ(run("diabetes --save a --log a").err,
            "kindling-train: options: --save and another file are both a\n");
  std::filesystem::create_symlink("model", folder_ / "link");
  EXPECT_EQ(run("diabetes --epochs 1 --save link").status, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
  EXPECT_EQ(predicted("diabetes").size(), 442U);
}

Recipe some_recipe() {
  return {.format = {'\t', {"a", "b", "y"}},
          .cells = {{"-99", "k. A."}, ','},
          .columns = {{"a", {"Zürich", ""}}, {"b\nc"}},
          .fill = {0.25, 0.75, std::nan("")},
          .inputs = {{1, 2, 3}, {4, 5, 0}},
          .target = "y",
          .classes = {"no", "yes"},
          .softmax = false,
          .widths = {3, 4, 2}};
}

TEST(Recipe, ComesBackFromItsState) {
  const Recipe saved = some_recipe();
  Recipe loaded;
  loaded.load_state_dict(saved.state_dict());
  EXPECT_EQ(loaded.format.separator, '\t');
  EXPECT_EQ(loaded.format.names, saved.format.names);
  EXPECT_EQ(loaded.cells.na, saved.cells.na);
  EXPECT_EQ(loaded.cells.decimal, ',');
  ASSERT_EQ(loaded.columns.size(), 2U);
  EXPECT_EQ(loaded.columns[0].categories, saved.columns[0].categories);
  EXPECT_EQ(loaded.columns[1].name, "b\nc");
  EXPECT_TRUE(loaded.columns[1].categories.empty());
  EXPECT_EQ(loaded.fill[1], 0.75);
  EXPECT_TRUE(std::isnan(loaded.fill[2]));
  EXPECT_EQ(loaded.inputs.mean(), saved.inputs.mean());
  EXPECT_EQ(loaded.inputs.deviation(), saved.inputs.deviation());
  EXPECT_EQ(loaded.target, "y");
  EXPECT_EQ(loaded.classes, saved.classes);
  EXPECT_FALSE(loaded.softmax);
  EXPECT_EQ(loaded.widths, saved.widths);
}

TEST(Recipe, RefusesWhatIsNone) {
  const auto error_of = [](const StateDict& state) {
    Recipe recipe{.target = "before"};
    try {
      recipe.load_state_dict(state);
    } catch (const ValueError& error) {
      EXPECT_EQ(recipe.target, "before");
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error_of({}),
            "recipe: it has none: give a file that kindling-train wrote, by --save or "
            "--checkpoint");
  const StateDict whole = some_recipe().state_dict();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    StateDict state = whole;
    state.erase(state.begin() + static_cast<std::ptrdiff_t>(i));
    const std::string error = error_of(state);
    if (whole[i].first == "categories.0")  // then its features are too few
      EXPECT_TRUE(error.starts_with("recipe: \"fill\" does not go with the rest")) << error;
    else
      EXPECT_EQ(error, "recipe: \"" + whole[i].first + "\" is missing");
    ++refused;
  }
  EXPECT_EQ(refused, 15U);
  const struct {
    const char* name;
    const char* error;
  } cases[] = {{"fill", "\"fill\" does not go"},
               {"inputs.mean", "\"inputs\" does not go"},
               {"output.mean", "\"output\" does not go"},
               {"widths", "\"widths\" does not go"},
               {"columns", "0.5 is no byte"},
               {"format.decimal", "0.5 is no byte"}};
  for (const auto& [name, error] : cases) {
    StateDict state = whole;
    for (auto& [entry, tensor] : state)
      if (entry == name) tensor = full({5}, 0.5, {.device = Device::cpu()});
    EXPECT_NE(error_of(state).find(error), std::string::npos) << name << ": " << error_of(state);
  }
}

}  // namespace
}  // namespace kindling::demo
