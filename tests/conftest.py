"""What all tests share: quiet TensorFlow, and the shared material (goldens, checkpoints, photographs)."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", os.environ.get("SLIMZOO_TEST_GPU", "-1"))

import pytest

SHARED = Path(os.environ.get("SLIMZOO_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with goldens, real checkpoints and VOC images; a test that needs it skips where it is not."""
    if not SHARED.is_dir():
        pytest.skip(f"no folder {SHARED} with goldens and real files (set SLIMZOO_SHARED to name it)")
    return SHARED
