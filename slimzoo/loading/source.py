"""TODO"""

import json
import logging
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slimzoo import converters
from slimzoo import weights as weights_module
from slimzoo.errors import SlimzooError
from slimzoo.files import MODEL
from slimzoo.labels import imagenet, voc
from slimzoo.preprocessing import Preprocessing
from slimzoo.registry import Network, get_network, is_network, list_models

log = logging.getLogger("slimzoo")


@dataclass
class Source:
    """Where the weights come from, and all that belongs to them."""

    where: str
    path: Path
    num_classes: int | None = None
    label_offset: int = 0
    labels: tuple[str, ...] | None = None
    preprocessing: Preprocessing | None = None
    multi_label: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)  # of the network function
    image_size: int | None = None  # pixels; where the file says so without saying more
    metadata: dict[str, str] = field(default_factory=dict)


def find(name, pretrained: bool, weights) -> tuple[Network, Source | None]:
    """Returns the network and where its weights come from, None for new ones."""
    text = os.fspath(name)
    if not text:
        raise SlimzooError(f"name is empty; give one of {', '.join(list_models())}, or what fine-tuning left")
    if text.startswith("hf://"):
        from slimzoo.weights.hub import download_model

        text = str(download_model(text, offline=bool(weights_module.offline())))
    path = Path(text)
    if not is_network(text) and (path / MODEL).is_file():
        path = path / MODEL
    if (path.is_file() or (path / "saved_model.pb").is_file()) and not is_network(text):
        if weights is not None:
            raise SlimzooError(f"{path} holds weights already; give weights= with the name of a network")
        source = _from_file(path)
        if "network" not in source.metadata:
            raise SlimzooError(
                f"{path} does not say which network it belongs to. Say so: slimzoo.load(name, "
                f"weights={text!r}) with one of {', '.join(list_models())}"
            )
        return get_network(source.metadata["network"]), source
    if path.is_dir() and not is_network(text):
        raise SlimzooError(f"folder {path} holds no {MODEL}, which fine-tuning would have left there")
    before, tag = weights_module.split_name(text)
    if tag and not is_network(before):
        raise FileNotFoundError(
            f"{text} is neither a file or folder that is there, nor a network and a tag of its weights, as "
            f"{', '.join(str(row) for row in weights_module.rows()[:2])}"
        )
    network = get_network(before)
    if tag and weights is not None:
        raise SlimzooError(
            f"{text} names its weights, and weights={os.fspath(weights)!r} others; give one of them"
        )
    if not isinstance(pretrained, bool):
        raise SlimzooError(
            f"pretrained is True or False, not {pretrained!r}; certain weights: slimzoo.load('{before}.TAG')"
        )
    if weights is None:
        return network, _from_row(network, tag or None) if pretrained or tag else None
    return network, _from_weights(network, weights)


def _from_weights(network: Network, weights) -> Source:
    text = os.fspath(weights)
    tags = [row.tag for row in weights_module.rows() if row.network == network.name]
    if text in tags:
        return _from_row(network, text)
    if (
        Path(text).exists()
        or Path(f"{text}.index").exists()
        or list(Path(text).parent.glob(f"{Path(text).name}*"))
    ):
        return _from_file(Path(text))
    raise FileNotFoundError(
        f"no weights {text!r} for {network.name}: there is no such file, and the tags are "
        f"{', '.join(tags) or 'none'}"
    )


def _from_row(network: Network, tag: str | None) -> Source:
    row = weights_module.get_row(network.name, tag)
    return Source(
        where=str(row),
        path=weights_module.fetch(row),
        num_classes=row.num_classes,
        label_offset=row.label_offset,
        labels=_labels(row),
        preprocessing=Preprocessing.from_dict(row.preprocessing),
    )


def _labels(row) -> tuple[str, ...] | None:
    if not row.num_classes:  # weights without the last layers
        return None
    if row.labels == "imagenet":
        return imagenet(row.label_offset)
    return voc() if row.labels == "voc" else tuple(row.labels)


def of_imagenet(source: Source, network: Network, num_classes: int | None) -> Source:
    """Weights of so many classes, for a network published for ImageNet, are taken to know those classes."""
    offset = (num_classes or 0) - 1000
    if offset not in (0, 1) or network.num_classes not in (1000, 1001):
        return source
    log.info("%s: %s classes, so the labels are ImageNet's; labels= names others", source.where, num_classes)
    return replace(source, labels=imagenet(offset), label_offset=offset)


def _from_file(path: Path) -> Source:
    if path.is_dir() and (path / MODEL).is_file():
        path = path / MODEL
    metadata = dict(converters.read(path).metadata)
    return Source(
        where=str(path),
        path=path,
        metadata=metadata,
        num_classes=int(metadata["num_classes"]) if "num_classes" in metadata else None,
        label_offset=int(metadata.get("label_offset", 0)),
        labels=tuple(json.loads(metadata["labels"])) if "labels" in metadata else None,
        preprocessing=(
            Preprocessing.from_dict(json.loads(metadata["preprocessing"]))
            if "preprocessing" in metadata
            else None
        ),
        multi_label=json.loads(metadata.get("multi_label", "false")),
        arguments=json.loads(metadata.get("network_arguments", "{}")),
        image_size=int(metadata["image_size"]) if "image_size" in metadata else None,
    )
