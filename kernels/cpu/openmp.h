// SPDX-License-Identifier: MIT
#pragma once

// Weak: they exist when the program contains an OpenMP runtime, which only the libraries behind a
// product may bring.
extern "C" {
__attribute__((weak)) int omp_get_max_threads();
__attribute__((weak)) void omp_set_num_threads(int);
}

namespace kindling::kernels::cpu {

/// OpenMP regions that the calling thread starts in this scope get one thread; its own setting
/// comes back at the end.
class OneOpenMPThread {
 public:
  OneOpenMPThread() {
    if (omp_get_max_threads != nullptr && omp_set_num_threads != nullptr) {
      old_ = omp_get_max_threads();
      if (old_ != 1) omp_set_num_threads(1);
    }
  }
  ~OneOpenMPThread() {
    if (old_ != 1) omp_set_num_threads(old_);
  }
  OneOpenMPThread(const OneOpenMPThread&) = delete;
  OneOpenMPThread& operator=(const OneOpenMPThread&) = delete;

 private:
  int old_ = 1;
};

}  // namespace kindling::kernels::cpu
