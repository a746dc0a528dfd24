// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/data_loader.h>
#include <kindling/core/makers.h>
#include <kindling/core/ops.h>
#include <kindling/core/random.h>
#include <kindling/core/state_dict.h>
#include <kindling/kernels/math/permutation.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace kindling::detail {

using kernels::LoaderState;

struct BatchSource::State {
  std::vector<Tensor> tensors;
  std::vector<Shape> row_shapes;   // of a batch, its size left open
  SampleFunction sample;           // what makes the samples where there are no tensors
  std::size_t sample_tensors = 0;  // of one
  bool drop_last = false;
  LoaderState stream;            // what the device's will be once the work under way is done
  Intrusive<Storage> on_device;  // one LoaderState
  std::int64_t loops = 0;        // the number of the next batch of the loop that began last
  bool resumed = false;          // no loop has begun since load_state_dict()

  Device device() const { return tensors.front().device(); }
  void write() const {
    if (on_device) backend_of(device()).upload(on_device->data, &stream, sizeof stream);
  }

  class Captured;
  void join_capture(const std::shared_ptr<State>& self) const;

  /// Loads batch `number`; with `advance`, the device knows that number and goes on to the next.
  void load(std::int64_t number, std::span<Tensor> batch, bool advance) const {
    const std::int64_t first = number % stream.per_epoch * stream.batch_size;
    const std::int64_t rows = std::min(stream.batch_size, stream.samples - first);
    if (sample) return stack_samples(number, first, rows, batch);
    kernels::Backend& backend = backend_of(device());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Shape shape = row_shapes[i];
      shape[0] = rows;
      batch[i] = make_tensor("DataLoader", shape, tensors[i]);
      issue(backend,
            kernels::LoadBatch{view(tensors[i]), view(batch[i]), rows,
                               batch[i].impl()->numel / rows, memory_of<LoaderState>(on_device),
                               advance && i + 1 == batch.size(), advance ? -1 : number});
    }
  }

  /// The same from samples, in the order that the kernel has.
  void stack_samples(std::int64_t number, std::int64_t first, std::int64_t rows,
                     std::span<Tensor> batch) const {
    const math::Permutation permutation(static_cast<std::uint64_t>(stream.samples), stream.seed,
                                        static_cast<std::uint64_t>(number / stream.per_epoch));
    std::vector<std::vector<Tensor>> columns(batch.size());
    for (std::int64_t j = first; j < first + rows; ++j) {
      const auto position = static_cast<std::uint64_t>(j);
      const std::uint64_t i = stream.shuffle ? permutation(position) : position;
      std::vector<Tensor> own = sample(static_cast<std::int64_t>(i));
      if (own.size() != batch.size()) {
        throw ShapeError(message("DataLoader: sample ", i, " has ", own.size(),
                                 " tensors: the first had ", batch.size()));
      }
      for (std::size_t c = 0; c < own.size(); ++c) columns[c].push_back(std::move(own[c]));
    }
    for (std::size_t c = 0; c < columns.size(); ++c) batch[c] = stack(columns[c]);
  }
};

