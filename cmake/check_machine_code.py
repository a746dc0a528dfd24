#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks into the machine code of the CUDA backend, for every architecture that its objects hold.

  cmake/check_machine_code.py CUOBJDUMP OBJECT...

Fails, naming kernel and architecture, where registers are spilled or local memory is used, and
where a kernel breaks one of the lists below. CUOBJDUMP is NVIDIA's, with nvdisasm beside it or in
PATH.
"""

import os
import re
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase

# What may compute in double where its elements are float32. Kernels of float64 always may.
ONE_THREAD = "one thread keeps records, clocks or the clip's coefficient"
INDEX = "an index may be given in double: one comparison"
LONG_SUM = "a long sum: short runs in float, the runs in double"
DOUBLE = {
    "advance_plateau": ONE_THREAD,
    "advance_schedule": ONE_THREAD,
    "write_record": ONE_THREAD,
    "scale_gradients": ONE_THREAD,
    "update<*": ONE_THREAD,
    "cross_entropy<*": LONG_SUM,
    "loss<*": LONG_SUM,
    "product<*": LONG_SUM,  # of the bias gradient
    "product_of_few_rows<*": LONG_SUM,
    "product_of_rows<*": LONG_SUM,
    "softmax<*": LONG_SUM,
    "softmax_backward<*": LONG_SUM,
    "sum_columns<*": LONG_SUM,
    "sum_rows<*": LONG_SUM,
    "sum_squares": LONG_SUM,
    "map<float, Ramp<float>>": "arange: float has no whole numbers beyond 2^24",
    "map<long, Ramp<long>>": "arange: whole numbers are given in double",
    "gather*": INDEX,
}

# The 128-bit loads and stores that a kernel has at least: one for each array it walks over.
PACKS = {
    "broadcast<*, Backward<*>>": (4, 1),
    "broadcast<*, Forward<*>>": (3, 1),
    "broadcast<*, Scaled<*>>": (2, 1),
    "find_nonfinite": (1, 0),
    "loss<*": (2, 2),
    "map<*, Backward<*>, *>": (3, 1),
    "map<*, Constant<*>>": (0, 1),
    "map<*, Forward<*>, *>": (2, 1),
    "map<*, Ramp<*>>": (0, 1),
    "map<*, Same<*>, *>": (2, 1),
    "random<*": (0, 1),
    "scale_gradients": (1, 1),
    "sum_squares": (1, 0),
    "update<Adam<*": (5, 5),
    "update<RmsProp<*": (5, 5),
    "update<Sgd<*": (3, 3),
}

# The most registers.
REGISTERS = {
    "update<Adam<*, float>": 64,
    "update<RmsProp<*, float>": 80,
    "update<Sgd<*, float>": 64,
    "update<*, double>": 128,
}


class Kernel:
    def __init__(self):
        self.registers = 0
        self.local = 0  # bytes
        self.instructions = self.local_accesses = self.doubles = self.loads = self.stores = 0


def read(cuobjdump, path):
    """The kernels of an object by (mangled name, architecture)."""
    kernels = defaultdict(Kernel)
    environment = dict(os.environ)
    environment["PATH"] = os.path.dirname(cuobjdump) + os.pathsep + environment["PATH"]
    architecture = kernel = None
    for option in ("-res-usage", "-sass"):
        result = subprocess.run([cuobjdump, option, path], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if result.returncode != 0:
            sys.exit(f"{cuobjdump} {option} {path}: {result.stderr.strip()}")
        for line in result.stdout.splitlines():
            if found := re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?\w+ )?([\w.]+)", line):
                note(kernel, found[1])
            elif found := re.match(r"arch = (\w+)", line):
                architecture = found[1]
            elif found := re.match(r"\s+Function\s*:?\s+(\w+)", line):
                kernel = kernels[found[1], architecture]
            elif found := re.match(r"\s+REG:(\d+) STACK:(\d+) .*LOCAL:(\d+)", line):
                kernel.registers = int(found[1])
                kernel.local = int(found[2]) + int(found[3])
    return kernels


def note(kernel, instruction):
    kernel.instructions += 1
    name, *suffixes = instruction.split(".")
    if name in ("LDL", "STL"):
        kernel.local_accesses += 1
    elif name in ("DADD", "DFMA", "DMNMX", "DMUL", "DSETP"):
        kernel.doubles += 1
    elif name == "LDG" and "128" in suffixes:
        kernel.loads += 1
    elif name == "STG" and "128" in suffixes:
        kernel.stores += 1


def demangled(names):
    """Names as C++ writes them, without namespaces and parameters."""
    result = subprocess.run(["c++filt"], input="\n".join(names), text=True, stdout=subprocess.PIPE,
                            check=True)
    short = {}
    for mangled, name in zip(names, result.stdout.splitlines()):
        name = re.sub(r"\(anonymous namespace\)::|\w+::|^void ", "", name).split("(")[0]
        short[mangled] = name.replace("> >", ">>")
    return short


def matches(table, name):
    return [value for pattern, value in table.items() if fnmatchcase(name, pattern)]


def offences(name, kernel):
    """What is wrong with a kernel."""
    if kernel.instructions == 0 or kernel.registers == 0:
        yield "its machine code could not be read"
    if kernel.local or kernel.local_accesses:
        yield (f"{kernel.local} bytes of local memory, accessed by {kernel.local_accesses} "
               "instructions: registers are spilled, or an array has no constant index")
    if kernel.doubles and "double" not in name and not matches(DOUBLE, name):
        yield f"{kernel.doubles} of its instructions compute in double"
    for most in matches(REGISTERS, name):
        if kernel.registers > most:
            yield f"{kernel.registers} registers, more than {most}"
    for loads, stores in matches(PACKS, name):
        if kernel.loads < loads or kernel.stores < stores:
            yield (f"{kernel.loads} loads and {kernel.stores} stores of 128 bits, fewer than "
                   f"{loads} and {stores}")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    kernels = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda path: read(sys.argv[1], path), sys.argv[2:]):
            kernels.update(found)
    names = demangled(sorted({mangled for mangled, _ in kernels}))
    wrong = [f"{architecture}: {names[mangled]}: {offence}"
             for (mangled, architecture), kernel in kernels.items()
             for offence in offences(names[mangled], kernel)]
    for table, title in ((DOUBLE, "DOUBLE"), (PACKS, "PACKS"), (REGISTERS, "REGISTERS")):
        wrong += [f"{title} names {pattern}, which is no kernel" for pattern in table
                  if not any(fnmatchcase(name, pattern) for name in names.values())]
    if wrong:
        sys.exit("\n".join(["the machine code of the CUDA backend is not as it must be "
                            "(the lists stand in cmake/check_machine_code.py):", *sorted(wrong)]))
    architectures = sorted({architecture for _, architecture in kernels})
    print(f"machine code: {len(names)} kernels for {', '.join(architectures)}")


if __name__ == "__main__":
    main()
