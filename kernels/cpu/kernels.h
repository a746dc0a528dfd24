// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/commands.h>
#include <kindling/kernels/cpu/isa.h>

namespace kindling::kernels::cpu::KINDLING_ISA {

// The kernels of this level, as commands.h describes them; table.cpp lists them.
void run(const Fill& arguments);
void run(const Arange& arguments);
void run(const Copy& arguments);
void run(const Unary& arguments);
void run(const UnaryBackward& arguments);
void run(const Binary& arguments);
void run(const BinaryBackward& arguments);
void run(const Sum& arguments);
void run(const Expand& arguments);
void run(const Argmax& arguments);
void run(const Sort& arguments);
void run(const Softmax& arguments);
void run(const SoftmaxBackward& arguments);
void run(const Product& arguments);
void run(const Loss& arguments);
void run(const CrossEntropy& arguments);
void run(const Gather& arguments);
void run(const GatherBackward& arguments);
void run(const Random& arguments);
void run(const RandomPermutation& arguments);
void run(const LoadBatch& arguments);
void run(const Update& arguments);
void run(const FindNonfinite& arguments);
void run(const ClipGradNorm& arguments);
void run(const AdvanceSchedule& arguments);
void run(const AppendHistory& arguments);
void run(const AdvancePlateau& arguments);
void run(const WriteRecord& arguments);

}  // namespace kindling::kernels::cpu::KINDLING_ISA
