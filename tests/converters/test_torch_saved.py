"""What PyTorch itself saved, where it is installed: it runs in a process of its own."""

import importlib.util

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.parity import process


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Returns the folder of what PyTorch itself saved, in a process of its own."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: pip install 'slimzoo[test-torch]'")
    folder = tmp_path_factory.mktemp("saved")
    process.run("tests.converters.torch_child:save_files", folder, "torch.save")
    return folder


@pytest.mark.parametrize("form", ["zip", "legacy"])
@pytest.mark.parametrize("name", ["plain", "nested", "model"])
def test_what_pytorch_saves_is_read_bit_by_bit(name, form, saved):
    source, expected = converters.read(saved / f"{name}_{form}.pth"), np.load(saved / f"{name}_{form}.npz")
    assert list(source) == list(expected)
    for key, wanted in expected.items():
        assert source[key].tobytes() == wanted.tobytes() and source.shapes[key] == wanted.shape


@pytest.mark.parametrize(
    "name, told",
    [
        ("whole_zip", r"torch\.nn\.modules\.conv\.Conv2d"),
        ("whole_legacy", r"torch\.nn\.modules\.conv\.Conv2d"),
        ("script", "is TorchScript"),
    ],
)
def test_what_pytorch_saves_with_code_in_it_is_refused_by_name(name, told, saved):
    with pytest.raises(SlimzooError, match=told):
        converters.read(saved / f"{name}.pt")
