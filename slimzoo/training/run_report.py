"""From a finished run to its report and its predictions.npz."""

import platform
from pathlib import Path

import numpy as np

from slimzoo import __version__
from slimzoo.files import atomic_write
from slimzoo.report import ClassAP, Layer, ReportData, confusion, select_examples, write_report
from slimzoo.tracing.layers import Row
from slimzoo.training.evaluation import Evaluation
from slimzoo.training.run_folder import RunFolder


def save_predictions(folder: Path, found: Evaluation) -> Path:
    """Writes scores, labels and weights of every evaluated image: predictions.npz."""
    path = folder / "predictions.npz"
    with atomic_write(path, overwrite=True) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file,
            scores=found.scores,
            labels=found.dataset.labels,
            weights=found.dataset.weights,
            paths=np.array(found.dataset.paths),
            classes=np.array(found.dataset.classes),
        )
    return path


def write(
    folder: RunFolder, found: Evaluation, rows: list[Row], *, best_step, command, title, comparison
) -> Path:
    """Writes report.html and report.json; returns the path of the page."""
    data, classes = found.dataset, list(found.dataset.classes)
    arguments = (data.labels, found.scores, classes)
    report = ReportData(
        title=title,
        command=command,
        evaluated_on=f"{data.name}, {len(data)} images",
        map=found.map,
        map_11point=found.map_11point,
        accuracy=found.accuracy,
        best_step=best_step,
        history=folder.history,
        classes=classes,
        ap={
            name: ClassAP(float(a), float(b), count)
            for name, a, b, count in zip(
                classes, found.ap, found.ap_11point, data.counts.values(), strict=True
            )
        },
        layers=[Layer(r.scope, r.parameters, _state(r), _source(r, folder)) for r in rows],
        examples=select_examples(data.paths, *arguments, weights=data.weights),
        confusion=confusion(*arguments, multi_label=data.multi_label, weights=data.weights),
        settings=folder.settings,
        environment=environment(),
        comparison=list(comparison),
        notes=_notes(folder),
    )
    return write_report(folder.path, report)


def _state(row: Row) -> str:
    if row.state.endswith("frozen"):
        return "frozen"
    return "restored" if row.state == "restored" else "new"


def _source(row: Row, folder: RunFolder) -> str:
    return Path(folder.settings["weights"] or "").name if "restored" in row.state else ""


def _notes(folder: RunFolder) -> list[str]:
    if not folder.settings["keep_best"]:
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


def _gpus():
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")
