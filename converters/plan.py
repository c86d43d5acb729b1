"""What is to be written of a weight file: which tensors, under which names, and what is noted of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from slimzoo.converters.folding import arguments_of
from slimzoo.converters.matching import Misfit, Rename, match
from slimzoo.converters.name_maps import NameMap, get_name_map, options_of_maths, worded
from slimzoo.converters.name_maps.transforms import with_background
from slimzoo.converters.naming import Named, excluded_among, named
from slimzoo.converters.source import Source
from slimzoo.errors import SlimzooError
from slimzoo.files import schema
from slimzoo.files.schema import in_text, needed
from slimzoo.labels import BACKGROUND
from slimzoo.names import Scopes
from slimzoo.preprocessing import of_kind
from slimzoo.registry import Row, get_row

_NAMES = in_text(schema.list_of(schema.text()))
_ARGUMENTS: schema.Schema = {"network_arguments": in_text(schema.dict_of(schema.anything()))}
OF_THE_FILE = (  # metadata of the file that is read, which would mislead in one that is written
    *("layout", "unwrapped", "not_read", "averages", "folded", "keras_layers", "keras_head"),
    *("name_map", "differs", "names", "source_sha256"),
)


class Unfit(SlimzooError):
    """The tensors of a file are not the variables of a network.

    Attributes:
      shapes: the file's, for propose_for.
      in_file: {name in `shapes`: in the file}, where the caller has renamed tensors.
      full: the message with every difference.
    """

    def __init__(
        self,
        message: str,
        shapes: Mapping[str, tuple[int, ...]],
        in_file: Mapping[str, str] | None = None,
        full: str = "",
    ):
        super().__init__(message)
        self.shapes, self.in_file, self.full = shapes, in_file or {}, full or message


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Weights as they are to be written; their arrays are not read yet.

    Attributes:
      source: as it was opened.
      network: whose variables they are; None: nobody asked.
      variables: under slim's names where they are of a network, else under the source's.
      written: the same variables under the names of the destination.
      left_out: what of the source is not among them, counted.
      absent: scopes of the network that the source is without.
      name_map: from the source's names to slim's; None: they are slim's.
      target: from slim's names to the destination's; None: they are slim's.
      metadata: text to keep beside the variables.
    """

    source: Source
    network: str | None
    variables: Source
    written: Source
    left_out: dict[str, int]
    absent: tuple[str, ...]
    name_map: NameMap | None
    target: NameMap | None
    metadata: dict[str, str]

    @property
    def library(self) -> str:
        """Whose names the destination gets, else the source has; "" where both have slim's."""
        return next((names.library for names in (self.target, self.name_map) if names), "")

    @property
    def arguments(self) -> dict[str, Any]:
        """Of the network that the weights are for."""
        return json.loads(self.metadata.get("network_arguments", "{}"))

    def noting(self, **text: str) -> Prepared:
        """Returns the same with more metadata."""
        return replace(self, metadata={**self.metadata, **text})


def prepare(
    source: Source,
    network: str | None = None,
    *,
    ema: bool = False,
    metadata: Mapping[str, str] | None = None,
    exclude: Iterable[str] = (),
    name_map: str | None = None,
    to: str = "",
    rename: Rename = None,
    headless: bool = False,
    background: str = "keep",
    network_arguments: Mapping[str, Any] = MappingProxyType({}),
) -> Prepared:
    """Returns what of `source` is to be written; the arguments are those of convert().

    Raises: Unfit: `source` does not fit `network`. SlimzooError: an argument does not fit `source`.
    """
    if (name_map or to or background != "keep" or network_arguments) and not network:
        raise SlimzooError(
            "names of another library, classes and arguments are those of a network: say network=..."
        )
    said = _of_source(source)
    known = network_arguments or _network_arguments(said, source.path, None)
    settings = {"ema": ema, "rename": rename, "exclude": exclude, "library": name_map, "arguments": known}
    found = _named(source, network, **settings)
    if network and headless:
        found = _without(found, Scopes(get_row(network).main_heads).of(found.variables))
    variables, theirs = found.variables, found.name_map
    notes = {"source": source.path.name, "source_format": source.format}
    absent: tuple[str, ...] = ()
    if network:
        variables = with_background(variables, get_row(network).heads, background)
        absent, about = _fit(replace(found, variables=variables), network, headless, known)
        notes |= _of_background(background, said) | about
    needed = arguments_of(variables)
    arguments = {**needed, **_network_arguments(said, source.path, theirs), **network_arguments}
    if network_arguments or needed:
        notes |= {"network_arguments": json.dumps(arguments)}
    if theirs:
        notes |= {"name_map": str(theirs)} | _of_original(source, theirs, arguments)
    if target := get_name_map(to, network or ""):
        notes |= {"names": to} | _of_target(target, arguments)
    return Prepared(
        source=source,
        network=network,
        variables=variables,
        written=target.to_theirs(variables) if target else variables,
        left_out={what: count for what, count in found.left_out.items() if count},
        absent=absent,
        name_map=theirs,
        target=target,
        metadata={**said, **notes, **(metadata or {})},
    )


