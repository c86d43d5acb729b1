"""A tiny model, and many small pictures of which some are broken."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import cifarnet, refused, slimzoo  # noqa: F401  # fixtures

BROKEN = (4, 11)  # of the pictures


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """A folder of 23 pictures, of which two are broken."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for i in range(23):
        path = folder / f"below {i % 3}" / f"{i:02d}.jpg"
        path.parent.mkdir(exist_ok=True)
        size = (30 + i, 60 - i, 3)
        Image.fromarray(random.integers(0, 255, size, dtype=np.uint8)).save(path, quality=90)
        if i in BROKEN:
            path.write_bytes(path.read_bytes()[: (0, 150)[i == BROKEN[0]]])
    return folder


@pytest.fixture(scope="session")
def loaded(cifarnet):  # noqa: F811
    """The tiny model of a recipe, with features."""
    from slimzoo.streaming.engine import load_recipe
    from slimzoo.streaming.recipe import Recipe

    return load_recipe(Recipe(model=str(cifarnet), features="fc3", top=2, batch_size=4))


def read_rows(path) -> list[dict]:
    """The rows of a .jsonl file."""
    return [json.loads(line) for line in Path(path).read_text().splitlines()]
