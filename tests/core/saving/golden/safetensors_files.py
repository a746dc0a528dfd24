# SPDX-License-Identifier: MIT
"""Files that go between Kindling and Python's package safetensors.

    python3 safetensors_files.py          (needs safetensors and numpy, or torch)

Writes python.safetensors, the state of nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)),
and checks that kindling.safetensors, which Kindling wrote, holds what the tests put into it: both
with numbers that say where they belong. With torch both go through such an nn.Sequential.
"""
import pathlib

import numpy
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

FOLDER = pathlib.Path(__file__).parent
SHAPES = {"0.weight": (4, 3), "0.bias": (4,), "2.weight": (2, 4), "2.bias": (2,)}


def state(first):
    """first, first + 1/8, ... through all parameters in order."""
    tensors = {}
    for name, shape in SHAPES.items():
        count = numpy.prod(shape)
        tensors[name] = (first + numpy.arange(count) / 8).astype(numpy.float32).reshape(shape)
        first += count / 8
    return tensors


def check_equal(found, expected):
    assert list(found) == list(expected) or set(found) == set(expected), list(found)
    for name, values in expected.items():
        assert found[name].dtype == values.dtype and found[name].shape == values.shape, name
        assert found[name].tobytes() == values.tobytes(), name


def with_torch():
    try:
        import torch
        from safetensors.torch import load_model, save_model
    except ImportError:
        return "numpy alone: there is no torch here"

    def model():
        return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))

    ours = model()
    load_model(ours, FOLDER / "kindling.safetensors", strict=True)
    check_equal({k: v.numpy() for k, v in ours.state_dict().items()}, state(-1))
    theirs = model()
    theirs.load_state_dict({k: torch.from_numpy(v) for k, v in state(1).items()})
    save_model(theirs, str(FOLDER / "python.safetensors"))
    return "torch"


save_file(state(1), FOLDER / "python.safetensors")
check_equal(load_file(FOLDER / "kindling.safetensors"), state(-1))
run = load_file(FOLDER / "kindling_run.safetensors")
assert run["optimizer.param_groups.0.lr"] == 0.25 and run["random.seed_low"].dtype == numpy.float64
assert run["optimizer.state.1.exp_avg"].shape == (4,) and run["scheduler.last_epoch"] == 1
with safe_open(FOLDER / "kindling_run.safetensors", "numpy") as file:
    assert file.metadata() == {"format": "pt", "kindling": "optimizer. scheduler. random."}
print("both ways, with", with_torch())
