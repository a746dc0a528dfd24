// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/data_loader.h>
#include <kindling/core/makers.h>

#include <algorithm>
#include <vector>

namespace kindling::detail {

using kernels::LoaderState;

struct BatchSource::State {
  std::vector<Tensor> tensors;
  std::vector<Shape> row_shapes;  // of a batch, its size left open
  std::int64_t batch_size = 1;
  LoaderState position;          // what the device's will be once the work under way is done
  Intrusive<Storage> on_device;  // one LoaderState

  Device device() const { return tensors.front().device(); }
  void write() const { backend_of(device()).upload(on_device->data, &position, sizeof position); }

  bool resumed = false;  // nothing was delivered since load_state_dict()

  std::int64_t batches_of(std::int64_t rows) const noexcept {
    return rows / batch_size + (rows % batch_size == 0 ? 0 : 1);
  }

  void begin_next_epoch() {
    ++position.epoch;
    position.position = 0;
  }
};

namespace {

void check(std::span<const Tensor> tensors, const DataLoaderOptions& options) {
  for (const Tensor& tensor : tensors) {
    const TensorImpl& impl = check_defined("DataLoader", tensor);
    const Shape& first = tensors.front().shape();
    if (impl.shape.rank() == 0 || impl.shape[0] == 0) {
      throw ShapeError(
          message("DataLoader: a tensor of shape ", impl.shape, ": expected at least one row"));
    }
    if (impl.shape[0] != first[0]) {
      throw ShapeError(message("DataLoader: tensors of shapes ", first, " and ", impl.shape,
                               ": expected the same number of rows"));
    }
    if (impl.storage->device != tensors.front().device()) {
      throw DeviceError(message("DataLoader: tensors on ", tensors.front().device(), " and ",
                                impl.storage->device, ": move them to one device"));
    }
  }
  if (options.batch_size < 1) {
    throw ValueError(
        message("DataLoader: batch_size ", options.batch_size, ": must be at least 1"));
  }
  const std::int64_t samples = tensors.front().shape()[0];
  if (options.drop_last && options.batch_size > samples) {
    throw ValueError(message("DataLoader: batch_size ", options.batch_size,
                             " with drop_last: ", samples, " samples leave no batch"));
  }
}

}  // namespace

BatchSource::BatchSource(std::span<const Tensor> tensors, const DataLoaderOptions& options)
    : state_(std::make_shared<State>()) {
  check(tensors, options);
  for (const Tensor& tensor : tensors) {
    state_->tensors.push_back(tensor.detach());
    state_->row_shapes.push_back(tensor.shape());
  }
  const std::int64_t samples = tensors.front().shape()[0];
  state_->batch_size = options.batch_size;
  state_->position = {options.seed,
                      0,
                      0,
                      samples,
                      options.drop_last ? samples - samples % options.batch_size : samples,
                      options.shuffle};
  state_->on_device = Storage::allocate(
      static_cast<std::int64_t>((sizeof(LoaderState) + sizeof(double) - 1) / sizeof(double)),
      DType::float64, state_->device());
  state_->write();
}

std::int64_t BatchSource::batches() const noexcept {
  return state_->batches_of(state_->position.epoch_samples);
}

std::int64_t BatchSource::epoch() const noexcept { return state_->position.epoch; }

void BatchSource::next(std::span<Tensor> batch) const {
  State& state = *state_;
  const std::int64_t rows =
      std::min(state.batch_size, state.position.epoch_samples - state.position.position);
  kernels::Backend& backend = backend_of(state.device());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Shape shape = state.row_shapes[i];
    shape[0] = rows;
    batch[i] = make_tensor("DataLoader", shape, state.tensors[i]);
    issue(backend, kernels::LoadBatch{
                       view(state.tensors[i]), view(batch[i]), batch[i].impl()->numel / rows,
                       static_cast<LoaderState*>(state.on_device->data), i + 1 == batch.size()});
  }
  state.resumed = false;
  // The kernel of the last tensor does the same on the device.
  state.position.position += rows;
  if (state.position.position >= state.position.epoch_samples) state.begin_next_epoch();
}

std::int64_t BatchSource::start_epoch() const {
  State& state = *state_;
  if (state.position.position != 0 && !state.resumed) {
    state.begin_next_epoch();
    state.write();
  }
  return state.batches_of(state.position.epoch_samples - state.position.position);
}

StateDict BatchSource::state_dict() const {
  const auto scalar = [](auto value) {
    return full({}, static_cast<double>(value), {.dtype = DType::float64});
  };
  const LoaderState& position = state_->position;
  // 64 bits do not fit a float64: the seed goes in two halves.
  return {{"seed_high", scalar(position.seed >> 32)},
          {"seed_low", scalar(position.seed & 0xffffffffu)},
          {"epoch", scalar(position.epoch)},
          {"position", scalar(position.position)},
          {"samples", scalar(position.samples)}};
}

void BatchSource::load_state_dict(const StateDict& dict) const {
  StateReader reader("DataLoader", dict);
  const auto half = [&](const char* name) {
    return static_cast<std::uint64_t>(reader.take_count(name)) & 0xffffffffu;
  };
  LoaderState loaded = state_->position;
  loaded.seed = half("seed_high") << 32 | half("seed_low");
  loaded.epoch = reader.take_count("epoch");
  loaded.position = reader.take_count("position");
  const std::int64_t samples = reader.take_count("samples");
  reader.finish();
  if (samples != loaded.samples || loaded.position >= loaded.epoch_samples) {
    throw ValueError(message("DataLoader: load_state_dict: the state is of ", samples,
                             " samples at position ", loaded.position, ", this loader has ",
                             loaded.samples));
  }
  state_->position = loaded;
  state_->resumed = true;
  state_->write();
}

}  // namespace kindling::detail
