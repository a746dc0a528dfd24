// SPDX-License-Identifier: MIT
#pragma once

/// Marks what a shared libkindling exports; everything else is hidden.
#define KINDLING_API __attribute__((visibility("default")))
