"""slimzoo demo: unpacks a small drawn set, fine-tunes twice, shows what restored weights are worth."""

import json
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slimzoo.demo import drawn_set
from slimzoo.demo.drawn_set import DEVKIT, SET
from slimzoo.files import check_folder, write_text

if TYPE_CHECKING:
    from slimzoo.report import ReportData

FOLDER = "slimzoo-demo"
MODEL, WEIGHTS, PIXELS = "mobilenet_v1_025", "drawn", 96
SEED = 7  # of the training
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
    """Fine-tunes MobileNet v1 0.25 on drawn images of 10 VOC classes, from restored weights and from scratch.

    A demo that was stopped goes on where it was.

    Args:
      out: folder for the images and the two runs; None: slimzoo-demo, or the next that no demo finished in.
      overwrite: replaces what an earlier demo left in `out`.
    Raises: FileExistsError: `out` holds something else, or a finished demo.
    """
    from slimzoo.report import Run

    start = time.monotonic()
    out = _next_folder() if out is None else check_folder(out)
    data = _unpacked(out, overwrite)
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


def _unpacked(out: Path, overwrite: bool) -> Path:
    """Returns VOCdevkit in `out`, unpacked there unless an earlier call did."""
    data, mark = out / DEVKIT, out / "drawn.json"
    what = {"file": SET.file, "sha256": SET.sha256}
    before = json.loads(mark.read_text("utf-8")) if mark.is_file() else None
    if before == what and data.is_dir() and not overwrite:
        return data
    if before is not None:  # only with the mark is it a demo's own
        shutil.rmtree(data, ignore_errors=True)
    elif data.exists():
        raise FileExistsError(f"{data} exists already, and no demo made it; name another folder, out=DIR")
    out.mkdir(parents=True, exist_ok=True)
    write_text(mark, json.dumps(what))
    return drawn_set.unpack(out)


def _arm(
    folder: Path, data: Path, weights: str | None, progress: bool, overwrite: bool, **about: Any
) -> "ReportData":
    """Fine-tunes once; returns what the report of that run holds. The first arm may be finished already."""
    from slimzoo.data import voc
    from slimzoo.report import read_report
    from slimzoo.training.finetune import finetune

    if weights is None and _finished(folder) and not overwrite:
        return read_report(folder)
    train, validation = (voc.read(data, split=part, classes=SET.classes) for part in ("train", "val"))
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
