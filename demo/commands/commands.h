// SPDX-License-Identifier: MIT
#pragma once

#include "demo/cli_app.h"

namespace kindling::demo {

// Each adds its command, with options, help and the work itself, to the program.
void add_tutorial(CLI::App& program);
void add_diabetes(CLI::App& program);
void add_digits(CLI::App& program);
void add_csv(CLI::App& program);
void add_predict(CLI::App& program);
void add_find_lr(CLI::App& program);
void add_sweep(CLI::App& program);
void add_compare(CLI::App& program);
void add_schedules(CLI::App& program);
void add_info(CLI::App& program);

}  // namespace kindling::demo
