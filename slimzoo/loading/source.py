"""Where a name leads: a network, and the weights that it is to have."""

import glob
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slimzoo import converters, weights
from slimzoo.converters.formats.archive import SEPARATOR
from slimzoo.converters.name_maps import NameMap, get_name_map
from slimzoo.errors import SlimzooError, not_there
from slimzoo.files import MODEL
from slimzoo.labels import imagenet, named
from slimzoo.preprocessing import Preprocessing
from slimzoo.registry import SEGMENTATION, Row, get_row, is_network, row_of, rows
from slimzoo.weights import WeightsRow, metadata
from slimzoo.weights.provenance import Provenance

log = logging.getLogger("slimzoo")
Name = str | os.PathLike
NOT_RELEASED = Provenance()


@dataclass(frozen=True)
class Source:
    """Where the weights come from, and all that belongs to them."""

    where: str
    path: Path
    network: str = ""  # "" where the file does not say
    num_classes: int | None = None
    label_offset: int = 0
    labels: tuple[str, ...] | None = None
    preprocessing: Preprocessing | None = None
    multi_label: bool = False
    converted: bool = False  # by `slimzoo convert`, from a file that says nothing of classes
    arguments: Mapping[str, Any] | None = None  # of the network function; None where the file does not say
    name_map: NameMap | None = None  # of the library that computes otherwise than slim, where no file tells
    image_size: int | None = None  # pixels; where the file says so without saying more
    absent: tuple[str, ...] = ()  # scopes that the file says it is without
    provenance: Provenance = NOT_RELEASED


def find(
    name: Name, pretrained: bool, weights_given: Name | None, task: str | None = None
) -> tuple[Row, Source | None]:
    """Returns the network and where its weights come from, None for new ones.

    Args:
      task: of registry.TASKS; None: any.
    Raises: SlimzooError: there is none, or it is of another task: before anything is fetched for its name.
    """
    text = _text(name)
    if text.startswith("hf://"):
        from slimzoo.weights.hub import download_model

        text = str(download_model(text, offline=bool(weights.offline())))
    path = Path(text)
    if not is_network(text) and (path.is_file() or path.is_dir()):
        network, source = _saved(path, weights_given)
        network.require(task or network.task)
        return network, source
    network, tag = _split(text)
    network.require(task or network.task)
    return network, _source_of(network, tag, pretrained, weights_given)


def _text(name: Name) -> str:
    if not (text := os.fspath(name)):
        raise SlimzooError(f"name is empty; give one of {', '.join(rows())}, or what fine-tuning left")
    return text


def check_name(name: Name, task: str | None = None) -> None:
    """Raises what find() would of `name` alone; nothing is fetched or read.

    Args:
      task: that a network of that name must have; None: any.
    Raises: SlimzooError, FileNotFoundError: there is no such network, tag, file or folder, or not for `task`.
    """
    text = _text(name)
    if not text.startswith("hf://") and (is_network(text) or not Path(text).exists()):
        network, tag = _split(text)
        network.require(task or network.task)
        if tag:
            weights.get_row(network.name, tag)


def _saved(path: Path, weights_given: Name | None) -> tuple[Row, Source]:
    """Returns the network that the file or folder at `path` says it is of, and its weights."""
    file = path / MODEL if (path / MODEL).is_file() else path
    if not file.is_file() and not (file / "saved_model.pb").is_file():
        raise SlimzooError(f"folder {path} holds no {MODEL}, which fine-tuning would have left there")
    if weights_given is not None:
        raise SlimzooError(f"{file} holds weights already; give weights= with the name of a network")
    source = from_file(file)
    if not source.network:
        raise SlimzooError(
            f"{file} does not say which network it belongs to: name the network, and give the file as "
            f"weights={os.fspath(path)!r}. slimzoo.list_models() lists all, `slimzoo inspect` tells which "
            "one a file is like"
        )
    return row_of(file, source.network), source


