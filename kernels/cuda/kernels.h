// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/backend.h>

namespace kindling::kernels::cuda {

class Context;

// The kernels, as commands.h describes them; table.cpp lists them.
void run(Context& context, const Fill& arguments);
void run(Context& context, const Arange& arguments);
void run(Context& context, const Copy& arguments);
void run(Context& context, const Unary& arguments);
void run(Context& context, const UnaryBackward& arguments);
void run(Context& context, const Binary& arguments);
void run(Context& context, const BinaryBackward& arguments);
void run(Context& context, const Sum& arguments);
void run(Context& context, const Expand& arguments);
void run(Context& context, const Argmax& arguments);
void run(Context& context, const Sort& arguments);
void run(Context& context, const Softmax& arguments);
void run(Context& context, const SoftmaxBackward& arguments);
void run(Context& context, const Product& arguments);
void run(Context& context, const Loss& arguments);
void run(Context& context, const CrossEntropy& arguments);
void run(Context& context, const Gather& arguments);
void run(Context& context, const GatherBackward& arguments);
void run(Context& context, const Random& arguments);
void run(Context& context, const RandomPermutation& arguments);
void run(Context& context, const LoadBatch& arguments);
void run(Context& context, const Update& arguments);
void run(Context& context, const FindNonfinite& arguments);
void run(Context& context, const ClipGradNorm& arguments);
void run(Context& context, const AdvanceSchedule& arguments);
void run(Context& context, const AppendHistory& arguments);
void run(Context& context, const AdvancePlateau& arguments);
void run(Context& context, const WriteRecord& arguments);

/// All of them.
const KernelTable& kernel_table();

/// A product that is not empty, by our own kernels, without asking cuBLASLt.
void run_own(const Context& context, const Product& arguments);

}  // namespace kindling::kernels::cuda
