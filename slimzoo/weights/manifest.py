"""The weights manifest: what is written down about released weights, found by name, checked as it is read."""

import functools
import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources.abc import Traversable
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from slimzoo import registry
from slimzoo.errors import SlimzooError, listing
from slimzoo.names import nearest
from slimzoo.weights.metadata import settings_of

SCHEMES = ("https://", "http://", "file:///", "hf://", "package:")
HUB = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+)/(?P<file>.+)")
COMMIT = re.compile(r"[0-9a-f]{40}")
LENGTHS = {"sha256": 64, "sha384": 96, "md5": 32}  # hexadecimal digits
MATHS = {  # of a row: what that means
    "same": "slim's network computes with these weights what they were released for",
    "differs": (
        "slim's network computes with these weights what they were released for if built with arguments that "
        "load() gives it; by tag only"
    ),
    "other": "they are of another network and are refused",
}
_TABLES = {"family", "groups", "weights"}  # of one of its files
FOLDER_NAME = re.compile(r"\w([\w.-]*\w)?")  # network and tag become folders of the cache


@dataclass(frozen=True, kw_only=True)
class WeightsRow:
    """Everything there is to know about one set of released weights; nothing has a default."""

    network: str  # a registry name: "vgg_16"
    tag: str  # unique for the network; the first row of a network is its default if its maths are the same
    sources: tuple[str, ...]  # in order: urls, "hf://owner/name@commit/file", "package:path in slimzoo"
    member: str  # the checkpoint inside an archive; "" where the source is the checkpoint
    sha256: str  # of the file, the same at every source, as somebody published it; "" if nobody did
    sha384: str
    md5: str
    size: int  # bytes; 0 if not published
    format: str  # "tf_checkpoint", "frozen_graph", "safetensors", "npz", "keras_h5", "torch"
    name_map: str  # a module of converters/name_maps; "" where the names are slim's
    ema: bool  # take the moving averages instead of the plain values
    preprocessing: dict[str, Any]  # for Preprocessing.from_dict
    num_classes: int
    label_offset: int  # 1 where class 0 is the background
    labels: str | tuple[str, ...]  # one of labels.SETS, or the names in order
    top1: float | None  # percent, as published; "unpublished" in the file
    top5: float | None
    mean_iou: float | None  # percent, of masks; of which split and at which stride, provenance says
    accuracy_source: str
    license: str  # SPDX
    citation: str
    provenance: str  # who made the weights, and how
    maths: str  # one of MATHS
    note: str  # in what the network that they were released with differs from slim's; "" where in nothing

    @property
    def published(self) -> dict[str, str]:
        """The digests that are known, by algorithm."""
        return {name: getattr(self, name) for name in LENGTHS if getattr(self, name)}

    @property
    def accuracy(self) -> str:
        """What is published of them: "top-1 70.9 %, top-5 89.9 %", "mIoU 75.32 %"; "" where nothing is."""
        if self.mean_iou is not None:
            return f"mIoU {self.mean_iou} %"
        return "" if self.top1 is None else f"top-1 {self.top1} %, top-5 {self.top5 or '?'} %"

    @property
    def hint(self) -> str:
        """The 8 hexadecimal digits in the name of the first source: its sha256 should begin so; or "".

        They find a mistake; against somebody who wants to deceive they prove nothing.
        """
        found = re.search(r"-([0-9a-f]{8})\.\w+$", self.sources[0])
        return found[1] if found else ""

    def __str__(self) -> str:
        return f"{self.network}.{self.tag}"


@functools.cache
def rows() -> tuple[WeightsRow, ...]:
    """Returns every row of the manifest that comes with slimzoo."""
    return read_manifest(importlib.resources.files("slimzoo.weights_manifest"))


def split_name(name: str) -> tuple[str, str]:
    """Returns network and tag of "network.tag" or "network/tag"; the tag is "" where there is none.

    A network of one's own may have a dot in its name.
    """
    if name in registry.registered():
        return name, ""
    network, _, tag = re.sub(r"[./]", "/", name, count=1).partition("/")
    return network, tag


