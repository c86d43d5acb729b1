"""From a finished run to its report and its predictions.npz."""

import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo import __version__
from slimzoo.data.average_precision import precision_recall
from slimzoo.errors import some
from slimzoo.model.model import Model
from slimzoo.report import (
    ClassAP,
    Counts,
    ExampleScore,
    Facts,
    Layer,
    ReportData,
    confusion,
    select_examples,
    write_report,
)
from slimzoo.tracing.layers import Row
from slimzoo.training import grad_cam
from slimzoo.training.bootstrap import UNKNOWN, intervals
from slimzoo.training.clock import Clock
from slimzoo.training.evaluation import Evaluation
from slimzoo.training.run_folder import RunFolder, write_predictions
from slimzoo.training.samples import samples
from slimzoo.training.settings import Settings, in_words

CURVES = 60  # classes that precision is drawn over recall for
POINTS = 60  # of such a curve


def save_predictions(folder: Path, evaluation: Evaluation) -> Path:
    """Writes scores, labels and weights of every evaluated image: predictions.npz."""
    data = evaluation.dataset
    return write_predictions(folder, data, scores=evaluation.scores, labels=data.labels, weights=data.weights)


def write(
    folder: RunFolder,
    settings: Settings,
    evaluation: Evaluation,
    model: Model,
    rows: list[Row],
    *,
    clock: Clock,
    best_step: int,
    command: str,
    title: str,
    comparison: Iterable,
) -> Path:
    """Writes report.html and report.json; returns the path of the page."""
    data, classes = evaluation.dataset, list(evaluation.dataset.classes)
    arguments = (data.labels, evaluation.scores, classes)
    map_interval, accuracy_interval = intervals(evaluation.scores, data.labels, data.weights)
    examples = select_examples(data.paths, *arguments, weights=data.weights)
    _add_what_was_seen(examples, model, evaluation)
    report = ReportData(
        title=title,
        command=command,
        evaluated_on=in_words(data),
        map=evaluation.map,
        map_11point=evaluation.map_11point,
        map_interval=map_interval,
        accuracy=evaluation.accuracy,
        accuracy_interval=UNKNOWN if data.multi_label else accuracy_interval,
        images=len(data),
        facts=facts_of(settings, model, clock),
        best_step=best_step,
        history=folder.history,
        classes=classes,
        ap=_average_precisions(evaluation),
        curves=_curves(evaluation),
        samples=samples(settings, model),
        counts=_counts(settings),
        layers=layers_of(rows, settings),
        examples=examples,
        confusion=confusion(*arguments, multi_label=data.multi_label, weights=data.weights),
        settings=folder.settings,
        environment=environment(),
        comparison=list(comparison),
        notes=[*_notes_of_classes(evaluation), *_notes(settings)],
    )
    return write_report(folder.path, report)


def _counts(settings: Settings) -> dict[str, Counts]:
    train, held_out = settings.train.counts, settings.validation.counts
    return {name: Counts(int(train[name]), int(held_out[name])) for name in settings.train.classes}


def _average_precisions(evaluation: Evaluation) -> dict[str, ClassAP]:
    columns = (evaluation.ap, evaluation.ap_11point, evaluation.dataset.counts.values())
    rows = zip(evaluation.dataset.classes, *columns, strict=True)
    return {name: ClassAP(float(all_point), float(eleven), count) for name, all_point, eleven, count in rows}


def _curves(evaluation: Evaluation) -> dict[str, list[tuple[float, float]]]:
    """Returns (recall, precision) of each class with a positive, of a few where there are many."""
    data = evaluation.dataset
    measured = [k for k, ap in enumerate(evaluation.ap) if not np.isnan(ap)]
    if len(measured) > CURVES:  # the best and the worst
        by_ap = sorted(measured, key=lambda k: -evaluation.ap[k])
        measured = by_ap[: CURVES // 2] + by_ap[-CURVES // 2 :]
    return {data.classes[k]: _curve(evaluation, k) for k in measured}


def _curve(evaluation: Evaluation, k: int) -> list[tuple[float, float]]:
    data = evaluation.dataset
    precision, recall, _ = precision_recall(evaluation.scores[:, k], data.labels[:, k], data.weights[:, k])
    kept = np.unique(np.linspace(0, len(recall) - 1, min(POINTS, len(recall))).round().astype(int))
    return [(round(float(recall[i]), 4), round(float(precision[i]), 4)) for i in kept]


def _add_what_was_seen(examples: Sequence[ExampleScore], model: Model, evaluation: Evaluation) -> None:
    """Gives the most wrong of `examples` a picture of what spoke for the class that was seen instead."""
    found = [(e, name) for e in examples if e.group == "wrong" and (name := _seen_instead(e))]
    if not found or model.preprocessing is None or len(model.input_shape) != 4:
        return
    data = evaluation.dataset
    images = model.preprocess([example.image_path for example, _ in found], turn=data.turn)
    numbers = [data.classes.index(name) for _, name in found]
    for (example, name), picture in zip(found, grad_cam.pictures(model, images, numbers), strict=False):
        example.seen, example.seen_class = picture, name


def _seen_instead(example: ExampleScore) -> str:
    """Returns the class that is not on the image and scores highest; "" where none is among its scores."""
    own = {*example.true_labels, *example.ignored_labels}
    return next((name for name in example.scores if name not in own), "")  # they come best first


def facts_of(settings: Settings, model: Model, clock: Clock) -> Facts:
    """Returns what the run was like."""
    per_second = clock.images_per_second
    return Facts(
        image_size=model.input_shape[1],
        started_from=_started_from(settings, model),
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        seconds=round(clock.seconds, 1) if clock.complete else None,
        images_per_second=None if per_second is None else float(f"{per_second:.4g}"),
        peak_memory=peak_memory(),
        peak_gpu_memory=_peak_gpu_memory(),
    )


def _started_from(settings: Settings, model: Model) -> str:
    if settings.weights is None:
        return "nothing: from scratch"
    return model.provenance.released or settings.weights


def peak_memory() -> int | None:
    """Returns the most bytes that this process has held at once; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # there bytes, elsewhere KiB


def _peak_gpu_memory() -> int | None:
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    return sum(int(tf.config.experimental.get_memory_info(gpu.name)["peak"]) for gpu in gpus) or None


def layers_of(rows: Iterable[Row], settings: Settings) -> list[Layer]:
    """Returns the scopes of the network, and where their weights came from."""
    return [Layer(row.scope, row.parameters, _state(row), _source(row, settings)) for row in rows]


def _state(row: Row) -> str:
    if row.state.endswith("frozen"):
        return "frozen"
    return "restored" if row.state == "restored" else "new"


def _source(row: Row, settings: Settings) -> str:
    return Path(settings.weights or "").name if "restored" in row.state else ""


def _notes_of_classes(evaluation: Evaluation) -> list[str]:
    if not evaluation.unmeasured:
        return []
    missing = some(evaluation.unmeasured, 20)
    return [
        f"No image that this is measured on shows {missing}: nothing is known of them, mAP leaves them out."
    ]


def _notes(settings: Settings) -> list[str]:
    if not settings.keep_best:
        return []
    return [
        "The best step was chosen by mAP on the same images that it is measured on here, which flatters it a "
        "little. How good it is without that, images of a third part tell: `slimzoo evaluate`."
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
