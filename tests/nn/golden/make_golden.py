# SPDX-License-Identifier: MIT
"""Writes golden.json: what PyTorch computes, values and gradients, in float64.

    python3 make_golden.py        (needs torch)

Each case has an op with its options, inputs (null gradient: none was asked for), the weights of the
outputs in the sum that is differentiated, and the output.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20240501)

OPS = {
    "linear": lambda x, w, b: F.linear(x, w, b),
    "linear_relu": lambda x, w, b: F.relu(F.linear(x, w, b)),
    "linear_gelu": lambda x, w, b: F.gelu(F.linear(x, w, b)),
    "gelu": lambda x: F.gelu(x),
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": lambda x: F.silu(x),
    "softmax": lambda x: F.softmax(x, dim=1),
    "log_softmax": lambda x: F.log_softmax(x, dim=0),
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "huber_loss": F.huber_loss,
    "cross_entropy_loss": F.cross_entropy,
}


def numbers(*shape, scale=1.0):
    # Few digits, so that the file is short and says exactly what went in.
    return (torch.randn(shape) * scale * 64).round() / 64


def case(op, inputs, differentiable, **options):
    leaves = [x.clone().requires_grad_(i in differentiable) for i, x in enumerate(inputs)]
    arguments = [x.long() if op == "cross_entropy_loss" and i == 1 and x.dim() == 1 else x
                 for i, x in enumerate(leaves)]
    output = OPS[op](*arguments, **options)
    weights = numbers(*output.shape)
    output.backward(weights)
    flat = lambda t: t.detach().reshape(-1).tolist()
    return {
        "op": op,
        "options": options,
        "inputs": [{"shape": list(x.shape), "values": flat(x),
                    "grad": None if x.grad is None else flat(x.grad)} for x in leaves],
        "weights": flat(weights),
        "output": {"shape": list(output.shape), "values": flat(output)},
    }


def cases():
    x, w, b = numbers(4, 5), numbers(3, 5, scale=0.5), numbers(3)
    for op in ("linear", "linear_relu", "linear_gelu"):
        yield case(op, [x, w, b], (0, 1, 2))
    edges = torch.tensor([0.0, -0.0, 1e-3, -1e-3, 0.5, -0.5, 1, -1, 3, -3, 6, -6, 12, -12])
    for op in ("gelu", "gelu_tanh", "silu"):
        yield case(op, [edges], (0,))
    for op in ("softmax", "log_softmax"):
        yield case(op, [numbers(3, 4, scale=3)], (0,))
    for reduction in ("none", "mean", "sum"):
        pair = [numbers(3, 4), numbers(3, 4)]
        pair[0][0, 0] = pair[1][0, 0]  # the kink of l1
        yield case("mse_loss", pair, (0, 1), reduction=reduction)
        yield case("l1_loss", pair, (0, 1), reduction=reduction)
        for delta in (1.0, 0.5):
            pair[0][0, 1] = pair[1][0, 1] + delta
            yield case("huber_loss", pair, (0, 1), reduction=reduction, delta=delta)
        logits = numbers(4, 5, scale=2)
        classes = torch.tensor([0.0, 4.0, 2.0, 2.0])
        probabilities = F.softmax(numbers(4, 5), dim=1)
        for label_smoothing in (0.0, 0.1, 1.0):
            for target in (classes, probabilities):
                yield case("cross_entropy_loss", [logits, target], (0,), reduction=reduction,
                           label_smoothing=label_smoothing)


if __name__ == "__main__":
    text = ",\n".join(json.dumps(c) for c in cases())
    path = pathlib.Path(__file__).with_name("golden.json")
    path.write_text(f'{{"torch": "{torch.__version__}", "cases": [\n{text}\n]}}\n')
