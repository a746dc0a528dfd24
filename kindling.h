// SPDX-License-Identifier: MIT
#pragma once

/// All of Kindling.

#include <kindling/core/capture.h>
#include <kindling/core/cuda.h>
#include <kindling/core/data_loader.h>
#include <kindling/core/error.h>
#include <kindling/core/log.h>
#include <kindling/core/makers.h>
#include <kindling/core/nn/activations.h>
#include <kindling/core/nn/init.h>
#include <kindling/core/nn/layers.h>
#include <kindling/core/nn/linear.h>
#include <kindling/core/nn/losses.h>
#include <kindling/core/nn/module.h>
#include <kindling/core/nn/sequential.h>
#include <kindling/core/no_grad.h>
#include <kindling/core/ops.h>
#include <kindling/core/random.h>
#include <kindling/core/save.h>
#include <kindling/core/settings.h>
#include <kindling/core/state_dict.h>
#include <kindling/core/tensor.h>
#include <kindling/core/version.h>
#include <kindling/optim/averaged_parameters.h>
#include <kindling/optim/clip_grad_norm.h>
#include <kindling/optim/clip_grad_value.h>
#include <kindling/optim/nonfinite_gradients.h>
#include <kindling/optim/optimizers.h>
#include <kindling/schedulers/schedulers.h>
