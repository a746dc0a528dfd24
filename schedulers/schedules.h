// SPDX-License-Identifier: MIT
#pragma once

/// Every pure schedule and every way to compose them, free of optimizers and tensors.

#include <kindling/schedulers/compose.h>
#include <kindling/schedulers/cosine.h>
#include <kindling/schedulers/cycle.h>
#include <kindling/schedulers/decay.h>
#include <kindling/schedulers/function.h>
#include <kindling/schedulers/transformer.h>
#include <kindling/schedulers/warmup.h>
