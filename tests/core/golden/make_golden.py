#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes ops.json: values and gradients of operations, losses and layers by PyTorch.

    pip install torch && tests/core/golden/make_golden.py

Inputs are small fractions, exact in float32. A case is a name, its inputs, the output, and the
gradient of each input that has one where the output is weighed with 1, 2, 3, ... golden_test.cpp
has the same names.
"""

import json
import pathlib

import torch
from torch.nn import functional as f

torch.set_num_threads(1)
CASES = []


def numbers(*shape, seed=1, low=-2.0, high=2.0):
    """Multiples of 1/64 in [low, high), without 0 and without equals next to each other."""
    count = 1
    for size in shape:
        count *= size
    span = int((high - low) * 64)
    values = [low + ((i * 37 + seed * 101 + 11) % span) / 64 for i in range(count)]
    values = [value if value != 0 else 1 / 128 for value in values]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def entry(tensor):
    return {"shape": list(tensor.shape), "values": tensor.detach().double().flatten().tolist()}


def case(name, op, *inputs, grad=None):
    """grad: the numbers of the inputs that have one; all where none is given."""
    inputs = [tensor.clone() for tensor in inputs]
    grad = range(len(inputs)) if grad is None else grad
    for i in grad:
        inputs[i].requires_grad_()
    output = op(*inputs)
    written = {"name": name, "inputs": [entry(x) for x in inputs], "output": entry(output)}
    if grad:
        weights = torch.arange(1, output.numel() + 1, dtype=torch.float64).reshape(output.shape)
        output.backward(weights)
        written["gradients"] = {str(i): entry(inputs[i].grad) for i in grad}
    CASES.append(written)


def whole(*values):
    return torch.tensor(values, dtype=torch.float64)


def elementwise():
    x, y = numbers(3, 4), numbers(4, seed=5)
    positive = numbers(3, 4, low=0.25, high=3.0)
    case("pow", torch.pow, positive, y)
    case("pow_2.5", lambda a: a**2.5, positive)
    case("maximum", torch.maximum, x, y)
    case("minimum", torch.minimum, x, y)
    case("clamp", lambda a: a.clamp(-1, 0.5), x)
    case("where", lambda a, b: torch.where(a > b, a, b * 2), x, y)
    case("masked_fill", lambda a: a.masked_fill(a < 0.3, 7), x)
    for name in ["sin", "cos", "expm1"]:
        case(name, getattr(torch, name), x)
    for name in ["sign", "floor"]:
        case(name, getattr(torch, name), x, grad=[])
    case("log1p", torch.log1p, positive)
    case("softplus", f.softplus, x)
    case("leaky_relu", lambda a: f.leaky_relu(a, 0.2), x)
    case("elu", lambda a: f.elu(a, 1.5), x)
    for name in ["eq", "ne", "lt", "le", "gt", "ge"]:
        case(name, getattr(torch, name), x.round(), y.round(), grad=[])


def reductions():
    x = numbers(3, 4, 2)
    case("var", torch.var, x)
    case("var_1", lambda a: a.var(1, keepdim=True), x)
    case("var_1_biased", lambda a: a.var(1, correction=0), x)
    case("std", torch.std, x)
    case("std_0", lambda a: a.std(0), x)
    case("norm", torch.linalg.vector_norm, x)
    case("norm_1", lambda a: torch.linalg.vector_norm(a, dim=1), x)
    case("logsumexp_1", lambda a: a.logsumexp(1), x)
    case("max_1", lambda a: a.max(1).values, x)
    case("min_2", lambda a: a.min(2, keepdim=True).values, x)
    case("argmax_1", lambda a: a.argmax(1), x, grad=[])
    case("argmin_0", lambda a: a.argmin(0), x, grad=[])
    case("sum_0_2", lambda a: a.sum((0, 2)), x)
    case("mean_1_2", lambda a: a.mean((1, 2), keepdim=True), x)


def shapes():
    x, y = numbers(3, 4), numbers(2, 4, seed=7)
    case("cat", lambda a, b: torch.cat([a, b]), x, y)
    case("stack", lambda a, b: torch.stack([a, b], 1), x, numbers(3, 4, seed=3))
    case("split", lambda a: a.split(3, 1)[1] * 2, x)
    case("permute", lambda a: a.permute(2, 0, 1) * 1.5, numbers(2, 3, 4))
    case("expand", lambda a: a.expand(3, 4), numbers(3, 1))
    case("flatten", lambda a: a.flatten(1), numbers(2, 3, 4))
    case("squeeze", lambda a: a.unsqueeze(1).squeeze(1), x)
    case("index_select_1", lambda a, i: a.index_select(1, i.long()), x, whole(3, 0, 3), grad=[0])
    index = whole(0, 2, 1, 3, 3, 3).reshape(3, 2)
    case("gather_1", lambda a, i: a.gather(1, i.long()), x, index, grad=[0])
    case("sort_1", lambda a: a.sort(dim=1, stable=True).values, x)
    case("argsort_0", lambda a: a.argsort(stable=True, dim=0, descending=True), x, grad=[])
    case("topk_2", lambda a: a.topk(2, 1).values, x)
    case("smallest_2", lambda a: a.topk(2, 1, largest=False).values.sort(1).values, x)
    case("one_hot", lambda i: f.one_hot(i.long(), 4), whole(3, 0, 1), grad=[])
    case("linspace", lambda: torch.linspace(-1, 2, 7, dtype=torch.float64), grad=[])


def losses():
    logits, weight = numbers(5, 3), torch.tensor([0.5, 2.0, 1.25], dtype=torch.float64)
    classes = whole(2, 0, 1, 1, 2)
    soft = numbers(5, 3, low=0.25, high=1.0)
    soft = (soft / soft.sum(1, keepdim=True) * 1024).round() / 1024
    for reduction in ["none", "mean", "sum"]:
        for smoothing in [0.0, 0.25]:
            options = {"reduction": reduction, "label_smoothing": smoothing}
            suffix = f"_{reduction}_{smoothing}"
            case("cross_entropy_weighted" + suffix,
                 lambda x, t, w, o=options: f.cross_entropy(x, t.long(), w, **o),
                 logits, classes, weight, grad=[0])
            case("cross_entropy_ignoring" + suffix,
                 lambda x, t, w, o=options: f.cross_entropy(x, t.long(), w, ignore_index=1, **o),
                 logits, classes, weight, grad=[0])
            case("cross_entropy_soft" + suffix,
                 lambda x, t, w, o=options: f.cross_entropy(x, t, w, **o),
                 logits, soft, weight, grad=[0])
    case("binary_cross_entropy", f.binary_cross_entropy_with_logits, logits, soft)


def layers():
    x, weight, bias = numbers(4, 3), numbers(3, seed=2, low=0.5), numbers(3, seed=4)
    case("layer_norm", lambda a, w, b: f.layer_norm(a, [3], w, b), x, weight, bias)
    case("batch_norm", lambda a, w, b: f.batch_norm(a, None, None, w, b, True), x, weight, bias)
    case("batch_norm_of_length", lambda a, w, b: f.batch_norm(a, None, None, w, b, True),
         numbers(2, 3, 5), weight, bias)

    def trained(*batches):
        layer = torch.nn.BatchNorm1d(3, momentum=0.25, dtype=torch.float64)
        for batch in batches:
            layer(batch)
        return torch.cat([layer.running_mean, layer.running_var, layer.eval()(batches[0])[0]])

    case("batch_norm_running", trained, x, numbers(4, 3, seed=9), grad=[])
    case("embedding", lambda i, w: f.embedding(i.long(), w), whole(2, 0, 2), x, grad=[1])


def main():
    elementwise()
    reductions()
    shapes()
    losses()
    layers()
    target = pathlib.Path(__file__).with_name("ops.json")
    lines = ",\n".join(json.dumps(case) for case in CASES)
    target.write_text(f'{{"torch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
    print(f"{target}: {len(CASES)} cases")


if __name__ == "__main__":
    main()