def get_row(network: str, tag: str | None = None) -> WeightsRow:
    """Returns the row `tag` of `network` (default: its first); `network` may be written "network.tag".

    Raises: SlimzooError: there is none; the message lists what there is. Or the only ones there are compute
      something else in slim's network, which must be asked for by tag.
    """
    if tag is None:
        network, tag = split_name(network)
    there = {row.tag: row for row in rows() if row.network == network}
    if not there:
        raise SlimzooError(_no_weights(network))
    if tag and tag not in there:
        raise SlimzooError(
            f"{network} has no weights {tag!r}.{nearest(tag, there)} There are: {', '.join(there)}."
        )
    row = there[tag] if tag else next(iter(there.values()))
    if not tag and row.maths != "same":
        raise SlimzooError(f"{row} must be asked for by name: {row.note}. There are: {', '.join(there)}.")
    return row


def tags_of(network: str) -> set[str]:
    """Returns the tags of the released weights of `network`."""
    return {row.tag for row in rows() if row.network == network}


def _no_weights(network: str) -> str:
    registry.get_row(network)  # an unknown network raises here, with the nearest names
    return (
        f"no released weights are known for {network!r}. Give your own with weights=PATH (any checkpoint "
        "that slimzoo.converters reads), or leave pretrained out to start from new values. "
        f"Networks with weights: {', '.join(dict.fromkeys(row.network for row in rows()))}."
    )


def is_trained(metadata: Mapping[str, Any]) -> bool:
    """Says whether weights with this metadata were trained on since they were released."""
    return metadata.get("trained") == "true" or "slimzoo_settings" in metadata


def is_as_released(metadata: Mapping[str, Any], row: WeightsRow) -> bool:
    """Says whether weights with this metadata are those of `row`, and not something made of them."""
    classes = str(metadata.get("num_classes", row.num_classes))
    return not is_trained(metadata) and "new" not in metadata and classes == str(row.num_classes)


def origin(metadata: dict[str, str]) -> WeightsRow | None:
    """Returns the manifest row that weights with this metadata are, or were made from, or None."""
    if named := metadata.get("weights_row"):
        return next((row for row in rows() if str(row) == named), None)
    network, tag = metadata.get("network", ""), metadata.get("tag", "")
    settings = settings_of(metadata)
    if settings:
        network, given = settings.get("model", network), settings.get("weights")
        tag = "" if given == "pretrained" else given or "from scratch"
    if "/" in network or "." in network:
        network, tag = split_name(network)
    try:
        return get_row(network, tag or None) if settings or tag else None
    except SlimzooError:  # a file, or a row of another version of the manifest
        return None


# --- reading the manifest ---


def read_manifest(folder: Traversable | Path) -> tuple[WeightsRow, ...]:
    """Returns the rows of the *.toml files in `folder`, files in order of name, rows as they stand there.

    Raises: SlimzooError: lists every field that is missing, unknown, of another kind or written twice.
    """
    found: dict[tuple[str, str], WeightsRow] = {}
    problems: list[str] = []
    for file in sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name):
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            problems.append(f"{file.name}: {error}")
            continue
        problems += [f"{file.name}: unknown table {key!r}" for key in content.keys() - _TABLES]
        for number, entry in enumerate(content.get("weights", ()), start=1):
            row, wrong = _row(content.get("family", {}), content.get("groups", {}), dict(entry))
            if row and found.setdefault((row.network, row.tag), row) is not row:
                wrong.append("is there twice; network and tag together must be unique")
            where = f"{file.name}: {entry.get('network', '?')}.{entry.get('tag', f'row {number}')}"
            problems += [f"{where}: {problem}" for problem in wrong]
    if problems:
        raise SlimzooError(listing("the weights manifest is wrong:", problems))
    return tuple(found.values())


