"""From a finished run on masks to its report and its predictions.npz."""

import base64
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from slimzoo.data.dense.batches import ids_of
from slimzoo.data.images import read_image
from slimzoo.errors import some
from slimzoo.labels.dense import overlay, palette_for
from slimzoo.model.masks import looking_of
from slimzoo.model.model import Model
from slimzoo.report import ClassIoU, MaskExample, MaskReport, write_report
from slimzoo.report.dense import GROUPS
from slimzoo.tracing.layers import Row
from slimzoo.training.clock import Clock
from slimzoo.training.masks.evaluation import MaskEvaluation
from slimzoo.training.masks.scores import FOUND, TRUE, mean_iou
from slimzoo.training.run_folder import RunFolder, write_predictions
from slimzoo.training.run_report import environment, facts_of, layers_of
from slimzoo.training.settings import Settings, in_words

SHOWN = 6  # images of a group
SIDE = 360  # pixels of the longer side of a picture


def save_predictions(folder: Path, evaluation: MaskEvaluation) -> Path:
    """Writes the counts of every evaluated image, [images, 3, classes]: predictions.npz."""
    counts, data = evaluation.counts, evaluation.dataset
    by_image = counts.by_image  # pixels of each class: found, there, seen
    return write_predictions(
        folder, data, counts=by_image, confusion=counts.confusion, masks=np.array(data.masks)
    )


def write(
    folder: RunFolder,
    settings: Settings,
    evaluation: MaskEvaluation,
    model: Model,
    rows: list[Row],
    *,
    clock: Clock,
    best_step: int,
    command: str,
    title: str,
    comparison: Iterable,
) -> Path:
    """Writes predictions.npz, report.html and report.json; returns the path of the page."""
    del comparison  # of runs on classes of images
    save_predictions(folder.path, evaluation)
    report = MaskReport(
        title=title,
        command=command,
        evaluated_on=in_words(evaluation.dataset),
        miou=evaluation.miou,
        miou_interval=evaluation.interval,
        pixel_accuracy=evaluation.pixel_accuracy,
        boundary_f=evaluation.boundary_f,
        images=len(evaluation.dataset),
        facts=facts_of(settings, model, clock),
        best_step=best_step,
        history=folder.history,
        classes=_classes(evaluation),
        examples=_examples(evaluation, model),
        confusion=evaluation.counts.confusion.tolist(),
        layers=layers_of(rows, settings),
        settings=folder.settings,
        environment=environment(),
        notes=_notes(settings, evaluation),
    )
    return write_report(folder.path, report)


def _classes(evaluation: MaskEvaluation) -> list[ClassIoU]:
    names = evaluation.dataset.classes
    colours = palette_for(names)[: len(names)].tolist()
    columns = (evaluation.iou, evaluation.boundary_by_class, evaluation.total[TRUE], colours)
    return [
        ClassIoU(name, float(iou), float(boundary), int(pixels), (colour[0], colour[1], colour[2]))
        for name, iou, boundary, pixels, colour in zip(names, *columns, strict=True)
    ]


def _examples(evaluation: MaskEvaluation, model: Model) -> list[MaskExample]:
    """Returns the images whose masks are best and worst, with pictures of them; an image is in one group."""
    each = mean_iou(evaluation.counts.by_image)
    order = np.argsort(-each, kind="stable")
    count = min(SHOWN, len(order) // 2)
    best, worst = order[:count].tolist(), order[len(order) - count :][::-1].tolist()
    chosen = [(index, group) for group, part in zip(GROUPS, (best, worst), strict=True) for index in part]
    return [_example(evaluation, model, index, group) for index, group in chosen]


def _example(evaluation: MaskEvaluation, model: Model, index: int, group: str) -> MaskExample:
    data, counts = evaluation.dataset, evaluation.counts.by_image[index]
    image, truth = read_image(data.paths[index], data.turn), ids_of(data, index)
    (seen,) = looking_of(model, evaluation.views).seen([image], 1)
    colours = palette_for(data.classes)
    there = np.flatnonzero(counts[TRUE] + counts[FOUND])
    return MaskExample(
        image_path=data.paths[index],
        classes=[data.classes[i] for i in there if counts[TRUE][i]],
        iou=float(mean_iou(counts)),
        group=group,
        truth=_picture(image, truth, colours),
        found=_picture(image, seen.mask, colours),
    )


def _picture(image: np.ndarray, mask: np.ndarray, colours: np.ndarray) -> str:
    """Returns `mask` in its colours over `image`, small, as a JPEG in base64."""
    picture = Image.fromarray(overlay(image, mask, colours, opacity=0.75))
    picture.thumbnail((SIDE, SIDE))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=85)
    return base64.b64encode(written.getvalue()).decode("ascii")


def _notes(settings: Settings, evaluation: MaskEvaluation) -> list[str]:
    said = []
    if evaluation.unmeasured:
        said.append(f"No mask that this is measured on shows {some(evaluation.unmeasured, 20)}.")
    if evaluation.views.tile is not None:
        said.append("Images larger than the network's input were gone over in squares.")
    if settings.keep_best:
        said.append(
            "The best step was chosen by mIoU on the same images that it is measured on here, which flatters "
            "it a little. How good it is without that, images of a third part tell: `slimzoo evaluate`."
        )
    return said
