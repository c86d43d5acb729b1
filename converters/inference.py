"""Which of a checkpoint's tensors a network needs to predict; the rest was for training."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slimzoo.converters.leftovers import AVERAGE, AVERAGES, RANGES, Shapes, kinds_of, owner_of
from slimzoo.converters.source import Source, tensors_of
from slimzoo.errors import SlimzooError, listing

log = logging.getLogger("slimzoo")
_UNTRAINED = {  # the last part of a name: of what is an average, or a number, and has none of its own
    *("moving_mean", "moving_variance", "running_mean", "running_var", "num_batches_tracked")
}
_SHOWN = 3  # names in a message


def inference_variables(source: Mapping[str, np.ndarray], ema: bool = False) -> tuple[Source, Counter[str]]:
    """Returns `source` without what only training needs, lazily, and what was left out, counted.

    A slot, or a moving average, is one only where the name before its last part is a variable of equal shape.

    Args:
      ema: take the exponential moving averages of the variables that have one in place of their values.
    Raises: SlimzooError: `ema` is set, and there are no averages; or those of a name of their own, as
      `X/MyAverage`, are not there for every variable, or there are several of them.
    """
    tensors = tensors_of(source)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    kinds = kinds_of(shapes)
    averages = _averages(_name(source), shapes, kinds) if ema else {}
    kinds |= dict.fromkeys(averages.values(), AVERAGES)
    kept = {name: tensor for name, tensor in tensors.items() if not kinds[name]}
    left_out = Counter(kind for kind in kinds.values() if kind)
    if left_out[RANGES]:
        log.warning(
            "%s was trained for 8 bits: its %d ranges are left out, and its float weights compute without "
            "the rounding that it was trained with",
            *(_name(source), left_out[RANGES]),
        )
    if ema:
        trained = (name for name in _trained(kinds) if shapes[name])
        _warn_of_plain(_name(source), [name for name in trained if name not in averages])
        left_out["plain values"] = len(averages.keys() & kept.keys())
        left_out[AVERAGES] -= len(averages)
        kept |= {variable: tensors[average] for variable, average in averages.items()}
    out = source if isinstance(source, Source) else Source("memory", Path("memory"), tensors)
    return out.with_tensors(kept), +left_out


def _averages(where: str, shapes: Shapes, kinds: Mapping[str, str]) -> dict[str, str]:
    """Returns {variable: its moving average}; the variable itself may not be there."""
    usual = [name for name in shapes if name.endswith(f"/{AVERAGE}")]
    if usual:
        return {owner_of(name, shapes) or name.removesuffix(f"/{AVERAGE}"): name for name in usual}
    found = [name for name, kind in kinds.items() if kind == AVERAGES]
    names = sorted({name.rpartition("/")[2] for name in found})
    if not names:
        raise SlimzooError(
            f"{where} holds no moving averages (no variable ends in /{AVERAGE}); leave out ema"
        )
    if len(names) > 1:
        raise SlimzooError(
            f"{where} holds averages under several names: {', '.join(names)}; keep those of one name"
        )
    averages = {owner_of(name, shapes): name for name in found}
    without = [n for n in _trained(kinds) if n not in averages]
    if without:
        raise SlimzooError(
            listing(
                f"{where} holds averages under the name {names[0]!r}, but not of every variable, so these "
                "may be something else; leave out ema. Without one:",
                without,
            )
        )
    return averages


def _trained(kinds: Mapping[str, str]) -> list[str]:
    kept = (name for name, kind in kinds.items() if not kind and f"{name}/biased" not in kinds)
    return [name for name in kept if re.split(r"[/.]", name)[-1] not in _UNTRAINED]


def _warn_of_plain(where: str, names: list[str]) -> None:
    """Says which trained variables keep their values among averages."""
    if names:
        shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        log.warning(
            "%s: %d of its tensors have no moving average and keep their plain values: %s",
            *(where, len(names), shown),
        )


def _name(source: Mapping) -> str:
    return str(source.path) if isinstance(source, Source) else "the source"
