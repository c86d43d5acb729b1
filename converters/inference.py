"""Which of a checkpoint's tensors a network needs to predict; the rest was for training."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slimzoo.converters.source import Source, tensors_of
from slimzoo.errors import SlimzooError

AVERAGE = "ExponentialMovingAverage"
_SLOT = re.compile(
    r"(?:Momentum|Adam|AdamW|AdaMax|Nadam|RMSProp|RMSPropW?|Adagrad|AdagradDA|Adadelta|Ftrl|ProximalAdagrad"
    r"|LARSOptimizer|LAMB|MomentumW?|AMSGrad|AddSign|PowerSign)(?:Optimizer)?(?:_\d+)?"
)
_SCALARS = re.compile(r"(?:.*/)?(?:beta[12]_power|learning_rate|loss_scale|good_steps)(?:_\d+)?")
_STEP = re.compile(r"(?:.*/)?global_step")
_DEBIASING = ("biased", "local_step")  # beside a moving average that starts from zero


def inference_variables(source: Mapping[str, np.ndarray], ema: bool = False) -> tuple[Source, Counter[str]]:
    """Returns `source` without what only training needs, lazily, and what was left out, counted.

    A slot, or a moving average, is one only where the name before its last part is a variable of equal shape.

    Args:
      ema: take the exponential moving averages of the variables that have one in place of their values.
    Raises: SlimzooError: `ema` is set, and there are no averages.
    """
    tensors = tensors_of(source)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    kinds = {name: _kind(name, shapes, ema) for name in tensors}
    averages = [name for name in tensors if kinds[name] == "moving averages"]
    if ema and not averages:
        raise SlimzooError(
            f"{_name(source)} holds no moving averages (no variable ends in /{AVERAGE}); leave out ema"
        )
    kept = {name: tensor for name, tensor in tensors.items() if not kinds[name]}
    left_out = Counter(kind for kind in kinds.values() if kind)
    if ema:
        targets = {name.removesuffix(f"/{AVERAGE}"): tensors[name] for name in averages}
        replaced = len(targets.keys() & kept.keys())
        kept = {**kept, **targets}
        left_out = left_out + Counter({"plain values": replaced})
        del left_out["moving averages"]
    out = source if isinstance(source, Source) else Source("memory", Path("memory"), tensors)
    return out.with_tensors(kept), left_out


def _kind(name: str, shapes: Mapping[str, tuple[int, ...]], ema: bool) -> str:
    """Returns what `name` is counted as, or "" for a variable of the network."""
    owner, _, last = name.rpartition("/")
    if _STEP.fullmatch(name) and shapes[name] == ():
        return "global_step"
    if _SCALARS.fullmatch(name) and shapes[name] == ():
        return "optimizer scalars"
    if last == AVERAGE and (ema or shapes.get(owner) == shapes[name]):
        return "moving averages"
    if owner in shapes and last in _DEBIASING and shapes[name] in ((), shapes[owner]):
        return "debiasing"
    if shapes.get(owner) == shapes[name] and _SLOT.fullmatch(last):
        return "optimizer slots"
    return ""


def _name(source: Mapping) -> str:
    return str(source.path) if isinstance(source, Source) else "the source"