/// A loader's part in a captured step: its place on the host.
class BatchSource::State::Captured final : public Participant {
 public:
  explicit Captured(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::int64_t ready(std::int64_t wanted) override { return wanted; }
  void done(std::int64_t steps) override { state_->stream.dealt += steps * batches_; }
  void count_batch() noexcept { ++batches_; }

 private:
  std::shared_ptr<State> state_;
  std::int64_t batches_ = 0;  // in a step
};

void BatchSource::State::join_capture(const std::shared_ptr<State>& self) const {
  if (sample) {
    throw CaptureError(
        "DataLoader: next: a function makes the samples, on the host: fill a tensor "
        "by copy_() between the steps");
  }
  if (stream.samples % stream.batch_size != 0 && !drop_last) {
    throw CaptureError(message(
        "DataLoader: next: the last batch of an epoch has ", stream.samples % stream.batch_size,
        " samples, not ", stream.batch_size,
        ": a captured step needs drop_last, or a batch_size that divides ", stream.samples));
  }
  recorder->join<Captured>(this, [&] { return std::make_unique<Captured>(self); }).count_batch();
}

namespace {

void check(const char* op, std::span<const Tensor> tensors) {
  if (tensors.empty()) throw ValueError(message(op, ": no tensors: give at least one"));
  for (const Tensor& tensor : tensors) {
    const TensorImpl& impl = check_defined(op, tensor);
    const Shape& first = tensors.front().shape();
    if (impl.shape.rank() == 0 || impl.shape[0] == 0) {
      throw ShapeError(
          message(op, ": a tensor of shape ", impl.shape, ": expected at least one row"));
    }
    if (impl.shape[0] != first[0]) {
      throw ShapeError(message(op, ": tensors of shapes ", first, " and ", impl.shape,
                               ": expected the same number of rows"));
    }
    if (impl.storage->device != tensors.front().device()) {
      throw DeviceError(message(op, ": tensors on ", tensors.front().device(), " and ",
                                impl.storage->device, ": move them to one device"));
    }
  }
}

void check(std::int64_t samples, const DataLoaderOptions& options) {
  if (samples < 1) throw ValueError(message("DataLoader: ", samples, " samples: at least 1"));
  if (options.batch_size < 1) {
    throw ValueError(
        message("DataLoader: batch_size ", options.batch_size, ": must be at least 1"));
  }
  if (options.drop_last && options.batch_size > samples) {
    throw ValueError(message("DataLoader: batch_size ", options.batch_size,
                             " with drop_last: ", samples, " samples leave no batch"));
  }
}

// The number of rows, which the tensors share.
std::int64_t rows_of(std::span<const Tensor> tensors) {
  check("DataLoader", tensors);
  return tensors.front().shape()[0];
}

}  // namespace

BatchSource::BatchSource(std::int64_t samples, SampleFunction sample,
                         const DataLoaderOptions& options)
    : state_(std::make_shared<State>()) {
  check_not_capturing("DataLoader", "it begins anew each time: build it before");
  check(samples, options);
  const std::int64_t batch_size = std::min(options.batch_size, samples);
  state_->sample = std::move(sample);
  if (state_->sample) state_->sample_tensors = state_->sample(0).size();
  state_->drop_last = options.drop_last;
  state_->stream = {.seed = options.seed,
                    .samples = samples,
                    .per_epoch = (samples - 1) / batch_size + 1,
                    .batch_size = batch_size,
                    .shuffle = options.shuffle};
  if (options.drop_last) state_->stream.per_epoch = samples / batch_size;
}

BatchSource::BatchSource(std::span<const Tensor> tensors, const DataLoaderOptions& options)
    : BatchSource(rows_of(tensors), SampleFunction(), options) {
  for (const Tensor& tensor : tensors) {
    state_->tensors.push_back(tensor.detach());
    state_->row_shapes.push_back(tensor.shape());
  }
  state_->on_device = Storage::allocate(
      static_cast<std::int64_t>((sizeof(LoaderState) + sizeof(double) - 1) / sizeof(double)),
      DType::float64, state_->device());
  state_->write();
}

std::size_t BatchSource::tensors_of_batch() const {
  return state_->sample ? state_->sample_tensors : state_->tensors.size();
}

std::int64_t BatchSource::batches() const noexcept { return state_->stream.per_epoch; }

std::int64_t BatchSource::epoch() const {
  check_not_reading_in_capture("epoch");
  return std::max(state_->stream.dealt, state_->loops) / batches();
}

void BatchSource::next(std::span<Tensor> batch) const {
  if (recorder != nullptr) [[unlikely]]
    state_->join_capture(state_);
  state_->load(state_->stream.dealt, batch, true);
  ++state_->stream.dealt;
}

std::int64_t BatchSource::start_epoch() const {
  check_not_capturing("DataLoader", "a loop ends with its epoch: use next()");
  State& state = *state_;
  const std::int64_t begun = state.loops % batches();
  if (begun != 0 && !state.resumed) state.loops += batches() - begun;
  state.resumed = false;
  return state.loops;
}

void BatchSource::deal(std::int64_t number, std::span<Tensor> batch) const {
  state_->load(number, batch, false);
  if (number == state_->loops) ++state_->loops;  // else another loop has begun since
}

StateDict BatchSource::state_dict() const {
  check_not_capturing("state_dict", "it is for the host: call it between steps");
  const auto scalar = [](auto value) { return state_scalar(static_cast<double>(value)); };
  const LoaderState& stream = state_->stream;
  StateDict state;
  append_word(state, "seed", stream.seed);
  state.emplace_back("samples", scalar(stream.samples));
  state.emplace_back("batch_size", scalar(stream.batch_size));
  state.emplace_back("shuffle", scalar(stream.shuffle));
  state.emplace_back("drop_last", scalar(state_->drop_last));
  state.emplace_back("batches_by_next", scalar(stream.dealt));
  state.emplace_back("batches_by_loops", scalar(state_->loops));
  return state;
}

TakeOver BatchSource::prepare_load(const StateDict& dict) const {
  StateReader reader("DataLoader", dict);
  const auto expect = [&](const char* name, std::int64_t own) {
    const std::int64_t saved = reader.take_count(name);
    if (saved == own) return;
    throw ValueError(message("DataLoader: load_state_dict: the state is of a loader with ", name,
                             " ", saved, ", not ", own,
                             ": make the loader with the same data and options"));
  };
  LoaderState stream = state_->stream;
  stream.seed = reader.take_word("seed");
  expect("samples", stream.samples);
  expect("batch_size", stream.batch_size);
  expect("shuffle", stream.shuffle);
  expect("drop_last", state_->drop_last);
  stream.dealt = reader.take_count("batches_by_next");
  const std::int64_t loops = reader.take_count("batches_by_loops");
  reader.finish();
  return [state = state_, stream, loops] {
    state->stream = stream;
    state->loops = loops;
    state->resumed = true;
    state->write();
  };
}

std::vector<std::vector<Tensor>> split_rows(std::span<const Tensor> tensors,
                                            std::span<const double> sizes, std::uint64_t seed) {
  check("random_split", tensors);
  const std::int64_t rows = tensors.front().shape()[0];
  double total = 0;
  for (const double size : sizes) {
    if (!(size >= 0)) throw ValueError(message("random_split: size ", size, ": is negative"));
    total += size;
  }
  const bool fractions = std::abs(total - 1) < 1e-9;
  if (!fractions && total != static_cast<double>(rows)) {
    throw ValueError(
        message("random_split: sizes sum to ", total, ": expected 1, or ", rows, " rows"));
  }
  Generator generator(seed);
  const Tensor order =
      randperm(rows, generator, {.dtype = DType::int64, .device = tensors.front().device()});
  std::vector<std::vector<Tensor>> parts;
  double end = 0;
  std::int64_t begin = 0;
  for (const double size : sizes) {
    end += size;
    const auto past =
        static_cast<std::int64_t>(std::llround(fractions ? end * static_cast<double>(rows) : end));
    const Tensor chosen = narrow(order, 0, begin, past - begin);
    std::vector<Tensor>& part = parts.emplace_back();
    for (const Tensor& tensor : tensors) part.push_back(index_select(tensor.detach(), chosen));
    begin = past;
  }
  return parts;
}

}  // namespace kindling::detail
