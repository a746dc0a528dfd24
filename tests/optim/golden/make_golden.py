#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes optimizers.json: what PyTorch's SGD, Adam, AdamW and RMSprop make of given gradients.

    pip install torch && tests/optim/golden/make_golden.py

Parameters and gradients are small fractions, exact in float32, from the integer formulas below;
golden_test.cpp has the same. A case is one run of STEPS updates; its parameters are kept after the
steps in KEPT, and its state after the last.
"""

import itertools
import json
import pathlib

import torch

STEPS = 60
KEPT = [1, 2, 3, 5, 10, 11, 12, 21, 26, 40, 60]
SHAPES = [[3, 2], [5], [1]]


def initial(number, shape, dtype):
    count = torch.Size(shape).numel()
    values = [((i * 53 + number * 29 + 17) % 97 - 48) / 32 for i in range(count)]
    return torch.tensor(values, dtype=dtype).reshape(shape).requires_grad_()


def gradient(number, step, shape, dtype):
    count = torch.Size(shape).numel()
    values = [((step * 37 + i * 101 + number * 61 + 13) % 211 - 105) / 64 for i in range(count)]
    return torch.tensor(values, dtype=dtype).reshape(shape)


def has_gradient(pattern, number, step):
    return {
        "always": True,
        "late": number != 1 or step >= 10,
        "alternating": (step + number) % 3 != 0,
    }[pattern]


def run(name, optimizer, groups, pattern="always", changes=None, dtype=torch.float64):
    """groups: the options of each; changes: {step: options}, set in all groups before that step."""
    parameters = []
    described = []
    for options in groups:
        members = [initial(len(parameters) + i, shape, dtype) for i, shape in enumerate(SHAPES)]
        parameters += members
        described.append({"params": members, **options})
    torch_optimizer = getattr(torch.optim, optimizer)(described, foreach=False)
    changes = changes or {}
    kept = {}
    for step in range(STEPS):
        for group in torch_optimizer.param_groups:
            group.update(changes.get(step, {}))
        for number, parameter in enumerate(parameters):
            given = has_gradient(pattern, number, step)
            parameter.grad = (
                gradient(number, step, list(parameter.shape), dtype) if given else None
            )
        torch_optimizer.step()
        if step + 1 in KEPT:
            kept[step + 1] = [parameter.flatten().tolist() for parameter in parameters]
    state = {}
    for number, parameter in enumerate(parameters):
        for field, value in torch_optimizer.state.get(parameter, {}).items():
            if value is not None:
                state[f"state.{number}.{field}"] = torch.as_tensor(value).flatten().tolist()
    return {
        "name": name,
        "optimizer": optimizer,
        "dtype": str(dtype).removeprefix("torch."),
        "groups": groups,
        "pattern": pattern,
        "changes": {str(step): change for step, change in changes.items()},
        "parameters": kept,
        "state": state,
    }


def products(**choices):
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values))


def option_cases():
    decay = [0.0, 0.05]
    sides = [False, True]
    for options in products(weight_decay=decay, maximize=sides):
        yield "SGD", {"lr": 0.05, **options}
    for options in products(weight_decay=decay, maximize=sides, dampening=[0.0, 0.3]):
        yield "SGD", {"lr": 0.05, "momentum": 0.9, **options}
    for options in products(weight_decay=decay, maximize=sides):
        yield "SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True, **options}
    for options in products(weight_decay=decay, maximize=sides, momentum=[0.0, 0.7], centered=sides):
        yield "RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-6, **options}
    for optimizer in ["Adam", "AdamW"]:
        for options in products(weight_decay=decay, maximize=sides, amsgrad=sides):
            yield optimizer, {"lr": 0.02, **options}
        yield optimizer, {"lr": 0.02, "betas": [0.5, 0.9], "eps": 0.01}
        yield optimizer, {"lr": 0.02, "betas": [0.0, 0.99], "eps": 1e-6, "amsgrad": True}


def cases():
    halved = {"SGD": {25: {"lr": 0.025}}}
    halved |= {name: {25: {"lr": 0.01}} for name in ["Adam", "AdamW", "RMSprop"]}
    for optimizer, options in option_cases():
        name = optimizer + "".join(f" {field}={value}" for field, value in options.items())
        for dtype in [torch.float64, torch.float32]:
            yield run(name, optimizer, [options], changes=halved[optimizer], dtype=dtype)
    heavy = {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.05}
    adam = {"lr": 0.02, "amsgrad": True, "weight_decay": 0.05}
    for pattern in ["late", "alternating"]:
        yield run(f"SGD {pattern}", "SGD", [heavy], pattern)
        yield run(f"Adam {pattern}", "Adam", [adam], pattern)
        yield run(f"AdamW {pattern}", "AdamW", [adam], pattern)
        yield run(f"Adam {pattern}, two groups", "Adam", [adam, {"lr": 0.1}], pattern)
    yield run("SGD two groups", "SGD", [heavy, {"lr": 0.01}])
    yield run("AdamW two groups", "AdamW", [adam, {"lr": 0.1, "betas": [0.7, 0.9]}])
    yield run("SGD momentum comes late", "SGD", [{"lr": 0.05}],
              changes={20: {"momentum": 0.9, "dampening": 0.3}})
    yield run("SGD momentum pauses", "SGD", [heavy],
              changes={20: {"momentum": 0.0}, 30: {"momentum": 0.9}})
    yield run("AdamW options change", "AdamW", [adam],
              changes={20: {"weight_decay": 0.0, "eps": 1e-3}, 30: {"betas": [0.8, 0.99]}})


def main():
    all_cases = list(cases())
    target = pathlib.Path(__file__).with_name("optimizers.json")
    lines = ",\n".join(json.dumps(case) for case in all_cases)
    header = json.dumps({"torch": torch.__version__, "steps": STEPS})[1:-1]
    target.write_text(f'{{{header}, "cases": [\n{lines}\n]}}\n')
    print(f"{target}: {len(all_cases)} cases")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
