"""Which tensor of a file is which variable of a network, where no name says so: a proposal to look at.

Layers are paired, not tensors: a layer is the variables of one scope, and fits another with as many of the
same kinds and shapes. Where several fit, the scopes' own words and numbers decide, then their order.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from slimzoo.converters.numbered import numbered
from slimzoo.converters.towers import one_tower
from slimzoo.errors import SlimzooError, listing
from slimzoo.files import write_text
from slimzoo.files.reading import read_whole
from slimzoo.names import Scopes
from slimzoo.registry import get_row

Shapes = Mapping[str, tuple[int, ...]]
SURE, LIKELY, GUESS = "sure", "likely", "by order"
KINDS = {  # the last part of a name: what it is
    **dict.fromkeys(("weights", "weight", "kernel", "w", "W", "filter", "filters"), "weights"),
    **dict.fromkeys(("biases", "bias", "b"), "biases"),
    **dict.fromkeys(("depthwise_weights", "depthwise_kernel"), "depthwise"),
    **dict.fromkeys(("pointwise_weights", "pointwise_kernel"), "pointwise"),
    **dict.fromkeys(("gamma", "scale"), "gamma"),
    **dict.fromkeys(("beta", "offset"), "beta"),
    **dict.fromkeys(("moving_mean", "running_mean", "mean", "pop_mean"), "mean"),
    **dict.fromkeys(("moving_variance", "running_var", "variance", "pop_var"), "variance"),
}
_WORD = re.compile(r"[A-Za-z]+|\d+")


@dataclass(frozen=True)
class Pair:
    """One tensor and the variable it is taken for."""

    theirs: str
    ours: str
    shape: tuple[int, ...]
    confidence: str  # SURE: nothing else fits; LIKELY: the names speak for it; GUESS: only the order does


@dataclass(frozen=True)
class Proposal:
    """An assignment of a file's tensors to a network's variables.

    Attributes:
      missing: variables that no tensor fits.
      unused: tensors that fit no variable.
      rivals: prefixes under which the file holds the network, of which the first was taken; () for one.
    """

    pairs: tuple[Pair, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    rivals: tuple[str, ...] = ()

    def in_file(self, names: Mapping[str, str]) -> Proposal:
        """Returns the same for tensors that have the values of `names` in the file."""
        pairs = (replace(pair, theirs=names.get(pair.theirs, pair.theirs)) for pair in self.pairs)
        return replace(self, pairs=tuple(pairs), unused=tuple(names.get(name, name) for name in self.unused))

    @property
    def rename(self) -> dict[str, str]:
        """{the file's name: the variable's}."""
        return {pair.theirs: pair.ours for pair in self.pairs}


@dataclass(frozen=True)
class _Layer:
    scope: str
    members: tuple[tuple[str, tuple[int, ...], str], ...]  # kind, shape, name; sorted

    @property
    def signature(self) -> tuple:
        return tuple((kind, shape) for kind, shape, _ in self.members)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind, _, _ in self.members)


def propose(source: Shapes, target: Shapes) -> Proposal:
    """Pairs the tensors of `source` with the variables of `target`.

    By equal names after one prefix; the rest by number where that is all their names say, else by structure,
    shape, words and order. Of several networks in the file one is taken.
    """
    tower = one_tower(source, target)
    pairs = [Pair(old, new, tuple(target[new]), SURE) for old, new in tower.equal.items()]
    for step in (_numbered_pairs, _alike_pairs):
        used, filled = {pair.theirs for pair in pairs}, {pair.ours for pair in pairs}
        theirs = {name: shape for name, shape in tower.shapes.items() if name not in used}
        pairs += step(theirs, {name: shape for name, shape in target.items() if name not in filled})
    used, taken = {pair.theirs for pair in pairs}, {pair.ours: pair for pair in pairs}
    return Proposal(
        tuple(taken[name] for name in target if name in taken),
        tuple(name for name in target if name not in taken),
        tuple(name for name in source if name not in used),
        tower.rivals,
    )


def _numbered_pairs(source: Shapes, target: Shapes) -> list[Pair]:
    """Pairs layers that only a number tells apart with ours in the same scope, in the order they are made.

    A scope's layers of one kind are paired as a whole, if all their shapes agree, or not at all.
    """
    places: dict[tuple, list[tuple[int, _Layer]]] = defaultdict(list)
    for layer in _layers(source):
        if place := numbered(layer.scope):
            places[place.scope, place.base, layer.kinds].append((place.number, layer))
    pairs = []
    ours = _layers(target)
    for (scope, _, kinds), layers in places.items():
        there = [layer for _, layer in sorted(layers, key=lambda pair: pair[0])]
        here = [layer for layer in ours if layer.kinds == kinds and f"{layer.scope}/".startswith(scope)]
        here = here[: len(there)]  # what theirs makes otherwise, as a dense last layer, comes last
        if [layer.signature for layer in there] == [layer.signature for layer in here]:
            pairs += [pair for a, b in zip(here, there, strict=True) for pair in _members(a, b, GUESS)]
    return pairs


def _alike_pairs(source: Shapes, target: Shapes) -> list[Pair]:
    """Pairs layers that are made of the same, by the words and numbers of their scopes, and by order."""
    theirs, ours = _by_signature(source), _by_signature(target)
    scopes = [layer.scope for layers in ours.values() for layer in layers]
    pairs = []
    for signature, wanted in ours.items():
        for here, there, confidence in _paired(wanted, theirs.get(signature, [])):
            sure = confidence == SURE and not _says_another(there.scope, here.scope, scopes)
            pairs += _members(here, there, SURE if sure else GUESS if confidence == SURE else confidence)
    return pairs


def _says_another(theirs: str, ours: str, scopes: Iterable[str]) -> bool:
    """Whether the name `theirs` is more like that of another of our layers than like `ours`."""
    likeness = _likeness(theirs, ours)
    return any(_likeness(theirs, scope) > likeness for scope in scopes)


def _members(ours: _Layer, theirs: _Layer, confidence: str) -> list[Pair]:
    """Returns the pairs of tensors of two layers that are made of the same."""
    return [
        Pair(old, new, shape, confidence)
        for (_, shape, old), (_, _, new) in zip(theirs.members, ours.members, strict=True)
    ]


def propose_for(source: Shapes, network: str) -> tuple[Proposal, int | None]:
    """Proposes how the tensors of `source` fill `network`, with as many classes as its head seems to know.

    Returns: the proposal, in whose `missing` auxiliary heads do not count; the number of classes.
    """
    from slimzoo.tracing.shapes import shapes_of  # may bring TensorFlow

    row, wanted = get_row(network), shapes_of(network)
    proposal = propose(source, wanted)
    unused = {name: source[name] for name in proposal.unused}
    classes = _classes_of_head(unused, proposal.missing, wanted)
    if classes is not None:
        proposal = propose(source, shapes_of(network, classes))
    left = tuple(name for name in proposal.missing if name not in Scopes(row.side_heads))
    return replace(proposal, missing=left), classes or row.num_classes


def _classes_of_head(unused: Shapes, missing: Iterable[str], wanted: Shapes) -> int | None:
    """Returns the last axis of the unused tensor that would fit a missing head but for that axis."""
    heads = {tuple(wanted[name][:-1]) for name in missing if len(wanted[name]) > 1}
    fits = {shape[-1] for shape in unused.values() if len(shape) > 1 and tuple(shape[:-1]) in heads}
    return fits.pop() if len(fits) == 1 else None


def _by_signature(shapes: Shapes) -> dict[tuple, list[_Layer]]:
    """Returns the layers of a network by what they are made of, each list in the order of the names."""
    layers: dict[tuple, list[_Layer]] = defaultdict(list)
    for layer in sorted(_layers(shapes), key=lambda layer: _natural(layer.scope)):
        layers[layer.signature].append(layer)
    return layers


def _layers(shapes: Shapes) -> list[_Layer]:
    """Returns the layers in the order in which the first of their tensors stands."""
    scopes: dict[str, list] = defaultdict(list)
    for name, shape in shapes.items():
        scope, _, last = name.rpartition("/") if "/" in name else name.rpartition(".")
        scopes[scope].append((KINDS.get(last, last), tuple(shape), name))
    return [_Layer(scope, tuple(sorted(members))) for scope, members in scopes.items()]


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """A key that sorts unit_2 before unit_10."""
    return [(word.isdigit(), int(word) if word.isdigit() else 0, word) for word in _WORD.findall(name)]


def _paired(wanted: list[_Layer], there: list[_Layer]) -> Iterable[tuple[_Layer, _Layer, str]]:
    """Yields (ours, theirs, confidence) for layers that all fit each other by their shapes."""
    if len(wanted) == len(there) == 1:
        yield wanted[0], there[0], SURE
        return
    left_ours, left_theirs = list(wanted), list(there)
    for ours, theirs in _of_equal_form(_by_form(wanted), _by_form(there)):
        if _step_together(ours, theirs):
            yield from ((a, b, LIKELY) for a, b in zip(ours, theirs, strict=True))
            left_ours = [layer for layer in left_ours if layer not in ours]
            left_theirs = [layer for layer in left_theirs if layer not in theirs]
    yield from _alike(left_ours, left_theirs)


def _by_form(layers: list[_Layer]) -> dict[tuple[str, ...], list[_Layer]]:
    """Returns layers by the words of their scopes with "#" for each number."""
    forms: dict[tuple[str, ...], list[_Layer]] = defaultdict(list)
    for layer in layers:
        words = _WORD.findall(layer.scope)
        forms[tuple("#" if word.isdigit() else word.lower() for word in words)].append(layer)
    return forms


def _of_equal_form(ours: dict, theirs: dict) -> Iterable[tuple[list[_Layer], list[_Layer]]]:
    """Yields lists of equal length whose forms say most alike, each once."""
    alike = sorted(
        (
            (-_overlap(a, b), i, j, a, b)
            for (i, a), (j, b) in itertools.product(enumerate(ours), enumerate(theirs))
            if len(ours[a]) == len(theirs[b])
        ),
    )
    seen: set[tuple] = set()
    for _, _, _, a, b in alike:
        if not {("ours", a), ("theirs", b)} & seen:
            seen |= {("ours", a), ("theirs", b)}
            yield ours[a], theirs[b]


def _overlap(a: Iterable[str], b: Iterable[str]) -> float:
    words_a, words_b = Counter(a), Counter(b)
    return (words_a & words_b).total() / max(1, (words_a | words_b).total())


def _alike(wanted: list[_Layer], there: list[_Layer]) -> Iterable[tuple[_Layer, _Layer, str]]:
    """Yields pairs of layers, those first whose scopes say most alike, then those at the same place."""
    scores = sorted(
        (
            (_likeness(a.scope, b.scope), -abs(i / len(wanted) - j / len(there)), i, j)
            for (i, a), (j, b) in itertools.product(enumerate(wanted), enumerate(there))
        ),
        reverse=True,
    )
    free_ours, free_theirs = set(range(len(wanted))), set(range(len(there)))
    for score, _, i, j in scores:
        if i in free_ours and j in free_theirs:
            rivals = (
                s for s, _, k, m in scores if (k == i) != (m == j) and k in free_ours and m in free_theirs
            )
            confidence = LIKELY if score > max(rivals, default=0.0) else GUESS
            free_ours.remove(i)
            free_theirs.remove(j)
            yield wanted[i], there[j], confidence


def _step_together(wanted: list[_Layer], there: list[_Layer]) -> bool:
    """Whether, in order, one side's scopes change as the other's do: numbers in step, words one for one."""
    changing = [_changing([_WORD.findall(layer.scope) for layer in layers]) for layers in (wanted, there)]
    if len(wanted) == len(there) == 1:
        return True
    if len(wanted) != len(there) or len(changing[0]) != len(changing[1]) or not changing[0]:
        return False
    return all(_in_step(a, b) for a, b in zip(*changing, strict=True))


def _changing(scopes: list[list[str]]) -> list[tuple[str, ...]]:
    """Returns the columns of words that differ between `scopes`; none where these differ in length."""
    if len({len(words) for words in scopes}) != 1:
        return []
    return [column for column in zip(*scopes, strict=True) if len(set(column)) > 1]


def _in_step(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    pairs = set(zip(a, b, strict=True))
    if all(word.isdigit() for word in (*a, *b)):
        return len({int(x) - int(y) for x, y in pairs}) == 1
    return len(pairs) == len(set(a)) == len(set(b))


def _likeness(a: str, b: str) -> float:
    """How much two scopes say the same: their words and numbers in common, numbers at their place, 0 to 1."""
    words_a, words_b = ([w.lower() for w in _WORD.findall(name)] for name in (a, b))
    numbers_a, numbers_b = ([w for w in words if w.isdigit()] for words in (words_a, words_b))
    common = (Counter(words_a) & Counter(words_b)).total()
    aligned = sum(x == y for x, y in zip(reversed(numbers_a), reversed(numbers_b), strict=False))
    total = max(len(words_a), len(words_b)) + max(len(numbers_a), len(numbers_b))
    return (common + aligned) / total if total else 1.0


# --- map files: {"format": ..., "rename": {their name: ours}} ---

_FORMAT = "slimzoo name map 1"


def write_map(path: Path, proposal: Proposal, network: str) -> None:
    """Writes the assignment as JSON, to look at, to change and to use again."""
    rows = {pair.theirs: pair.ours for pair in proposal.pairs}
    content = {"format": _FORMAT, "network": network, "rename": rows, "leave_out": list(proposal.unused)}
    write_text(path, json.dumps(content, indent=1) + "\n")


def read_map(path: Path) -> tuple[dict[str, str], tuple[str, ...], str]:
    """Returns ({their name: ours}, names to leave out, network) of a map file.

    Raises: FileNotFoundError. SlimzooError: it is no map file; everything that is wrong is listed.
    """
    try:
        content = json.loads(read_whole(path).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SlimzooError(f"{path} is no name map: {error}") from error
    fields = content if isinstance(content, dict) else {}
    rename, leave_out, network = fields.get("rename"), fields.get("leave_out", []), fields.get("network")
    if (
        not (isinstance(rename, dict) and isinstance(leave_out, list) and isinstance(network, str))
        or fields.get("format") != _FORMAT
    ):
        raise SlimzooError(
            f'{path} is no name map: {{"format": "{_FORMAT}", "network": "...", "rename": {{...}}, '
            '"leave_out": [...]}'
        )
    wrong = [f"{old!r}: {new!r} is no name" for old, new in rename.items() if not isinstance(new, str)]
    wrong += [f"{name!r} in leave_out is no name" for name in leave_out if not isinstance(name, str)]
    if wrong:
        raise SlimzooError(listing(f"{path} is no name map:", wrong))
    return rename, tuple(leave_out), network
