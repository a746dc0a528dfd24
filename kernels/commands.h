// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/view.h>
#include <kindling/kernels/math/binary.h>
#include <kindling/kernels/math/elementwise.h>
#include <kindling/kernels/math/group_record.h>
#include <kindling/kernels/math/losses.h>
#include <kindling/kernels/math/optimizers.h>
#include <kindling/kernels/math/plateau.h>

#include <cstdint>
#include <type_traits>

/// What crosses the seam between tensors and devices: each command is one plain argument structure,
/// without constructors or owners, so that it can be run at once, or kept and run again. Kernels
/// check nothing and throw nothing (but for out of memory and failures of a device or a library):
/// the ops above them have checked. `accumulate` means "add to what the output holds" (beta = 1);
/// otherwise the output is overwritten, never read. A command on no elements still advances the
/// state that it advances. Scratch memory is the backend's business, not an argument.
///
/// Every sum is made in a fixed order and is accurate whatever the number n of its terms: within
/// four units in the last place (of the sum of the terms' magnitudes) in float32, (log2(n) + 10) /
/// 2 in float64. Exceptions are the inner dimension of a Product and the rows that GatherBackward
/// adds.
namespace kindling::kernels {

/// y[i] = value; `accumulate`, which goes with a value of 0, leaves y as it is.
struct Fill {
  View y = {};
  double value = 0;
  bool accumulate = false;
};

/// y[i] = start + i * step
struct Arange {
  View y = {};
  double start = 0;
  double step = 1;
};

/// target[strides.second] (+)= source[strides.first], converting the dtype; covers transposes,
/// slices and expansion. Whole numbers of int64 are not added.
struct Copy {
  View source = {};
  View target = {};
  Strides strides;
  bool accumulate = false;
};

/// y[i] = op(x[i])
struct Unary {
  UnaryOp op;
  View x = {};
  View y = {};
};

/// grad_x[i] (+)= math::gradient(op, saved[i], grad_y[i]); saved is op's input or output, as
/// math::saved_of(op) says.
struct UnaryBackward {
  UnaryOp op;
  View saved = {};
  View grad_y = {};
  View grad_x = {};
  bool accumulate = false;
};

/// y[i] = a[strides.first] op b[strides.second], y contiguous over strides.size. An operand without
/// data is `scalar`.
struct Binary {
  BinaryOp op;
  View a = {};
  View b = {};
  View y = {};
  double scalar = 0;
  Strides strides;
};

/// grad[i] (+)= grad_y[i] * d(a op b)/d(operand), operand 0 = a, 1 = b; grad is as large as grad_y
/// (broadcast size). Views that the derivative does not need may be left out.
struct BinaryBackward {
  BinaryOp op;
  int operand = 0;
  View a = {};
  View b = {};
  View grad_y = {};
  View grad = {};
  double scalar = 0;
  Strides strides;
  bool accumulate = false;
};

/// y[o, i] (+)= scale * sum over k of x[o, k, i]; x [outer, count, inner].
struct Sum {
  View x = {};
  View y = {};
  std::int64_t outer = 1;
  std::int64_t count = 1;
  std::int64_t inner = 1;
  double scale = 1;
  bool accumulate = false;
};

/// x[o, k, i] (+)= scale * y[o, i]: the backward of Sum; x [outer, count, inner].
struct Expand {
  View y = {};
  View x = {};
  std::int64_t outer = 1;
  std::int64_t count = 1;
  std::int64_t inner = 1;
  double scale = 1;
  bool accumulate = false;
};

/// y[o, i] = index k of the first largest x[o, k, i]; y int64. NaN counts as largest.
struct Argmax {
  View x = {};
  View y = {};
  std::int64_t outer = 1;
  std::int64_t count = 1;
  std::int64_t inner = 1;
};

/// Each row of y [.., row_size], int64, = the order that sorts that row of x: smallest first, or
/// largest where `descending`, equals as they stand. NaN counts as largest. A GPU needs a buffer as
/// large as y (which no other command may use in between, as it might the backend's scratch).
struct Sort {
  View x = {};
  View y = {};
  View buffer = {};
  std::int64_t row_size = 1;
  bool descending = false;
};

/// y = softmax (or its logarithm) of each row of x; x, y [.., row_size].
struct Softmax {
  View x = {};
  View y = {};
  std::int64_t row_size = 1;
  bool log = false;
};

/// grad_x (+)= from the output y of Softmax and grad_y; all [.., row_size].
struct SoftmaxBackward {
  View y = {};
  View grad_y = {};
  View grad_x = {};
  std::int64_t row_size = 1;
  bool log = false;
  bool accumulate = false;
};

/// c [m, n] (+)= epilogue(op(a) [m, k] op(b) [k, n]), row-major, for `batch` matrices that lie the
/// given numbers of elements apart (0: shared). A transposed a is stored [k, m], a transposed b [n,
/// k]. Epilogue, in this order and each if given: + bias [n]; pre_activation [m, n] = the value so
/// far; activation; 0 where mask [m, n] is 0 or less. A product with a ReLU may leave that mask in
/// relu_bits, in a form of the device's own (see Backend), which one with the mask then gets beside
/// it. Beside c, row_sums [m] (+)= the sums of the rows of op(a) (the bias gradient of a linear
/// layer, whose weight gradient is c). Epilogue, mask and row_sums come with batch = 1.
struct Product {
  View a = {};
  View b = {};
  View c = {};
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;
  std::int64_t batch = 1;
  std::int64_t stride_a = 0;
  std::int64_t stride_b = 0;
  std::int64_t stride_c = 0;
  View bias = {};
  View pre_activation = {};
  UnaryOp activation = UnaryOp::identity;
  View mask = {};
  void* relu_bits = nullptr;
  View row_sums = {};
  bool accumulate_row_sums = false;
};

/// An element-wise loss and its gradient in one pass: e = op(input[i], target[i]); loss[0] = scale
/// * sum of e, or loss[i] = e where reduce is false; gradient[i] = scale * de/dinput, if given.
/// parameter: Huber's delta.
struct Loss {
  LossOp op;
  View input = {};
  View target = {};
  View loss = {};
  View gradient = {};
  double parameter = 1;
  double scale = 1;
  bool reduce = true;
};

/// Cross entropy of logits [rows, classes] and its gradient in one pass. target: [rows] class
/// numbers of any dtype, or [rows, classes] probabilities when `probabilities`. Smoothed targets:
/// (1 - s) * target + s / classes. loss[0] = scale * sum over rows, or loss [rows] where reduce is
/// false; gradient [rows, classes] = scale * d/dlogits. A class number outside [0, classes) makes
/// its row's loss and gradient NaN.
struct CrossEntropy {
  View logits = {};
  View target = {};
  View loss = {};
  View gradient = {};
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  bool probabilities = false;
  double label_smoothing = 0;
  double scale = 1;
  bool reduce = true;
};

/// y[o, k, i] = x[o, index[k], i], or with `each` x[o, index[o, k, i], i]; x [outer, count, inner],
/// y [outer, chosen, inner], the index of any dtype. Where it is none of [0, count), y is NaN.
struct Gather {
  View x = {};
  View index = {};
  View y = {};
  std::int64_t outer = 1;
  std::int64_t count = 1;
  std::int64_t inner = 1;
  bool each = false;
};

/// grad_x at what Gather took += grad_y in the order of k, each addition rounded to the dtype;
/// grad_x is zeroed first unless accumulate.
struct GatherBackward {
  View index = {};
  View grad_y = {};
  View grad_x = {};
  std::int64_t outer = 1;
  std::int64_t count = 1;
  std::int64_t inner = 1;
  bool each = false;
  bool accumulate = false;
};

/// Seed and position of a counter-based random stream, in device memory.
struct RandomState {
  std::uint64_t seed = 0;
  std::uint64_t offset = 0;  // Philox counters used so far
};

enum class Distribution : std::uint8_t { uniform, normal };

/// y[i] = uniform in [first, second), or normal with mean first and standard deviation second;
/// advances the state. Philox4x32-10 (Salmon et al., SC'11): element i depends on seed, offset and
/// i alone, not on device or threads.
struct Random {
  Distribution distribution;
  View y = {};
  double first = 0;
  double second = 1;
  RandomState* state = nullptr;

