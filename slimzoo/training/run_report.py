"""From a finished run to its report and its predictions.npz."""

import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo import __version__
from slimzoo.files import atomic_write
from slimzoo.report import ClassAP, Layer, ReportData, confusion, select_examples, write_report
from slimzoo.tracing.layers import Row
from slimzoo.training.evaluation import Evaluation
from slimzoo.training.run_folder import RunFolder
from slimzoo.training.settings import Settings


def save_predictions(folder: Path, evaluation: Evaluation) -> Path:
    """Writes scores, labels and weights of every evaluated image: predictions.npz."""
    path = folder / "predictions.npz"
    with atomic_write(path, overwrite=True) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file,
            scores=evaluation.scores,
            labels=evaluation.dataset.labels,
            weights=evaluation.dataset.weights,
            paths=np.array(evaluation.dataset.paths),
            classes=np.array(evaluation.dataset.classes),
        )
    return path


def write(
    folder: RunFolder,
    settings: Settings,
    evaluation: Evaluation,
    rows: list[Row],
    *,
    best_step: int,
    command: str,
    title: str,
    comparison: Iterable,
) -> Path:
    """Writes report.html and report.json; returns the path of the page."""
    data, classes = evaluation.dataset, list(evaluation.dataset.classes)
    arguments = (data.labels, evaluation.scores, classes)
    report = ReportData(
        title=title,
        command=command,
        evaluated_on=f"{data.name}, {len(data)} images",
        map=evaluation.map,
        map_11point=evaluation.map_11point,
        accuracy=evaluation.accuracy,
        best_step=best_step,
        history=folder.history,
        classes=classes,
        ap=_average_precisions(evaluation),
        layers=[Layer(r.scope, r.parameters, _state(r), _source(r, settings)) for r in rows],
        examples=select_examples(data.paths, *arguments, weights=data.weights),
        confusion=confusion(*arguments, multi_label=data.multi_label, weights=data.weights),
        settings=folder.settings,
        environment=environment(),
        comparison=list(comparison),
        notes=[*_notes_of_classes(evaluation), *_notes(settings)],
    )
    return write_report(folder.path, report)


def _average_precisions(evaluation: Evaluation) -> dict[str, ClassAP]:
    columns = (evaluation.ap, evaluation.ap_11point, evaluation.dataset.counts.values())
    rows = zip(evaluation.dataset.classes, *columns, strict=True)
    return {name: ClassAP(float(all_point), float(eleven), count) for name, all_point, eleven, count in rows}


def _state(row: Row) -> str:
    if row.state.endswith("frozen"):
        return "frozen"
    return "restored" if row.state == "restored" else "new"


def _source(row: Row, settings: Settings) -> str:
    return Path(settings.weights or "").name if "restored" in row.state else ""


def _notes_of_classes(evaluation: Evaluation) -> list[str]:
    if not evaluation.unmeasured:
        return []
    missing = ", ".join(evaluation.unmeasured)
    return [
        f"No image that this is measured on shows {missing}: nothing is known of them, mAP leaves them out."
    ]


def _notes(settings: Settings) -> list[str]:
    if not settings.keep_best:
        return []
    return [
        "The best step was chosen by mAP on the same images that it is measured on here, which flatters it a "
        "little; tools/cross_validate.py, or images of a third part, tell without that."
    ]


def environment() -> dict[str, str]:
    """Returns versions and devices, for the report."""
    import keras
    import tensorflow as tf

    gpus = [tf.config.experimental.get_device_details(d).get("device_name", d.name) for d in _gpus()]
    return {
        "slimzoo": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "devices": ", ".join(gpus) or "CPU",
    }


def _gpus() -> list[Any]:
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")
