"""Loaded by pytest inside each process of tools/peer_tests.py: who is `tf_slim`, and what moved since.

The test files reach into TensorFlow and NumPy by names of 2020. Where such a name only moved, or went while
what it named is still there, SHIMS puts it back, so that the substance of the test runs. It is done in the
same way for slimzoo and for the baseline.
"""

import importlib
import importlib.util
import os
import sys
import tomllib
import types
from pathlib import Path
from typing import Any

INSIDE_TENSORFLOW = Path(__file__).parents[2] / "slimzoo" / "compat" / "inside_tensorflow.toml"
SHIMS = {  # old place: where it is today, by its public name
    **{module: names for module, names in tomllib.loads(INSIDE_TENSORFLOW.read_text()).items() if names},
    "numpy": {
        "bool": "builtins.bool",
        "complex": "builtins.complex",
        "float": "builtins.float",
        "int": "builtins.int",
        "object": "builtins.object",
        "product": "numpy.prod",
        "str": "builtins.str",
    },
}


def pytest_configure() -> None:
    """Decides who answers to `tf_slim`, and puts the moved names where the test files look for them."""
    if os.environ["PEER_TESTS_SUBJECT"] == "slimzoo":
        from slimzoo.compat import finder

        finder.serve()
    _nose()
    for module, names in SHIMS.items():
        old = importlib.import_module(module)
        for name, place in names.items():
            if name not in vars(old):
                setattr(old, name, _located(place))
    _test_utils(Path(os.environ["PEER_TESTS_TREE"]) / "data" / "test_utils.py")


def _located(place: str) -> Any:
    module, _, name = place.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _nose() -> None:
    """`nose.tools.nottest`, which evaluation_test takes from a package that current Python cannot run."""
    nose, tools = types.ModuleType("nose"), types.ModuleType("nose.tools")

    def nottest(function: Any) -> Any:
        function.__test__ = False
        return function

    vars(tools)["nottest"], vars(nose)["tools"] = nottest, tools
    sys.modules.setdefault("nose", nose)
    sys.modules.setdefault("nose.tools", tools)


def _test_utils(path: Path) -> None:
    """`tf_slim.data.test_utils`, which is support of the tests and therefore the peer's own."""
    name = "tf_slim.data.test_utils"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data = sys.modules.get("tf_slim.data")
    if data is not None:
        vars(data)["test_utils"] = module
