"""What all tests share: quiet TensorFlow, and the shared material (goldens, checkpoints, photographs)."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", os.environ.get("SLIMZOO_TEST_GPU", "-1"))

import pytest

SHARED = Path(os.environ.get("SLIMZOO_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with goldens, real checkpoints and VOC images; a test that needs it skips where it is
    not.
    """
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
                tf.random.uniform([])
            except RuntimeError:
                pytest.fail("this test switched op determinism on for all tests after it")
