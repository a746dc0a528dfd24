#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times the training steps and updates of bench/gpu_report in PyTorch on the same GPU.

  bench/gpu_peers.py [--works A,B,C,D] [--seconds 1]

Eager: fused optimizers, as PyTorch recommends. Graph: the whole step as one CUDA graph, with a
capturable Adam whose learning rate is a tensor; the scheduler, which PyTorch cannot capture, runs
between the replays. SGD has no capturable form: in its graph the learning rate is a tensor too.
TF32 is off, as in Kindling.
"""

import argparse
import statistics
import sys
import time

NO_GPU = 77
WARM_UP_STEPS = 100

# Widths of the layers, rows of a batch, optimizer, learning rate; as bench/works.h has them.
WORKS = {
    "A": ((10, 1), 10, "SGD", 0.1),
    "B": ((64, 64, 64, 1), 32, "Adam", 1e-6),
    "C": ((784, 512, 512, 10), 128, "Adam", 1e-6),
    "D": ((1024, 4096, 4096, 1024), 256, "Adam", 1e-6),
}
UPDATE_SIZES = (2**16, 2**20, 2**24, 2**27)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", default=",".join(WORKS),
                        help=f"of {','.join(WORKS)}; default all")
    parser.add_argument("--seconds", type=float, default=1.0, help="per measurement; default 1")
    arguments = parser.parse_args()
    arguments.works = [work for work in arguments.works.split(",") if work]
    for work in arguments.works:
        if work not in WORKS:
            parser.error(f"--works: unknown work {work!r}; known: {', '.join(WORKS)}")
    if not arguments.seconds > 0:
        parser.error("--seconds: must be positive")
    return arguments


def load_torch():
    """The module, where it can use a GPU; otherwise one line, and the end."""
    try:
        import torch  # pylint: disable=import-outside-toplevel
    except (ImportError, OSError) as error:
        reason = f"PyTorch cannot be loaded ({error}): pip install torch"
    else:
        if torch.cuda.is_available():
            return torch
        reason = "PyTorch finds no GPU"
    print(f"gpu_peers.py: {reason}".replace("\n", " "), file=sys.stderr)
    sys.exit(NO_GPU)


class Step:
    """A training step of one work; called, it makes one and leaves its loss in `loss`."""

    def __init__(self, torch, name, capturable):
        widths, batch, optimizer, learning_rate = WORKS[name]
        self.torch = torch
        torch.manual_seed(1)
        layers = []
        for inputs, outputs in zip(widths, widths[1:]):
            layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        self.network = torch.nn.Sequential(*layers[:-1]).cuda()
        self.inputs = torch.randn(batch, widths[0], device="cuda")
        self.targets = torch.randn(batch, widths[-1], device="cuda")
        options = {"fused": True, "lr": learning_rate}
        if capturable:
            options["lr"] = torch.tensor(learning_rate, device="cuda")
            if optimizer == "Adam":
                options["capturable"] = True
        self.optimizer = getattr(torch.optim, optimizer)(self.network.parameters(), **options)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda t: min(1.0, (t + 1) / WARM_UP_STEPS))
        self.loss = None

    def update(self):
        """All but the schedule."""
        self.optimizer.zero_grad(set_to_none=True)
        self.loss = self.torch.nn.functional.mse_loss(self.network(self.inputs), self.targets)
        self.loss.backward()
        self.optimizer.step()

    def __call__(self):
        self.update()
        self.scheduler.step()


class GraphStep:
    """The same with the update as a CUDA graph."""

    def __init__(self, torch, name):
        self.step = Step(torch, name, capturable=True)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.step.update()

    def __call__(self):
        self.graph.replay()
        self.step.scheduler.step()


def measure(torch, step, seconds):
    """Median seconds of one call, by the clock of the host; the GPU is waited for after each of
    the samples, of at least 5 ms."""
    def sample(count):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(count):
            step()
        torch.cuda.synchronize()
        return (time.perf_counter() - start) / count

    for _ in range(3):
        sample(1)
    count = max(1, int(5e-3 / sample(10)))
    samples = []
    end = time.perf_counter() + seconds
    while len(samples) < 7 or time.perf_counter() < end:
        samples.append(sample(count))
    return statistics.median(samples)


def print_steps(torch, arguments):
    print(f"\n{'step':10}{'eager us':>14}{'graph us':>14}{'graph only us':>16}")
    for name in arguments.works:
        eager = measure(torch, Step(torch, name, capturable=False), arguments.seconds)
        graph = GraphStep(torch, name)
        whole = measure(torch, graph, arguments.seconds)
        frozen = measure(torch, graph.graph.replay, arguments.seconds)
        print(f"{name:10}{eager * 1e6:14.2f}{whole * 1e6:14.2f}{frozen * 1e6:16.2f}", flush=True)


def print_updates(torch, arguments):
    print(f"\n{'update':10}{'parameters':>14}{'us':>14}{'GB/s':>10}")
    kinds = (("SGD", {}, 12), ("SGD", {"momentum": 0.9}, 20), ("Adam", {}, 28), ("AdamW", {}, 28))
    for size in UPDATE_SIZES:
        for name, options, bytes_of_parameter in kinds:
            parameter = torch.zeros(size, device="cuda", requires_grad=True)
            parameter.grad = torch.full_like(parameter, 1e-2)
            optimizer = getattr(torch.optim, name)([parameter], lr=1e-6, fused=True, **options)
            seconds = measure(torch, optimizer.step, arguments.seconds)
            label = name + (" m." if options else "")
            print(f"{label:10}{size:14,}{seconds * 1e6:14.2f}"
                  f"{bytes_of_parameter * size / seconds * 1e-9:10.0f}", flush=True)


def main():
    arguments = parse_arguments()
    torch = load_torch()
    torch.backends.cuda.matmul.allow_tf32 = False
    print(f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}, "
          f"{torch.cuda.get_device_name()}")
    print_steps(torch, arguments)
    print_updates(torch, arguments)


if __name__ == "__main__":
    main()
