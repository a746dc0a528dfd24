#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes <Scheduler>.json beside this script: learning rates (and momenta) of the real PyTorch, step by step.

Needs `pip install torch`; the tests only read the files. Every case has `lr[group][t]`, the learning rate of update t,
t = 0 .. STEPS - 1; the options carry PyTorch's names. Functions are named, and defined again in ../golden.h.
Cases where PyTorch throws or is wrong are not here: docs/schedulers.md lists them, and schedule_test.cpp tests what
Kindling does instead.
"""
import json
import math
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as S
from torch.optim.swa_utils import SWALR

STEPS = 321
FOLDER = pathlib.Path(__file__).parent

FUNCTIONS = {
    "0.95^t": lambda t: 0.95**t,
    "1/(1+t)": lambda t: 1 / (1 + t),
    "min(1,t/5)": lambda t: min(1.0, t / 5),
    "sqrt(1+t)/20": lambda t: math.sqrt(1 + t) / 20,
    "cos^2(t/50)": lambda t: math.cos(t / 50) ** 2,
    "0.99": lambda t: 0.99,
    "1-1/(t+2)": lambda t: 1 - 1 / (t + 2),
    "t%10==0?0.5:1": lambda t: 0.5 if t % 10 == 0 else 1.0,
    "1+0.02cos(t)": lambda t: 1 + 0.02 * math.cos(t),
    "1+1e-3": lambda t: 1 + 1e-3,
    "1/2^(c-1)": lambda c: 1 / 2 ** (c - 1),
    "0.999^t": lambda t: 0.999**t,
}

METRICS = {
    "falling": [1 / (1 + t) if t < 40 else 1 / 41 + 1e-6 * (t % 3) for t in range(STEPS)],
    "noisy": [math.sin(0.7 * t) + math.cos(0.13 * t) - 0.002 * t for t in range(STEPS)],
    "negative": [-math.log(1 + t) if t % 50 < 30 else -1.0 for t in range(STEPS)],
    "holes": [math.nan if t % 7 == 3 or 100 <= t < 130 else 1 / (1 + t // 20) for t in range(STEPS)],
    "infinite": [math.inf if t % 20 < 3 else (-math.inf if t == 200 else 5 - 0.01 * t) for t in range(STEPS)],
}


def optimizer_for(base_lr, adam=False):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in base_lr]
    return torch.optim.Adam(groups) if adam else torch.optim.SGD(groups, momentum=0.5)


def build(name, optimizer, options):
    """One PyTorch scheduler; {"schedulers": [[name, options], ...]} nests."""
    options = dict(options)
    if "schedulers" in options:
        children = [build(child, optimizer, o) for child, o in options.pop("schedulers")]
        return getattr(S, name)(optimizer, children, **options) if name == "SequentialLR" else S.ChainedScheduler(children)
    for key in ("lr_lambda", "scale_fn"):
        if isinstance(options.get(key), str):
            options[key] = FUNCTIONS[options[key]]
        elif isinstance(options.get(key), list):
            options[key] = [FUNCTIONS[f] for f in options[key]]
    return (SWALR if name == "SWALR" else getattr(S, name))(optimizer, **options)


def momentum_of(group):
    return group["betas"][0] if "betas" in group else group["momentum"]


def run(name, base_lr, options, steps=STEPS, adam=False):
    optimizer = optimizer_for(base_lr, adam)
    scheduler = build(name, optimizer, options)
    lr, momentum = [[] for _ in base_lr], [[] for _ in base_lr]
    for t in range(steps):
        for g, group in enumerate(optimizer.param_groups):
            lr[g].append(group["lr"])
            momentum[g].append(momentum_of(group))
        optimizer.step()
        if t + 1 < steps:
            scheduler.step()
    case = {"options": options, "base_lr": base_lr, "lr": lr}
    if options.get("cycle_momentum", name in ("CyclicLR", "OneCycleLR")):
        case["momentum"] = momentum
    return case


def plateau(metrics_name, base_lr, **options):
    optimizer = optimizer_for(base_lr)
    scheduler = S.ReduceLROnPlateau(optimizer, **options)
    lr = [[] for _ in base_lr]
    for metric in METRICS[metrics_name]:
        scheduler.step(metric)
        for g, group in enumerate(optimizer.param_groups):
            lr[g].append(group["lr"])
    return {"options": options, "base_lr": base_lr, "metrics": metrics_name, "lr": lr}


TWO = [0.1, 0.003]


def cases():
    yield "LambdaLR", [
        run("LambdaLR", [0.1], {"lr_lambda": "0.95^t"}),
        run("LambdaLR", [0.1], {"lr_lambda": "min(1,t/5)"}),
        run("LambdaLR", [2.0], {"lr_lambda": "1/(1+t)"}),
        run("LambdaLR", [1e-3], {"lr_lambda": "sqrt(1+t)/20"}),
        run("LambdaLR", TWO, {"lr_lambda": ["cos^2(t/50)", "0.95^t"]}),
        run("LambdaLR", TWO, {"lr_lambda": "cos^2(t/50)"}),
    ]
    yield "MultiplicativeLR", [
        run("MultiplicativeLR", [0.1], {"lr_lambda": "0.99"}),
        run("MultiplicativeLR", [0.1], {"lr_lambda": "1-1/(t+2)"}),
        run("MultiplicativeLR", [1.0], {"lr_lambda": "t%10==0?0.5:1"}),
        run("MultiplicativeLR", [0.01], {"lr_lambda": "1+0.02cos(t)"}),
        run("MultiplicativeLR", TWO, {"lr_lambda": ["0.99", "1+1e-3"]}),
    ]
    yield "StepLR", [
        run("StepLR", [0.1], {"step_size": 30}),
        run("StepLR", [0.1], {"step_size": 1, "gamma": 0.97}),
        run("StepLR", [0.5], {"step_size": 7, "gamma": 0.5}),
        run("StepLR", [1e-3], {"step_size": 100, "gamma": 1.5}),
        run("StepLR", [0.1], {"step_size": 1000, "gamma": 0.1}),
        run("StepLR", TWO, {"step_size": 50, "gamma": 0.3}),
    ]
    yield "MultiStepLR", [
        run("MultiStepLR", [0.1], {"milestones": [30, 80]}),
        run("MultiStepLR", [0.1], {"milestones": [0, 100], "gamma": 0.5}),
        run("MultiStepLR", [0.1], {"milestones": [50, 50, 120], "gamma": 0.3}),
        run("MultiStepLR", [0.1], {"milestones": [200, 10, 100], "gamma": 0.7}),
        run("MultiStepLR", [0.1], {"milestones": [0, 0, 0, 1, 1, 400], "gamma": 0.9}),
        run("MultiStepLR", TWO, {"milestones": [1, 2, 3, 299], "gamma": 0.2}),
    ]
    yield "ConstantLR", [
        run("ConstantLR", [0.1], {}),
        run("ConstantLR", [0.1], {"factor": 0.5, "total_iters": 1}),
        run("ConstantLR", [0.1], {"factor": 0.1, "total_iters": 100}),
        run("ConstantLR", [0.7], {"factor": 1.0, "total_iters": 10}),
        run("ConstantLR", [0.1], {"factor": 0.25, "total_iters": 1000}),
        run("ConstantLR", TWO, {"factor": 0.3, "total_iters": 40}),
    ]
    yield "LinearLR", [
        run("LinearLR", [0.1], {}),
        run("LinearLR", [0.1], {"start_factor": 0.5, "total_iters": 1}),
        run("LinearLR", [0.1], {"start_factor": 1e-3, "total_iters": 300}),
        run("LinearLR", [0.1], {"start_factor": 1.0, "end_factor": 0.01, "total_iters": 200}),
        run("LinearLR", [0.3], {"start_factor": 0.01, "end_factor": 0.7, "total_iters": 2}),
        run("LinearLR", [0.1], {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 64}),
        run("LinearLR", TWO, {"start_factor": 0.1, "end_factor": 0.9, "total_iters": 1000}),
    ]
    yield "ExponentialLR", [
        run("ExponentialLR", [0.1], {"gamma": 0.9}),
        run("ExponentialLR", [0.1], {"gamma": 0.999}),
        run("ExponentialLR", [1.0], {"gamma": 0.5}),
        run("ExponentialLR", [1e-5], {"gamma": 1.02}),
        run("ExponentialLR", [0.1], {"gamma": 1.0}),
        run("ExponentialLR", TWO, {"gamma": 0.97}),
    ]
    yield "SWALR", [
        run("SWALR", [0.1], {"swa_lr": 0.05}),
        run("SWALR", [0.01], {"swa_lr": 0.05, "anneal_epochs": 100}),
        run("SWALR", [0.1], {"swa_lr": 0.02, "anneal_epochs": 40, "anneal_strategy": "linear"}),
        run("SWALR", [0.1], {"swa_lr": 0.02, "anneal_epochs": 1}),
        run("SWALR", TWO, {"swa_lr": [0.03, 0.001], "anneal_epochs": 20}),
    ]
    yield "PolynomialLR", [
        run("PolynomialLR", [0.1], {}),
        run("PolynomialLR", [0.1], {"total_iters": 1, "power": 2.0}),
        run("PolynomialLR", [0.1], {"total_iters": 300, "power": 1.0}),
        run("PolynomialLR", [0.1], {"total_iters": 250, "power": 0.9}),
        run("PolynomialLR", [3.0], {"total_iters": 100, "power": 4.0}),
        run("PolynomialLR", TWO, {"total_iters": 500, "power": 0.5}),
    ]
    yield "CosineAnnealingLR", [
        run("CosineAnnealingLR", [0.1], {"T_max": 320}),
        run("CosineAnnealingLR", [0.1], {"T_max": 100, "eta_min": 1e-3}),
        run("CosineAnnealingLR", [0.1], {"T_max": 50}),
        run("CosineAnnealingLR", [1.0], {"T_max": 1, "eta_min": 0.1}),
        run("CosineAnnealingLR", [0.1], {"T_max": 7, "eta_min": 0.02}),
        run("CosineAnnealingLR", [0.01], {"T_max": 1000, "eta_min": 0.1}),
        run("CosineAnnealingLR", TWO, {"T_max": 90, "eta_min": 1e-5}),
    ]
    yield "CosineAnnealingWarmRestarts", [
        run("CosineAnnealingWarmRestarts", [0.1], {"T_0": 50}),
        run("CosineAnnealingWarmRestarts", [0.1], {"T_0": 10, "T_mult": 2}),
        run("CosineAnnealingWarmRestarts", [0.1], {"T_0": 7, "T_mult": 3, "eta_min": 1e-4}),
        run("CosineAnnealingWarmRestarts", [0.1], {"T_0": 1, "T_mult": 2, "eta_min": 1e-3}),
        run("CosineAnnealingWarmRestarts", [0.1], {"T_0": 1, "T_mult": 1}),
        run("CosineAnnealingWarmRestarts", TWO, {"T_0": 400, "T_mult": 2, "eta_min": 1e-5}),
    ]
    yield "CyclicLR", [
        run("CyclicLR", [0.5], {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 20}),
        run("CyclicLR", [0.5], {"base_lr": 1e-3, "max_lr": 0.1, "step_size_up": 20, "step_size_down": 5,
                                "mode": "triangular2"}),
        run("CyclicLR", [0.5], {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 13, "mode": "exp_range",
                                "gamma": 0.99, "base_momentum": 0.7, "max_momentum": 0.99}),
        run("CyclicLR", [0.5], {"base_lr": 1e-4, "max_lr": 0.1, "step_size_up": 10, "scale_fn": "1/2^(c-1)",
                                "scale_mode": "cycle"}),
        run("CyclicLR", [0.5], {"base_lr": 1e-4, "max_lr": 0.1, "step_size_up": 30, "step_size_down": 1,
                                "scale_fn": "0.999^t", "scale_mode": "iterations"}),
        run("CyclicLR", TWO, {"base_lr": [1e-3, 1e-4], "max_lr": [0.1, 0.05], "step_size_up": 2000,
                              "step_size_down": 100, "cycle_momentum": False}),
        run("CyclicLR", TWO, {"base_lr": [1e-3, 1e-4], "max_lr": [0.1, 0.05], "step_size_up": 1,
                              "mode": "triangular2"}, adam=True),
    ]
    yield "OneCycleLR", [
        run("OneCycleLR", [0.5], {"max_lr": 0.1, "total_steps": STEPS}),
        run("OneCycleLR", [0.5], {"max_lr": 0.1, "total_steps": 400, "anneal_strategy": "linear", "pct_start": 0.25}),
        run("OneCycleLR", [0.5], {"max_lr": 1.0, "epochs": 4, "steps_per_epoch": 90, "three_phase": True}),
        run("OneCycleLR", [0.5], {"max_lr": 0.1, "total_steps": 350, "three_phase": True, "pct_start": 0.6,
                                  "anneal_strategy": "linear"}),
        run("OneCycleLR", [0.5], {"max_lr": 0.1, "total_steps": 10, "pct_start": 0.0, "div_factor": 10.0,
                                  "final_div_factor": 100.0}, steps=10),
        run("OneCycleLR", [0.5], {"max_lr": 0.1, "total_steps": 330, "pct_start": 1.0, "base_momentum": 0.5,
                                  "max_momentum": 0.9}),
        run("OneCycleLR", TWO, {"max_lr": [0.1, 0.02], "total_steps": STEPS, "div_factor": 5.0,
                                "final_div_factor": 1e3}, adam=True),
        run("OneCycleLR", [0.5], {"max_lr": 0.1, "total_steps": 340, "cycle_momentum": False, "pct_start": 0.001}),
    ]
    yield "SequentialLR", [
        run("SequentialLR", [0.1], {"schedulers": [
            ["LinearLR", {"start_factor": 0.01, "total_iters": 20}],
            ["ConstantLR", {"factor": 1.0, "total_iters": 1}],
            ["CosineAnnealingLR", {"T_max": 200, "eta_min": 1e-4}]], "milestones": [20, 120]}),
        run("SequentialLR", [0.1], {"schedulers": [
            ["LinearLR", {"total_iters": 5}], ["ExponentialLR", {"gamma": 0.9}]], "milestones": [5]}),
        run("SequentialLR", TWO, {"schedulers": [
            ["ConstantLR", {"factor": 0.1, "total_iters": 10}], ["StepLR", {"step_size": 50, "gamma": 0.5}],
            ["PolynomialLR", {"total_iters": 100, "power": 2.0}]], "milestones": [10, 200]}),
        run("SequentialLR", [0.1], {"schedulers": [
            ["LambdaLR", {"lr_lambda": "min(1,t/5)"}],
            ["CosineAnnealingWarmRestarts", {"T_0": 10, "T_mult": 2}],
            ["MultiStepLR", {"milestones": [10, 20], "gamma": 0.5}]], "milestones": [6, 251]}),
        run("SequentialLR", [0.1], {"schedulers": [["ExponentialLR", {"gamma": 0.99}]], "milestones": []}),
        run("SequentialLR", [0.1], {"schedulers": [
            ["StepLR", {"step_size": 3, "gamma": 0.5}], ["ExponentialLR", {"gamma": 0.99}]], "milestones": [1]}),
        run("SequentialLR", [0.1], {"schedulers": [
            ["StepLR", {"step_size": 3, "gamma": 0.5}], ["ExponentialLR", {"gamma": 0.99}]], "milestones": [0]}),
    ]
    yield "ChainedScheduler", [
        run("ChainedScheduler", [0.1], {"schedulers": [
            ["ConstantLR", {"factor": 0.1, "total_iters": 20}], ["ExponentialLR", {"gamma": 0.99}]]}),
        run("ChainedScheduler", [0.1], {"schedulers": [
            ["LinearLR", {"start_factor": 0.01, "total_iters": 50}], ["CosineAnnealingLR", {"T_max": 320}]]}),
        run("ChainedScheduler", TWO, {"schedulers": [
            ["LinearLR", {"start_factor": 0.2, "total_iters": 30}], ["StepLR", {"step_size": 50, "gamma": 0.5}],
            ["ExponentialLR", {"gamma": 0.995}]]}),
        run("ChainedScheduler", [0.1], {"schedulers": [
            ["MultiStepLR", {"milestones": [0, 100, 100]}], ["PolynomialLR", {"total_iters": 400, "power": 0.9}]]}),
        run("ChainedScheduler", [0.1], {"schedulers": [
            ["MultiplicativeLR", {"lr_lambda": "1-1/(t+2)"}], ["LinearLR", {"total_iters": 10}]]}),
        run("ChainedScheduler", [0.1], {"schedulers": [["StepLR", {"step_size": 10, "gamma": 0.9}]]}),
    ]

    every = []
    for mode in ("min", "max"):
        for threshold_mode in ("rel", "abs"):
            both = {"mode": mode, "threshold_mode": threshold_mode}
            every += [
                plateau("falling", [0.1], **both),
                plateau("noisy", TWO, factor=0.5, patience=5, cooldown=3, min_lr=[1e-4, 1e-5], **both),
                plateau("negative", [0.1], factor=0.7, patience=3, threshold=0.05, **both),
                plateau("holes", [0.1], factor=0.9, patience=2, cooldown=1, min_lr=1e-3, **both),
                plateau("infinite", [0.1], factor=0.3, patience=0, threshold=0.1, eps=1e-5, **both),
            ]
    yield "ReduceLROnPlateau", every


def main():
    warnings.simplefilter("error")
    torch.manual_seed(0)
    for name, every in cases():
        lines = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in every)
        head = f'"torch":"{torch.__version__}","scheduler":"{name}"'
        if name == "ReduceLROnPlateau":  # JSON has no NaN or infinity: they are strings
            metrics = {k: [m if math.isfinite(m) else str(m) for m in v] for k, v in METRICS.items()}
            head += f',"metrics":{json.dumps(metrics, separators=(",", ":"))}'
        (FOLDER / f"{name}.json").write_text(f'{{{head},"cases":[\n{lines}\n]}}\n')
        print(f"{name}: {len(every)} cases")


if __name__ == "__main__":
    main()
