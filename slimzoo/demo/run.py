"""slimzoo demo: draws a small VOC set, fine-tunes twice, shows what restored weights are worth. Offline."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slimzoo.demo import draw

MODEL, WEIGHTS = "mobilenet_v1_025", "drawn"
CLASSES = tuple(draw.VOC)[:10]  # aeroplane to cow; the weights never saw one of them
IMAGES, SIZE, SEED = 400, 120, 7  # drawn; half to train on, half to measure with
OPTIONS = {"batch_size": 16, "epochs": 18}


@dataclass
class DemoResult:
    """What run() made."""

    restored: Any  # training.Result
    scratch: Any
    data: Path
    seconds: float

    @property
    def report(self) -> Path:
        """The page to look at: the restored run, with the other one beside it."""
        return self.restored.report

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "map_restored": self.restored.evaluation.map,
            "map_from_scratch": self.scratch.evaluation.map,
            "report": str(self.report),
            "data": str(self.data),
            "seconds": self.seconds,
        }


def run(
    out: str | os.PathLike = "slimzoo-demo", progress: bool = True, overwrite: bool = False
) -> DemoResult:
    """Draws VOC-format images of 10 classes and fine-tunes MobileNet v1 0.25 on them, restored and from scratch.

    Args:
      out: folder for the drawn set and the two runs.
      overwrite: replaces what an earlier demo left in `out`.
    Raises: FileExistsError: `out` holds something.
    """
    import shutil

    from slimzoo.data import voc
    from slimzoo.report import Run
    from slimzoo.training.finetune import finetune

    start = time.monotonic()
    out = Path(out)
    data = out / "VOCdevkit"
    if overwrite:
        shutil.rmtree(data, ignore_errors=True)
    draw.draw_voc(out, CLASSES, IMAGES, SEED, size=SIZE)
    train, validation = (voc.read(data, split=part, classes=CLASSES) for part in ("train", "val"))
    common: dict[str, Any] = {
        "model": MODEL,
        "size": 96,
        "options": OPTIONS,
        "progress": progress,
        "overwrite": overwrite,
        "seed": SEED,
    }
    scratch = finetune(
        train, validation, out / "from-scratch", weights=None, title="Demo: from scratch", **common
    )
    restored = finetune(
        train,
        validation,
        out / "restored",
        weights=WEIGHTS,
        command="slimzoo demo",
        title="Demo: MobileNet v1 0.25, restored, on drawn VOC images",
        comparison=[Run("from scratch", scratch.history, scratch.evaluation.map)],
        **common,
    )
    return DemoResult(restored, scratch, data, time.monotonic() - start)
