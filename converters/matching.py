"""Do a file's tensors and a network's variables fit? Both ways, all differences at once, likely reasons."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from slimzoo.errors import SlimzooError, listing
from slimzoo.names import Scopes, cuts, matches_nothing

Shapes = Mapping[str, tuple[int, ...]]
Rename = Mapping[str, str] | Callable[[str], str] | None
_SEPARATORS = "/."
_OTHER = "Likely: another network:"
_SHOWN = 12  # differences of a kind in a message
_SCOPES = 3  # in a sentence


@dataclass(frozen=True)
class Match:
    """Which tensor fills which variable.

    Attributes:
      sources: {variable: the tensor's name in the file}.
      excluded: variables that keep their initial values, because the caller said so.
      unused: tensors left aside for the same reason.
    """

    sources: dict[str, str]
    excluded: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Differences:
    """What keeps a file and a network from fitting."""

    missing: tuple[str, ...]  # variables without a tensor
    unexpected: tuple[str, ...]  # tensors without a variable
    shapes: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]  # name, in the file, in the network

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.shapes)


class Misfit(SlimzooError):
    """A file and a network differ.

    Attributes:
      differences: all of them.
      full: the message with all of them; the message itself has the first of each kind.
    """

    def __init__(self, differences: Differences, full: str, message: str):
        super().__init__(message)
        self.differences, self.full = differences, full

    def followed_by(self, text: str) -> Misfit:
        """Returns the same with more text."""
        return type(self)(self.differences, f"{self.full}{text}", f"{self}{text}") if text else self

    def hinting(self, hint: Callable[[], str]) -> Misfit:
        """Returns the same with what may help, if nothing better is known than that it is another network."""
        if "rename=" in self.full or not (text := hint()):
            return self
        full, short = (re.sub(rf"\n{_OTHER}.*", "", said) for said in (self.full, str(self)))
        return type(self)(self.differences, f"{full}{text}", f"{short}{text}")


def match(
    source_shapes: Shapes,
    target_shapes: Shapes,
    exclude: Iterable[str] = (),
    rename: Rename = None,
    *,
    what: str = "the weights and the network",
) -> Match:
    """Pairs every tensor with the variable of its name; both sides must be used up and all shapes equal.

    Args:
      source_shapes: {tensor: shape} of the file.
      target_shapes: {variable: shape} of the network.
      exclude: scopes ("vgg_16/fc8") or patterns ("*/biases"), left out on both sides.
      rename: {prefix or whole name in the file: what it becomes}, or a function of the name.
      what: what to call the two in a message.
    Raises:
      Misfit: they differ; the first differences of each kind are listed, and all are in it.
      SlimzooError: a pattern matches nothing.
    """
    left_out = Scopes(exclude)
    renamed = renamed_names(source_shapes, rename)
    left_out.check((*target_shapes, *renamed))
    excluded = tuple(left_out.of(target_shapes))
    unused = tuple(renamed[name] for name in left_out.of(renamed))
    wanted = {name: tuple(shape) for name, shape in target_shapes.items() if name not in set(excluded)}
    given = {name: tuple(source_shapes[old]) for name, old in renamed.items() if old not in set(unused)}
    found = differences(given, wanted)
    if found:
        why = [f"\nLikely: {reason}" for reason in reasons(found, given, wanted)]
        lines = _lines(found, given, wanted)
        full, short = ("".join([_message(lines, what, limit), *why]) for limit in (None, _SHOWN))
        raise Misfit(found, full, short)
    return Match({name: renamed[name] for name in wanted}, excluded, unused)


def differences(given: Shapes, wanted: Shapes) -> Differences:
    """Returns what differs between the shapes of a file and those of a network."""
    return Differences(
        tuple(name for name in wanted if name not in given),
        tuple(name for name in given if name not in wanted),
        tuple((n, given[n], wanted[n]) for n in wanted if n in given and given[n] != wanted[n]),
    )


def renamed_names(names: Iterable[str], rename: Rename) -> dict[str, str]:
    """Returns {new name: name in the file}. Raises SlimzooError: two become one, or a key is of no name."""
    names = list(names)
    if rename is None:
        return {name: name for name in names}
    change = rename if callable(rename) else _changing_prefixes(names, rename)
    out: dict[str, str] = {}
    clashes = []
    for name in names:
        new = change(name)
        if new in out:
            clashes.append(f"{out[new]} and {name} both become {new}")
        out[new] = name
    if clashes:
        raise SlimzooError(listing("rename makes one name of two:", clashes))
    return out


def _changing_prefixes(names: Iterable[str], prefixes: Mapping[str, str]) -> Callable[[str], str]:
    """Returns what changes a name that is a key of `prefixes`, or has one before a "/" or ".", the longest.

    Raises: SlimzooError: a key is neither for any of `names`.
    """
    become = {old.rstrip(_SEPARATORS): new for old, new in prefixes.items()}
    starts = {before.rstrip(_SEPARATORS) for name in names for before, _ in cuts(name)}.union(names)
    if lost := [old for old in become if old and old not in starts]:
        raise SlimzooError("\n".join(matches_nothing("rename", old, starts) for old in lost))

    def change(name: str) -> str:
        if name in become:
            return become[name]
        for before, rest in reversed([*cuts(name)]):
            old = before.rstrip(_SEPARATORS)
            if old in become and (old or before == ""):
                return _joined(become[old], before[len(old) :] or _separator(name), rest)
        return name

    return change


def _joined(before: str, separator: str, rest: str) -> str:
    """Returns both parts with one separator between them: that of `before` if it ends in one."""
    return f"{before}{'' if before.endswith(tuple(_SEPARATORS)) else separator}{rest}" if before else rest


def _separator(name: str) -> str:
    return "." if "." in name and "/" not in name else "/"


def _lines(found: Differences, given: Shapes, wanted: Shapes) -> dict[str, list[str]]:
    """Returns the differences in words, by kind."""
    return {
        "missing": [
            f"missing in the file: {name} {_shape(wanted[name])}{_near(name, found)}"
            for name in found.missing
        ],
        "unexpected": [f"not in the network: {name} {_shape(given[name])}" for name in found.unexpected],
        "of another shape": [
            f"other shape: {name} is {_shape(a)} in the file, {_shape(b)} in the network"
            for name, a, b in found.shapes
        ],
    }


def _message(lines: Mapping[str, list[str]], what: str, limit: int | None) -> str:
    """Returns the message with `limit` differences of each kind, None for all."""
    counts = ", ".join(f"{len(texts)} {kind}" for kind, texts in lines.items())
    shown: list[str] = []
    for kind, texts in lines.items():
        shown += texts[:limit]
        if left := len(texts) - len(texts[:limit]):
            shown.append(f"... and {left} more {kind}")
    short = len(shown) < sum(map(len, lines.values()))
    end = "\nAll of them: `full` of this error, or slimzoo --verbose on the command line" if short else ""
    return listing(f"{what} do not fit ({counts}):", shown, limit=len(shown)) + end


def _shape(shape: tuple[int, ...]) -> str:
    return str(list(shape))


def _near(name: str, found: Differences) -> str:
    near = difflib.get_close_matches(name, found.unexpected, 1, 0.8) if len(found.unexpected) <= 1000 else []
    return f"; nearest: {near[0]}" if near else ""


def reasons(found: Differences, given: Shapes, wanted: Shapes) -> list[str]:
    """Returns what probably went wrong, in words; empty where nothing shows."""
    checks = (
        _arg_scope_forgotten,
        _exported,
        _other_network,
        _averages_only,
        _other_classes,
        _dense_or_convolution,
    )
    return [reason for check in checks if (reason := check(found, given, wanted))]


def _arg_scope_forgotten(found: Differences, given: Shapes, wanted: Shapes) -> str:
    del given, wanted
    missing, unexpected = found.missing, found.unexpected
    if missing and unexpected and all(n.endswith("/biases") for n in missing) and _all_norm(unexpected):
        return "the network was built without batch normalisation: its arg_scope was forgotten"
    if missing and unexpected and _all_norm(missing) and all(n.endswith("/biases") for n in unexpected):
        return "the file is of a network without batch normalisation, this one has it: another arg_scope"
    return ""


def _all_norm(names: Iterable[str]) -> bool:
    return all("/BatchNorm/" in f"/{name}" for name in names)


def _exported(found: Differences, given: Shapes, wanted: Shapes) -> str:
    del wanted
    if not found.missing or not _are_numbered(given):
        return ""
    return (
        "a SavedModel that Keras exported numbers its variables and keeps no name of them; the .keras, "
        ".weights.h5 or .safetensors file of the same model has them"
    )


def _are_numbered(names: Iterable[str]) -> bool:
    """Whether most of `names` are as Keras's export() makes them."""
    numbered = [bool(re.fullmatch(r"variables/\d+", name)) for name in names]
    return 2 * sum(numbered) > len(numbered)


def _other_network(found: Differences, given: Shapes, wanted: Shapes) -> str:
    tops = [set(map(_outermost, names)) for names in (given, wanted)]
    if not given or not wanted or tops[0] & tops[1] or _are_numbered(given):
        return ""
    theirs, ours = (_several(top) for top in tops)
    if all(len(top) == 1 for top in tops):
        (old,), (new,) = tops
        moved = {f"{new}/{name.partition('/')[2]}": shape for name, shape in given.items()}
        if not differences(moved, wanted):
            return f'only the outermost scope differs: rename={{"{old}": "{new}"}}'
    return f"another network: the file's variables are in {theirs}, the network's in {ours}"


def _outermost(name: str) -> str:
    return name.partition("/" if "/" in name else ".")[0]


def _several(scopes: set[str]) -> str:
    """Returns `scopes` as a sentence has them, the first few."""
    more = [f"{len(scopes) - _SCOPES} others"] if len(scopes) > _SCOPES else []
    return " and ".join([*sorted(scopes)[:_SCOPES], *more])


def _averages_only(found: Differences, given: Shapes, wanted: Shapes) -> str:
    del given, wanted
    averages = {
        n.removesuffix("/ExponentialMovingAverage") for n in found.unexpected if n.endswith("MovingAverage")
    }
    if averages & set(found.missing):
        return "the file holds only moving averages of these variables: ema=True takes them"
    return ""


def _other_classes(found: Differences, given: Shapes, wanted: Shapes) -> str:
    del given, wanted
    heads = [(name, a, b) for name, a, b in found.shapes if a and b and a[:-1] == b[:-1]]
    pairs = {(a[-1], b[-1]) for _, a, b in heads}
    if len(pairs) != 1 or len(heads) > 4:
        return ""
    ((theirs, ours),) = pairs
    scope = heads[0][0].rpartition("/")[0]
    text = (
        f"the file has {theirs} classes, the network {ours}: give num_classes={theirs}, "
        f'or exclude="{scope}" for a new head'
    )
    if {theirs, ours} == {1000, 1001}:
        text += ". Of 1001 ImageNet classes the first is background"
    return text


def _dense_or_convolution(found: Differences, given: Shapes, wanted: Shapes) -> str:
    del given, wanted
    for name, a, b in found.shapes:
        if {len(a), len(b)} == {2, 4} and np.prod(a) == np.prod(b):
            return (
                f"{name} is a dense layer on one side, a convolution on the other: the same numbers, reshaped"
            )
    return ""
