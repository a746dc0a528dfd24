// SPDX-License-Identifier: MIT
#include <dlfcn.h>

#include <cstdio>
#include <thread>

/// Trains in a thread that is older than the plugin and in one that is younger.
int main() {
  void* plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const auto train = reinterpret_cast<void (*)(double*, double*)>(dlsym(plugin, "train"));
  bool failed = train == nullptr;
  const auto run = [&] {
    double before = 0, after = 0;
    train(&before, &after);
    std::printf("%.4f -> %.4f\n", before, after);
    if (!(after < before)) failed = true;
  };
  if (!failed) run();
  if (!failed) std::thread(run).join();
  return failed ? 1 : 0;
}
