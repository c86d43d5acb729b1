"""What process.py runs in a process of its own."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np

from slimzoo.converters import read
from slimzoo.parity.originals import MODULES, get_original
from slimzoo.parity.process import DONE, IMAGES, LOGITS, REQUEST, VERSIONS, WEIGHTS


def main(call: str, folder: str) -> None:
    """Calls the function `call`, "module:name", with `folder`, and leaves a sign there that it returned."""
    module, _, name = call.partition(":")
    getattr(importlib.import_module(module), name)(Path(folder))
    (Path(folder) / DONE).touch()


def compute(folder: Path) -> None:
    """Writes the logits that a library's network gives for the images and weights in `folder`."""
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    library, images = request["library"], np.load(folder / IMAGES)
    if MODULES[library] == "torch":
        sys.modules["tensorflow"] = None  # type: ignore[assignment]  # importing it says that it is not there
    original = get_original(library, request["network"])
    model = original.build(request["classes"], images.shape[1])
    original.load(model, read(folder / WEIGHTS))
    np.save(folder / LOGITS, original.compute(model, images))
    (folder / VERSIONS).write_text(json.dumps(original.versions()), encoding="utf-8")