def _split(text: str) -> tuple[Row, str]:
    """Returns the network and the tag, "" without one, of "network.tag"."""
    before, tag = weights.split_name(text)
    if tag and not is_network(before):
        raise not_there(
            f"{text} is neither a file or folder that is there, nor a network and a tag of its weights, as "
            f"{', '.join(str(row) for row in weights.rows()[:2])}"
        )
    return get_row(before), tag


def _source_of(network: Row, tag: str, pretrained: bool, weights_given: Name | None) -> Source | None:
    if tag and weights_given is not None:
        raise SlimzooError(
            f"{network.name}.{tag} names its weights, and weights={os.fspath(weights_given)!r} others; give "
            "one of them"
        )
    if not isinstance(pretrained, bool):
        raise SlimzooError(
            f"pretrained is True or False, not {pretrained!r}; certain weights: "
            f"slimzoo.load('{network.name}.TAG')"
        )
    if weights_given is not None:
        return _from_weights(network, os.fspath(weights_given))
    return _from_row(weights.get_row(network.name, tag or None)) if pretrained or tag else None


def _from_weights(network: Row, text: str) -> Source:
    rows = {row.tag: row for row in weights.rows() if row.network == network.name}
    if text in rows:
        return _from_row(rows[text])
    path = Path(text).expanduser()
    if _is_there(path):
        return from_file(path)
    raise not_there(
        f"no weights {text!r} for {network.name}: there is no such file, and the tags are "
        f"{', '.join(rows) or 'none'}{'; of released weights the first are the default' if rows else ''}"
    )


def _is_there(path: Path) -> bool:
    """Whether `path` is of a file or a folder, a checkpoint's prefix, or a member of an archive."""
    archive = Path(os.fspath(path).partition(SEPARATOR)[0])
    return path.exists() or archive.is_file() or any(path.parent.glob(f"{glob.escape(path.name)}*"))


def _from_row(row: WeightsRow) -> Source:
    return Source(
        where=str(row),
        path=weights.fetch(row),
        num_classes=row.num_classes,
        label_offset=row.label_offset,
        labels=_labels(row),
        preprocessing=Preprocessing.from_dict(row.preprocessing),
        name_map=get_name_map(row.name_map, row.network) if row.maths == "differs" else None,
        provenance=Provenance(str(row)),
    )


def _labels(row: WeightsRow) -> tuple[str, ...] | None:
    return named(row.labels, row.label_offset) if row.num_classes else None  # without the last layers: None


def of_usual_classes(source: Source, network: Row, num_classes: int | None) -> Source:
    """Weights of as many classes as their network was published for are taken to know those of that set."""
    if network.task == SEGMENTATION:
        labels, offset, whose = named("voc_segmentation"), 0, "Pascal VOC's"
        if num_classes != len(labels) or network.num_classes != len(labels):
            return source
    else:
        offset, whose = (num_classes or 0) - 1000, "ImageNet's"
        if offset not in (0, 1) or network.num_classes not in (1000, 1001):
            return source
        labels = imagenet(offset)
    log.info("%s: %s classes, so the labels are %s; labels= names others", source.where, num_classes, whose)
    return replace(source, labels=labels, label_offset=offset)


_OWN = ("safetensors", "keras_archive", "savedmodel")  # kinds that slimzoo writes with all that it knows


def from_file(path: Path) -> Source:
    """Returns the weights at `path` with what the file says of itself."""
    if path.is_dir() and (path / MODEL).is_file():
        path = path / MODEL
    file = converters.read(path)
    about = metadata.said_by(file.metadata, path)
    classes, offset = about.get("num_classes"), about.get("label_offset", 0)
    return Source(
        where=str(path),
        path=path,
        network=about.get("network", ""),
        num_classes=classes,
        label_offset=offset,
        labels=named(about["labels"], offset) if about.get("labels") and classes != 0 else None,
        preprocessing=about.get("preprocessing"),
        multi_label=about.get("multi_label", False),
        converted=file.metadata.get("source_format") not in (None, *_OWN),
        arguments=about.get("network_arguments"),
        image_size=about.get("image_size"),
        absent=about.get("absent", ()),
        provenance=Provenance.from_metadata(file.metadata, path),
    )
