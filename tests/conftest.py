"""What all tests share: quiet TensorFlow, and the shared material (goldens, checkpoints, photographs)."""

import gc
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", os.environ.get("SLIMZOO_TEST_GPU", "-1"))

import pytest

SHARED = Path(os.environ.get("SLIMZOO_SHARED", Path(__file__).resolve().parents[2] / "shared"))


QUICK = {  # what `pytest -m quick` runs of each part of the house, in two minutes: files, or tests
    "test_files.py": "writing that costs no file",
    "test_names.py": "names and scopes",
    "test_project.py": "the project as a whole",
    "test_registry.py": "networks by name",
    "slim/test_arg_scope.py": "layers: scopes",
    "slim/test_batch_norm.py": "layers: batch norm",
    "slim/test_conv.py": "layers: convolutions",
    "slim/test_signatures.py": "layers: every published signature",
    "slim/test_variables.py": "layers: variables",
    "slim/losses/test_loss_ops.py": "losses",
    "labels": "names of classes",
    "preprocessing/test_spec.py": "preprocessing as data",
    "preprocessing/test_ranges.py": "what pixels are taken for",
    "data/test_folder.py": "images by folder",
    "data/test_voc.py": "Pascal VOC",
    "nets/test_goldens.py::lenet": "numbers of TensorFlow 1.15",
    "nets/test_goldens.py::cifarnet": "numbers of TensorFlow 1.15",
    "nets/test_goldens.py::mobilenet_v1_025": "numbers of TensorFlow 1.15",
    "compat/checking/test_names.py": "old programs, read without running them",
    "tracing/test_discovery.py": "networks before a variable exists",
    "converters/test_conversion.py": "from one format to another",
    "converters/test_matching.py": "what fits what",
    "converters/test_name_maps.py": "other libraries' names",
    "converters/test_safetensors_format.py": "a format",
    "converters/test_tf_checkpoints.py": "TensorFlow's format",
    "converters/test_torch_files.py": "PyTorch's format",
    "restoring": "values into variables",
    "weights/test_download.py": "downloads, from a server of their own",
    "weights/test_manifest.py": "released weights",
    "model/test_model.py": "the Model",
    "weights/test_provenance.py": "which weights a Model has",
    "loading/test_load.py": "from a name to a Model",
    "report/test_data.py": "what a report holds",
    "data/test_average_precision.py": "the measure",
    "training/test_recipes.py": "recipes",
    "training/test_loop.py": "steps of training",
    "training/test_finetune.py": "small runs, from images to a report",
    "compat/test_tables.py": "old names",
    "compat/py2/test_programs.py": "what Python 2.7 printed",
    "cli/test_instant.py": "answers without TensorFlow",
    "cli/test_errors.py": "how a command ends",
    "cli/test_help.py": "what the command line says of itself",
}


@pytest.hookimpl(tryfirst=True)  # before -m picks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that QUICK names, but for slow ones."""
    for item in items:
        file = item.path.relative_to(Path(__file__).parent).as_posix()
        golden = getattr(item, "callspec", None) and item.callspec.params.get("golden")
        known = {file, file.partition("/")[0], f"{file}::{golden}"}
        if known & QUICK.keys() and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.quick)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Takes what stays to the end, TensorFlow and the tests themselves, out of what is searched for garbage.

    That search, anew for each few hundred objects of a graph, was a tenth of the whole suite's work.
    """
    gc.disable()
    result = yield
    gc.freeze()
    gc.set_threshold(5_000, 10, 5)
    gc.enable()
    return result


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with goldens, real checkpoints and VOC images; without it, a test that needs it skips."""
    if not SHARED.is_dir():
        pytest.skip(f"no folder {SHARED} with goldens and real files (set SLIMZOO_SHARED to name it)")
    return SHARED


@pytest.fixture(autouse=True)
def _no_op_determinism_left_behind():
    """Op determinism cannot be taken back: a test that needs it runs a process of its own."""
    yield
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        with tf.Graph().as_default():
            try:
                tf.compat.v1.get_seed(None)  # what every random op asks first
            except RuntimeError:
                pytest.fail("this test switched op determinism on for all tests after it")
