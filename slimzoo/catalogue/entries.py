"""What there is: every network with its sizes and its released weights, at a glance or in full."""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

from slimzoo import facts, weights
from slimzoo.catalogue.choosing import choose
from slimzoo.registry import CLASSIFICATION, SEGMENTATION, Row, get_row
from slimzoo.weights.manifest import WeightsRow


@dataclass(frozen=True)
class Entry:
    """One network at a glance; what is counted holds for inference, where it is used as it was published."""

    name: str
    image_size: int  # pixels, square
    channels: int
    num_classes: int
    parameters: int
    multiply_adds: int  # of one image, in convolutions and dense layers
    top1: float | None  # percent, as published for the default weights
    weights: tuple[str, ...]  # tags of released weights that can be loaded, the default first
    task: str = CLASSIFICATION  # of registry.TASKS
    mean_iou: float | None = None  # percent, as published for the default weights
    measured_on: str = ""  # on which set

    @property
    def score(self) -> float | None:
        """What is published of the default weights for this task: top-1, or mean IoU."""
        return self.mean_iou if self.task == SEGMENTATION else self.top1

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


_SETS = {"voc_segmentation": "VOC", "cityscapes": "Cityscapes", "ade20k": "ADE20K"}  # by their labels
ORDERS: dict[str, Callable[[Entry], Any]] = {  # what networks can be sorted by
    "name": lambda entry: entry.name,
    "parameters": lambda entry: entry.parameters,
    "multiply-adds": lambda entry: entry.multiply_adds,
    "top-1": lambda entry: -(entry.top1 or 0),  # the best first, those without one last
    "mIoU": lambda entry: -(entry.mean_iou or 0),
}


@dataclass(frozen=True)
class Layer:
    """One scope of a network that holds variables."""

    scope: str
    output_shape: tuple[int | None, ...] | None  # of one image
    parameters: int
    multiply_adds: int | None  # of one image


@dataclass(frozen=True)
class Description:
    """One network in full; `layers` and `variables` are in the order of creation, of training's too."""

    entry: Entry
    variables: dict[str, tuple[int, ...]]
    layers: tuple[Layer, ...]
    heads: tuple[str, ...]
    transfer_heads: tuple[str, ...]
    end_points: dict[str, tuple[int | None, ...]]  # in inference
    weights: tuple[WeightsRow, ...]

    @property
    def training_parameters(self) -> int:
        """Of the auxiliary heads that exist in training only."""
        return sum(layer.parameters for layer in self.layers) - self.entry.parameters

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        fields = {name: value for name, value in asdict(self).items() if name != "entry"}
        return {**asdict(self.entry), "training_parameters": self.training_parameters, **fields}


def entries(
    *patterns: str, pretrained: bool = False, exclude: Iterable[str] = (), task: str | None = None
) -> list[Entry]:
    """Returns the networks that choose() chooses, in the order of their names.

    Args:
      task: of registry.TASKS; None: any.
    """
    names = choose(patterns, pretrained=pretrained, exclude=exclude, task=task)
    return [_entry(get_row(name)) for name in names]


def describe(name: str) -> Description:
    """Returns everything known of the network `name`; "name.tag" keeps only these weights.

    Raises: SlimzooError: there is no such network or tag; the nearest are named.
    """
    name, tag = weights.split_name(name)
    network = get_row(name)
    rows = (weights.get_row(name, tag),) if tag else _rows(name)
    parts = facts.parts(name) if name in facts.rows() else _tracing().traced(name)
    return Description(
        entry=_entry(network),
        variables=facts.variables(parts),
        layers=tuple(
            Layer(scope, output and tuple(output), sum(map(math.prod, inside.values())), work)
            for scope, (output, work, inside) in parts["layers"].items()
        ),
        heads=network.heads,
        transfer_heads=network.transfer_heads,
        end_points={key: tuple(shape) for key, shape in parts["end_points"].items()},
        weights=rows,
    )


def _entry(row: Row) -> Entry:
    released, counts = _rows(row.name), facts.rows().get(row.name) or _tracing().counted(row.name)
    first = next(iter(released), None)
    return Entry(
        name=row.name,
        image_size=row.image_size,
        channels=row.channels,
        num_classes=row.num_classes,
        parameters=counts["parameters"],
        multiply_adds=counts["multiply_adds"],
        top1=first.top1 if first else None,
        mean_iou=first.mean_iou if first else None,
        measured_on=_SETS.get(first.labels, "") if first and isinstance(first.labels, str) else "",
        weights=tuple(weights.tag for weights in released if weights.maths != "other"),
        task=row.task,
    )


def of_one_task(entries: Iterable[Entry]) -> tuple[list[Entry], list[str]]:
    """Returns those `entries` that are of one task, classifiers if there are some, and the others' names."""
    entries = list(entries)
    task = CLASSIFICATION if any(e.task == CLASSIFICATION for e in entries) else entries[0].task
    return [e for e in entries if e.task == task], [e.name for e in entries if e.task != task]


def _rows(name: str) -> tuple[WeightsRow, ...]:
    return tuple(row for row in weights.rows() if row.network == name)


def _tracing() -> ModuleType:
    """Returns what finds out about networks that are not slimzoo's own."""
    from slimzoo.catalogue import tracing  # brings TensorFlow

    return tracing