  /// How many counters, of 128 bits each, the numbers of y use up.
  static constexpr std::int64_t counters(std::int64_t numel, DType dtype) {
    const std::int64_t numbers = 16 / size_of(dtype);
    return (numel + numbers - 1) / numbers;
  }
};

/// y = a random permutation of 0 .. numel - 1 as whole numbers; advances the state by one counter.
struct RandomPermutation {
  View y = {};
  RandomState* state = nullptr;
};

/// A loader's stream of batches, in device memory. Batch n of it is batch n % per_epoch of epoch n
/// / per_epoch, whose sample at position i is permutation(seed, epoch, i), or i without shuffle.
struct LoaderState {
  std::uint64_t seed = 0;
  std::int64_t samples = 0;    // of the data set
  std::int64_t per_epoch = 1;  // batches
  std::int64_t batch_size = 1;
  std::int64_t dealt = 0;  // batches so far: the number of the next one
  bool shuffle = true;
};

/// batch[j, :] = source[sample j of the batch, :] for `rows` rows; the command of the last tensor
/// of a batch advances the state.
struct LoadBatch {
  View source = {};
  View batch = {};
  std::int64_t rows = 0;
  std::int64_t row_size = 1;
  LoaderState* state = nullptr;
  bool advance = false;
  std::int64_t number = -1;  // of the batch; -1: the state's next one
};

/// In the arenas of a group each parameter starts at a multiple of this, and so does each gradient;
/// what lies between them is zero.
inline constexpr std::int64_t kParameterAlignment = 64;  // bytes

/// The elements that a parameter takes up there.
constexpr std::int64_t padded_numel(std::int64_t numel, DType dtype) {
  const std::int64_t unit = kParameterAlignment / size_of(dtype);
  return (numel + unit - 1) / unit * unit;
}

/// The most values of state that an optimizer keeps for each element of a parameter.
inline constexpr int kMaxStates = 3;

/// A part of a group's arenas that lies in one piece, has gradients and shares a record; states
/// that the group does not keep are empty. It lies in device memory, as what it points to.
struct UpdateRange {
  View parameter = {};
  View gradient = {};
  View state[kMaxStates] = {};
  math::GroupRecord* record = nullptr;
  bool advance = false;  // the last range of its record
};

/// scheduler.step() for all records of an optimizer: the clock goes on, unless it stands still, and
/// each record takes its group's point of the tape. tape [capacity, groups], a ring: index t is in
/// row t % capacity, and capacity a power of two.
struct AdvanceSchedule {
  math::ScheduleClock* clock = nullptr;  // none: nothing to do
  const math::StepGuard* guard = nullptr;
  math::GroupRecord* records = nullptr;
  std::int64_t count = 0;
  const math::SchedulePoint* tape = nullptr;
  std::int64_t groups = 0;
  std::int64_t capacity = 0;
};

/// One entry of the history of a captured step.
struct HistoryEntry {
  double value = __builtin_nan("");
  double lr = __builtin_nan("");
};
/// A ring of the last entries, in device memory: that of step t is in place t % capacity.
struct History {
  static constexpr std::int64_t kCapacity = 1024;
  std::int64_t steps = 0;
  HistoryEntry entries[kCapacity];
};

/// Notes a value [1] and a record's learning rate, as far as given, in the entry of the step under
/// way; `last` ends it.
struct AppendHistory {
  History* history = nullptr;  // none: nothing to do
  View value = {};
  const math::GroupRecord* record = nullptr;
  bool last = true;
};

/// One optimizer step over all its ranges; each record's last range advances it. With a clip total
/// (see ClipGradNorm) the gradients are scaled first, in place. Where the guard has found them not
/// finite, no parameter, state or record changes. Then, as parts of the same command, the history
/// and the schedule.
struct Update {
  UpdateOp op;
  const UpdateRange* ranges = nullptr;
  const UpdateRange* ranges_on_host = nullptr;  // the same, as long as the command may be run
  std::int64_t count = 0;
  math::GroupRecord* records = nullptr;  // all of the optimizer
  math::StepGuard* guard = nullptr;
  const double* clip_total = nullptr;
  double max_norm = 0;
  AppendHistory history = {};
  AdvanceSchedule schedule = {};
};

/// guard->nonfinite = whether a gradient of the ranges holds an infinity or a NaN.
struct FindNonfinite {
  const UpdateRange* ranges = nullptr;
  const UpdateRange* ranges_on_host = nullptr;  // as in Update
  std::int64_t count = 0;
  math::StepGuard* guard = nullptr;
};

/// Clips gradients together, each an own piece of memory. total[0] (float64) (+)= the sum of their
/// squares in a fixed order, where `sums`; norm[0] = sqrt(total[0]), if given; they are scaled by
/// min(1, max_norm / (sqrt(total[0]) + 1e-6)) where `scales`.
struct ClipGradNorm {
  static constexpr int kMaxRanges = 8;
  View gradients[kMaxRanges] = {};
  int count = 0;
  View total = {};
  View norm = {};
  double max_norm = 0;
  bool accumulate = false;
  bool sums = true;
  bool scales = true;
};

/// ReduceLROnPlateau's rule on a metric in device memory: math::plateau_step, and on a reduction
/// math::plateau_reduced of every record's lr. metric [1], of either dtype; min_lr [groups].
struct AdvancePlateau {
  View metric = {};
  math::PlateauRule rule = {};
  math::PlateauState* state = nullptr;
  const double* min_lr = nullptr;
  const math::StepGuard* guard = nullptr;
  math::GroupRecord* records = nullptr;
  std::int64_t count = 0;
};

/// A record takes over the hyper-parameters that the host gives it, or all that `source` holds.
struct WriteRecord {
  math::GroupRecord* record = nullptr;
  const math::GroupRecord* source = nullptr;
  math::HyperParameters values = {};
  std::int64_t group = 0;
  std::int64_t updates = -1;  // a new count of updates; -1: it keeps its own
};

inline View& accumulated(Fill& c) { return c.y; }
inline View& accumulated(Copy& c) { return c.target; }
inline View& accumulated(UnaryBackward& c) { return c.grad_x; }
inline View& accumulated(BinaryBackward& c) { return c.grad; }
inline View& accumulated(Sum& c) { return c.y; }
inline View& accumulated(Expand& c) { return c.x; }
inline View& accumulated(SoftmaxBackward& c) { return c.grad_x; }
inline View& accumulated(Product& c) { return c.c; }
inline View& accumulated(GatherBackward& c) { return c.grad_x; }
inline View& accumulated(ClipGradNorm& c) { return c.total; }

/// Calls f(output, accumulate) for each output that a command overwrites or adds to.
template <class Command, class F>
void visit_accumulated(Command& command, const F& f) {
  if constexpr (requires { command.accumulate; }) f(accumulated(command), command.accumulate);
  if constexpr (requires { command.row_sums; }) f(command.row_sums, command.accumulate_row_sums);
}

/// The kinds of commands. A kind's number is its place in this list.
template <class... Commands>
struct CommandList {
  static constexpr int kCount = sizeof...(Commands);
};
using AllCommands =
    CommandList<Fill, Arange, Copy, Unary, UnaryBackward, Binary, BinaryBackward, Sum, Expand,
                Argmax, Sort, Softmax, SoftmaxBackward, Product, Loss, CrossEntropy, Gather,
                GatherBackward, Random, RandomPermutation, LoadBatch, Update, FindNonfinite,
                ClipGradNorm, AdvanceSchedule, AppendHistory, AdvancePlateau, WriteRecord>;

template <class Command, class... Commands>
constexpr int kind_in(CommandList<Commands...>) {
  constexpr bool is_it[] = {std::is_same_v<Command, Commands>...};
  int kind = 0;
  while (!is_it[kind]) ++kind;
  return kind;
}
template <class Command>
inline constexpr int kKind = kind_in<Command>(AllCommands());

}  // namespace kindling::kernels
