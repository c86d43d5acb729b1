"""slimzoo demo: draws a small VOC set, fine-tunes twice, shows what restored weights are worth. Offline."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slimzoo.demo import draw
from slimzoo.files import write_text

FOLDER = "slimzoo-demo"
MODEL, WEIGHTS, PIXELS = "mobilenet_v1_025", "drawn", 96
CLASSES = tuple(draw.VOC)[:10]  # aeroplane to cow; the weights never saw one of them
IMAGES, SIZE, SEED = 400, 120, 7  # drawn; half to train on, half to measure with
OPTIONS = {"batch_size": 16, "epochs": 18}


@dataclass
class DemoResult:
    """What run() measured, and where it left it."""

    map_restored: float
    map_from_scratch: float
    report: Path  # the page to look at: the restored run, with the other one beside it
    data: Path
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {name: str(v) if isinstance(v, Path) else v for name, v in asdict(self).items()}


def run(out: str | os.PathLike | None = None, progress: bool = True, overwrite: bool = False) -> DemoResult:
    """Draws VOC-format images of 10 classes and fine-tunes MobileNet v1 0.25 on them, restored and from
    scratch.

    A demo that was stopped goes on where it was.

    Args:
      out: folder for the drawn set and the two runs; None: slimzoo-demo, or the next one that no demo
        finished in.
      overwrite: replaces what an earlier demo left in `out`.
    Raises: FileExistsError: `out` holds something else, or a finished demo.
    """
    from slimzoo.report import Run

    start = time.monotonic()
    out = _next_folder() if out is None else Path(out)
    data = _drawn(out, overwrite)
    scratch = _arm(out / "from-scratch", data, None, progress, overwrite, title="Demo: from scratch")
    restored = _arm(
        out / "restored",
        data,
        WEIGHTS,
        progress,
        overwrite,
        command="slimzoo demo",
        title="Demo: MobileNet v1 0.25, restored, on drawn VOC images",
        comparison=[Run("from scratch", scratch.history, scratch.map)],
    )
    report = out / "restored" / "report.html"
    return DemoResult(restored.map, scratch.map, report, data, time.monotonic() - start)


def _next_folder() -> Path:
    """Returns the first of slimzoo-demo, slimzoo-demo-2, ... that holds no finished demo."""
    number, path = 1, Path(FOLDER)
    while _finished(path / "restored"):
        number += 1
        path = Path(f"{FOLDER}-{number}")
    return path


def _drawn(out: Path, overwrite: bool) -> Path:
    """Returns VOCdevkit in `out`, drawn there unless an earlier call did."""
    import shutil

    data, mark = out / "VOCdevkit", out / "drawn.json"
    what = {"classes": list(CLASSES), "images": IMAGES, "size": SIZE, "seed": SEED}
    before = json.loads(mark.read_text("utf-8")) if mark.is_file() else None
    if before == what | {"complete": True} and not overwrite:
        return data
    if before is not None:  # only with the mark is it a demo's own
        shutil.rmtree(data, ignore_errors=True)
    elif data.exists():
        raise FileExistsError(f"{data} exists already, and no demo made it; name another folder (--out)")
    out.mkdir(parents=True, exist_ok=True)
    write_text(mark, json.dumps(what | {"complete": False}))
    draw.draw_voc(out, CLASSES, IMAGES, SEED, size=SIZE)
    write_text(mark, json.dumps(what | {"complete": True}))
    return data


def _arm(folder: Path, data: Path, weights: str | None, progress: bool, overwrite: bool, **about):
    """Fine-tunes once; returns what the report of that run holds. The first arm may be finished already."""
    from slimzoo.data import voc
    from slimzoo.report import read_report
    from slimzoo.training.finetune import finetune

    if weights is None and _finished(folder) and not overwrite:
        return read_report(folder)
    train, validation = (voc.read(data, split=part, classes=CLASSES) for part in ("train", "val"))
    finetune(
        train,
        validation,
        folder,
        model=MODEL,
        weights=weights,
        size=PIXELS,
        options=OPTIONS,
        seed=SEED,
        progress=progress,
        overwrite=overwrite,
        **about,
    )
    return read_report(folder)


def _finished(folder: Path) -> bool:
    config = folder / "config.json"
    return config.is_file() and json.loads(config.read_text("utf-8")).get("finished") is True
