// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/backend.h>
#include <kindling/kernels/cpu/isa.h>

namespace kindling::kernels::cpu::KINDLING_ISA {

// The kernels of this level, as backend.h describes them; table.cpp lists them in the level's
// Backend, which calls them with subnormals flushed to zero.
void fill(const Fill& arguments);
void arange(const Arange& arguments);
void copy(const Copy& arguments);
void unary(const Unary& arguments);
void unary_backward(const UnaryBackward& arguments);
void binary(const Binary& arguments);
void binary_backward(const BinaryBackward& arguments);
void sum(const Sum& arguments);
void expand(const Expand& arguments);
void argmax(const Argmax& arguments);
void softmax(const Softmax& arguments);
void softmax_backward(const SoftmaxBackward& arguments);
void product(const Product& arguments);
void loss(const Loss& arguments);
void cross_entropy(const CrossEntropy& arguments);
void gather(const Gather& arguments);
void gather_backward(const GatherBackward& arguments);
void random(const Random& arguments);
void random_permutation(const RandomPermutation& arguments);
void load_batch(const LoadBatch& arguments);
void sgd_update(const SgdUpdate& arguments);
void adam_update(const AdamUpdate& arguments);
void find_nonfinite(const FindNonfinite& arguments);
void sum_of_squares(const SumOfSquares& arguments);
void clip_by_norm(const ClipByNorm& arguments);
void advance_schedule(const AdvanceSchedule& arguments);
void advance_plateau(const AdvancePlateau& arguments);
void write_record(const WriteRecord& arguments);

}  // namespace kindling::kernels::cpu::KINDLING_ISA