def _named(source: Source, network: str | None, **settings: Any) -> Named:
    """Returns the tensors of `source` without those excluded; of a network, under slim's names."""

    def shapes() -> Mapping[str, tuple[int, ...]]:
        if network is None:
            return {}
        from slimzoo.tracing.shapes import shapes_of  # may bring TensorFlow

        return shapes_of(network, arguments=settings["arguments"])

    found = named(source, get_row(network) if network else None, shapes, **settings)
    return _without(found, excluded_among(found.variables, found.exclude))


def _without(found: Named, names: Iterable[str]) -> Named:
    """Returns `found` without the variables called `names`, which are counted as excluded."""
    gone = set(names)
    kept = {name: tensor for name, tensor in found.variables.tensors.items() if name not in gone}
    left_out = found.left_out + Counter(excluded=len(gone))
    return replace(found, variables=found.variables.with_tensors(kept), left_out=left_out)


def _fit(
    found: Named, network: str, headless: bool, arguments: Mapping[str, Any]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Checks that the variables of `found` are those of `network`.

    Returns: the scopes that they are without, and the metadata that say what they are of.
    """
    from slimzoo.tracing.shapes import shapes_of  # may bring TensorFlow

    row, variables, known_absent = get_row(network), found.variables, found.absent
    headless = headless or _is_headless(variables, row, known_absent)
    classes = 0 if headless else row.classes_in(variables.shapes)
    wanted = shapes_of(network, classes, arguments)
    absent = tuple(
        scope
        for scope in dict.fromkeys((*row.side_heads, *known_absent))
        if Scopes(scope).of(wanted) and not Scopes(scope).of(variables)
    )
    try:
        match(variables.shapes, wanted, exclude=absent, what=f"{variables.path} and {network}")
    except Misfit as error:
        folded = variables.metadata.get("folded")
        said = error.followed_by(f"\nFolded: {folded}" if folded else "").hinting(found.hint)
        raise Unfit(str(said), variables.shapes, found.in_file, said.full) from None
    about = {"network": network} | ({"num_classes": str(classes)} if classes is not None else {})
    return absent, about | ({"absent": json.dumps(absent)} if absent else {})


def _is_headless(variables: Source, network: Row, known_absent: Iterable[str]) -> bool:
    """Whether the file itself, or the map of its names, says that the last layers are not there."""
    without = variables.metadata.get("num_classes") == "0"
    return without or bool(Scopes(network.main_heads).of(known_absent))


def _of_source(source: Source) -> dict[str, str]:
    """Returns what the file says; what another program's means by `network_arguments` is none of ours."""
    foreign = "network" not in source.metadata and schema.problems(source.metadata, _ARGUMENTS)
    aside = (*OF_THE_FILE, *(_ARGUMENTS if foreign else ()))
    return {key: text for key, text in source.metadata.items() if key not in aside}


def _of_background(background: str, said: Mapping[str, str]) -> dict[str, str]:
    """Returns what becomes of what is `said`: the first of the names of classes goes, or comes."""
    if background == "keep":
        return {}
    about = {"background": background, "label_offset": "0" if background == "drop" else "1"}
    if schema.problems(said, {"labels": needed(_NAMES)}):  # of none, or of ImageNet, which goes by the offset
        return about
    names = _NAMES(said["labels"])
    return about | {"labels": json.dumps(names[1:] if background == "drop" else (BACKGROUND, *names))}


def _network_arguments(said: Mapping[str, str], path: Path, name_map: NameMap | None) -> dict[str, Any]:
    """Returns those of the network that the weights are for: by the file, else by the map of its names.

    Raises: Damaged: they cannot be.
    """
    if "network_arguments" in said:
        return schema.take(said, _ARGUMENTS, path)["network_arguments"]
    return dict(name_map.arguments) if name_map else {}


def _of_original(source: Source, name_map: NameMap, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Returns what is to be known of weights that a library computes and prepares images for otherwise."""
    about = {"network_arguments": json.dumps(arguments)} if arguments else {}
    if name_map.preprocessing and "preprocessing" not in source.metadata:
        size = get_row(name_map.network).image_size
        about["preprocessing"] = of_kind(name_map.preprocessing, size).to_json()
    return about


def _of_target(target: NameMap, arguments: Mapping[str, Any]) -> dict[str, str]:
    """Returns what is to be known of weights for a network with `arguments` under the names of a library."""
    theirs = {name: value for name, value in arguments.items() if name in options_of_maths(target.network)}
    about = {"network_arguments": json.dumps(arguments)}
    if theirs == target.arguments:
        return about
    ours = f"slim's network with {worded(theirs)}" if theirs else "slim's own network"
    because = f": {target.note}" if target.note else ""
    return about | {"differs": f"these weights are for {ours}; {target.library} computes otherwise{because}"}
