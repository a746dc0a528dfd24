// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/flush.h>
#include <kindling/kernels/cpu/instruction_set.h>
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/memory.h>
#include <kindling/kernels/cpu/product_eigen.h>
#include <kindling/kernels/cpu/product_tiles.h>

#include <cstring>

#define KINDLING_TEXT_OF(name) #name
#define KINDLING_TEXT(name) KINDLING_TEXT_OF(name)

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// The kernel, with subnormals flushed to zero.
template <class Arguments, void (*kernel)(const Arguments&)>
void flushing(const Arguments& arguments) {
  const FloatModeScope scope(kernel_float_mode());
  kernel(arguments);
}

void transfer(void* target, const void* source, std::size_t bytes) {
  if (bytes > 0) std::memcpy(target, source, bytes);
}

void synchronize() {}

constexpr Backend kBackend{
    .allocate = allocate,
    .deallocate = deallocate,
    .upload = transfer,
    .download = transfer,
    .synchronize = synchronize,
    .fill = flushing<Fill, fill>,
    .arange = flushing<Arange, arange>,
    .copy = flushing<Copy, copy>,
    .unary = flushing<Unary, unary>,
    .unary_backward = flushing<UnaryBackward, unary_backward>,
    .binary = flushing<Binary, binary>,
    .binary_backward = flushing<BinaryBackward, binary_backward>,
    .sum = flushing<Sum, sum>,
    .expand = flushing<Expand, expand>,
    .argmax = flushing<Argmax, argmax>,
    .softmax = flushing<Softmax, softmax>,
    .softmax_backward = flushing<SoftmaxBackward, softmax_backward>,
    .product = flushing<Product, product>,
    .loss = flushing<Loss, loss>,
    .cross_entropy = flushing<CrossEntropy, cross_entropy>,
    .gather = flushing<Gather, gather>,
    .gather_backward = flushing<GatherBackward, gather_backward>,
    .random = flushing<Random, random>,
    .random_permutation = flushing<RandomPermutation, random_permutation>,
    .load_batch = flushing<LoadBatch, load_batch>,
    .sgd_update = flushing<SgdUpdate, sgd_update>,
    .adam_update = flushing<AdamUpdate, adam_update>,
    .find_nonfinite = flushing<FindNonfinite, find_nonfinite>,
    .sum_of_squares = flushing<SumOfSquares, sum_of_squares>,
    .clip_by_norm = flushing<ClipByNorm, clip_by_norm>,
    .advance_schedule = flushing<AdvanceSchedule, advance_schedule>,
    .advance_plateau = flushing<AdvancePlateau, advance_plateau>,
    .write_record = flushing<WriteRecord, write_record>,
};

constexpr Level kLevel{
    .name = KINDLING_TEXT(KINDLING_ISA),
    .backend = kBackend,
    .eigen = {"eigen", multiply_eigen, multiply_eigen},
    .tiles = {"tiles", multiply_tiles, multiply_tiles},
};

}  // namespace

const Level& level();
const Level& level() { return kLevel; }

}  // namespace kindling::kernels::cpu::KINDLING_ISA