def _row(
    family: dict[str, Any], groups: dict[str, dict[str, Any]], entry: dict[str, Any]
) -> tuple[WeightsRow | None, list[str]]:
    """Returns the row made of [family], its [groups.NAME] and itself, or None, and what is wrong with it."""
    kinds = {field.name: field.type for field in fields(WeightsRow)}
    wrong, values = [], dict(family)
    if (named := entry.pop("group", None)) is not None:
        group = groups.get(named, {})
        if not group:
            wrong.append(f"group {named!r} does not exist; groups: {', '.join(groups) or 'none'}")
        wrong += [
            f"{name} stands in [family] and in its group" for name in sorted(family.keys() & group.keys())
        ]
        values |= group
    where = "[family] or its group" if named else "[family]"
    wrong += [f"{name} stands in {where} and in the row" for name in sorted(values.keys() & entry.keys())]
    values |= entry
    wrong += [f"{name} is missing" for name in kinds if name not in values]
    wrong += [f"{name} is not a field; fields: {', '.join(kinds)}" for name in values if name not in kinds]
    for name in [name for name in kinds if name in values]:
        value = values[name]
        values[name] = tuple(value) if isinstance(value, list) else None if value == "unpublished" else value
        if not _is_a(values[name], kinds[name]):
            wrong.append(f"{name} is {value!r}, which is no {getattr(kinds[name], '__name__', kinds[name])}")
    if wrong:
        return None, wrong
    row = WeightsRow(**values)
    return row, _mistakes(row)


def _is_a(value: Any, kind: Any) -> bool:
    if isinstance(kind, UnionType):
        return any(_is_a(value, one) for one in get_args(kind))
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(isinstance(item, str) for item in value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, get_origin(kind) or kind)


def _mistakes(row: WeightsRow) -> list[str]:
    """Returns what is wrong with a complete row, judged by itself."""
    wrong = [
        f"{field} {value!r} is no name: letters, digits, '_', '-', '.'"
        for field, value in (("network", row.network), ("tag", row.tag))
        if not FOLDER_NAME.fullmatch(value)
    ]
    for source in row.sources:
        wrong += _source_mistakes(source, row)
    wrong += _maths_mistakes(row)
    if not row.sources:
        wrong.append("sources is empty")
    for algorithm, digest in row.published.items():
        if not re.fullmatch(f"[0-9a-f]{{{LENGTHS[algorithm]}}}", digest):
            wrong.append(f"{algorithm} {digest!r} is not {LENGTHS[algorithm]} lower-case hexadecimal digits")
    if isinstance(row.labels, tuple) and len(row.labels) != row.num_classes:
        wrong.append(f"{len(row.labels)} labels for {row.num_classes} classes")
    return wrong


def _source_mistakes(source: str, row: WeightsRow) -> list[str]:
    if source.startswith("hf://"):
        return _hub_mistakes(source, row)
    if source.startswith("http://") and not row.published:
        return [f"source {source!r} is plain http; that needs a published digest"]
    if source.startswith("package:") and (row.format != "safetensors" or row.name_map):
        return [f"source {source!r} must be safetensors with slim's names: it is used as it is"]
    known = source.startswith(SCHEMES)
    return [] if known else [f"source {source!r} begins with none of {', '.join(SCHEMES)}"]


def _hub_mistakes(source: str, row: WeightsRow) -> list[str]:
    """A commit of 40 digits fixes the file, and so does a sha256; a branch or a short commit does not."""
    named = HUB.fullmatch(source)
    if named is None:
        return [f"source {source!r} is not hf://owner/name@revision/file"]
    if COMMIT.fullmatch(named["revision"]) or row.sha256:
        return []
    return [f"source {source!r} needs the commit with all 40 digits, or a published sha256"]


def _maths_mistakes(row: WeightsRow) -> list[str]:
    if row.maths not in MATHS:
        return [f"maths {row.maths!r} is none of {', '.join(MATHS)}"]
    if row.maths != "same" and not row.note:
        return [f"maths {row.maths!r} needs a note that says in what they differ"]
    return []
