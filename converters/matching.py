"""Do a file's tensors and a network's variables fit? Both ways, all differences at once, likely reasons."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from slimzoo.errors import SlimzooError, listing
from slimzoo.names import Scopes

Shapes = Mapping[str, tuple[int, ...]]
Rename = Mapping[str, str] | Callable[[str], str] | None


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
      rename: {prefix in the file: prefix in the network}, or a function from the one name to the other.
      what: what to call the two in a message.
    Raises: SlimzooError: they differ, or a pattern matches nothing; everything that is wrong is listed.
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
        raise SlimzooError(_message(found, given, wanted, what))
    return Match({name: renamed[name] for name in wanted}, excluded, unused)


def differences(given: Shapes, wanted: Shapes) -> Differences:
    """Returns what differs between the shapes of a file and those of a network."""
    return Differences(
        tuple(name for name in wanted if name not in given),
        tuple(name for name in given if name not in wanted),
        tuple((n, given[n], wanted[n]) for n in wanted if n in given and given[n] != wanted[n]),
    )


def renamed_names(names: Iterable[str], rename: Rename) -> dict[str, str]:
    """Returns {new name: name in the file}. Raises SlimzooError: two become one, or a prefix is of none."""
    names = list(names)
    if rename is None:
        return {name: name for name in names}
    if not callable(rename):
        Scopes(filter(None, rename), "rename").check(names)
    out: dict[str, str] = {}
    clashes = []
    for name in names:
        new = rename(name) if callable(rename) else _with_prefix(name, rename)
        if new in out:
            clashes.append(f"{out[new]} and {name} both become {new}")
        out[new] = name
    if clashes:
        raise SlimzooError(listing("rename makes one name of two:", clashes))
    return out


def _with_prefix(name: str, prefixes: Mapping[str, str]) -> str:
    for old in sorted(prefixes, key=len, reverse=True):
        if old == "" or name == old.rstrip("/") or name.startswith(f"{old.rstrip('/')}/"):
            rest = name[len(old.rstrip("/")) :].lstrip("/")
            return "/".join(part for part in (prefixes[old].rstrip("/"), rest) if part)
    return name


def _message(found: Differences, given: Shapes, wanted: Shapes, what: str) -> str:
    lines = [
        *(
            f"missing in the file: {name} {_shape(wanted[name])}{_near(name, found)}"
            for name in found.missing
        ),
        *(f"not in the network: {name} {_shape(given[name])}" for name in found.unexpected),
        *(
            f"other shape: {name} is {_shape(a)} in the file, {_shape(b)} in the network"
            for name, a, b in found.shapes
        ),
    ]
    numbers = len(found.missing), len(found.unexpected), len(found.shapes)
    counts = "{} missing, {} unexpected, {} of another shape".format(*numbers)
    text = listing(f"{what} do not fit ({counts}):", lines, limit=2000)
    return "\n".join([text, *(f"Likely: {reason}" for reason in reasons(found, given, wanted))])


def _shape(shape: tuple[int, ...]) -> str:
    return str(list(shape))


def _near(name: str, found: Differences) -> str:
    near = difflib.get_close_matches(name, found.unexpected, 1, 0.8) if len(found.unexpected) <= 1000 else []
    return f"; nearest: {near[0]}" if near else ""


def reasons(found: Differences, given: Shapes, wanted: Shapes) -> list[str]:
    """Returns what probably went wrong, in words; empty where nothing shows."""
    checks = (_arg_scope_forgotten, _other_network, _averages_only, _other_classes, _dense_or_convolution)
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


def _other_network(found: Differences, given: Shapes, wanted: Shapes) -> str:
    tops = [{name.split("/")[0] for name in names} for names in (given, wanted)]
    if not given or not wanted or tops[0] & tops[1]:
        return ""
    theirs, ours = (" and ".join(sorted(top)[:3]) for top in tops)
    if all(len(top) == 1 for top in tops):
        (old,), (new,) = tops
        moved = {f"{new}/{name.partition('/')[2]}": shape for name, shape in given.items()}
        if not differences(moved, wanted):
            return f'only the outermost scope differs: rename={{"{old}": "{new}"}}'
    return f"another network: the file's variables are in {theirs}, the network's in {ours}"


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
