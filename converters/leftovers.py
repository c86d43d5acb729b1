"""What training leaves in a checkpoint beside a network's variables, told by shape first, by name second.

`X/Anything` of the shape of a variable `X` was made for `X`: an optimizer's slot, under whatever name, or an
average. So was what has the shape of statistics of `X`, and what is in a scope of nothing but `X/Anything`.
What has another shape, and what belongs to no variable, is known by its name alone: the tables.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Mapping

Shapes = Mapping[str, tuple[int, ...]]

AVERAGE = "ExponentialMovingAverage"
AVERAGES, SLOTS = "moving averages", "optimizer slots"
RANGES = "quantisation ranges"
_AVERAGE_WORDS = re.compile(r"EMA|(?i:average|avg|polyak|shadow)|(?:^|_)(?:ema|swa)(?:_|\d|$)")
_SLOT = re.compile(  # names by which a slot is one under another scope than its variable's
    r"(?:Momentum|Adam|AdamW|AdaMax|Nadam|RMSProp|RMSPropW?|Adagrad|AdagradDA|Adadelta|Ftrl|ProximalAdagrad"
    r"|RegAdagrad|LARSOptimizer|LAMB|MomentumW?|AMSGrad|AddSign|PowerSign|LazyAdam|GGT|Shampoo"
    r"|adam_[mv]|lamb_[mv]|m|v|vhat|rms|mg|momentum|accumulator|accum_grad|accum_var|linear)"
    r"(?:Optimizer)?(?:_\d+)?"
)
_OTHER_SHAPES = re.compile(  # slots that are no copies of their variable: factored, or matrices of statistics
    r"(?:(?:Adafactor|AdaFactor|Shampoo|GGT|SM3)\w*|vr|vc|mat_g\w*|precond\w*)(?:_\d+)?"
)
_OF_ALL = re.compile(r"(?:.*/)?(?:flat_grad|grad_buffer|moment1)")  # GGT's, of all variables in a row
_BESIDE = re.compile(r"(.+)_slot_(?:vr|vc|v|m)")  # of Mesh TensorFlow: X_slot_vr beside X
_COPY = re.compile(r"(?:.*/)?(?:global_center_variable|local_center_variable|grad_variable)/(.+)")
_OPTIMIZER_SCOPE = re.compile(r"(?:.*/)?OptimizeLoss(?:_\d+)?")  # tf.contrib.layers.optimize_loss
_DEBIASING = ("biased", "local_step")  # beside a moving average that starts from zero
_RANGE = re.compile(r"(?:.*/)?[^/]*_quant(?:_\d+)?/(?:min|max)")  # tf.contrib.quantize
_SCALARS = {  # of a number: what it is counted as
    "global_step": r"global_step",
    "loss scales": r"(?:current_)?loss_scale|(?:num_)?(?:good|bad)_steps",
    "early stopping": r"signal_early_stopping/STOP|STOP",
    "training counters": r"global_step_ea|eval_step|local_steps?|sync_rep_local_step|save_counter"
    r"|(?:tpu_estimator_)?iterations_per_loop"
    r"|stale_counter|fake_quantization_step|(?:Adam\w*|SGD|RMSprop|Nadam|Adagrad|Adadelta|Ftrl)/(?:iter|iterations)",
    "optimizer scalars": r"beta[12]_power|learning_rate|(?:Adam\w*|SGD|RMSprop|Nadam|Adagrad|Adadelta|Ftrl)"
    r"/(?:beta_[12]|decay|momentum|rho|epsilon)|AdaptiveMaxNorm/(?:.*/)?\w+",
}
_SCALAR = {what: re.compile(rf"(?:.*/)?(?:{names})(?:_\d+)?") for what, names in _SCALARS.items()}


def kinds_of(shapes: Shapes) -> dict[str, str]:
    """Returns what each tensor of a file of `shapes` is counted as, "" for a network's variable."""
    scopes = _scopes_of_slots(shapes)
    return {name: _kind_of(name, shapes, scopes) for name in shapes}


def _kind_of(name: str, shapes: Shapes, scopes: Container[str]) -> str:
    return (
        _of_a_variable(name, shapes)
        or (SLOTS if shapes[name] and name.partition("/")[0] in scopes else "")
        or (_of_a_scalar(name) if shapes[name] == () else "")
        or (RANGES if _RANGE.fullmatch(name) and len(shapes[name]) <= 1 else "")
        or _of_other_shape(name, shapes)
    )


def owner_of(name: str, shapes: Shapes) -> str:
    """Returns the variable that `name` is beneath: `X` of `X/last` and of `P/X/last`; or ""."""
    scope = name.rpartition("/")[0]
    while scope and scope not in shapes:
        scope = scope.partition("/")[2]
    return scope


def _of_a_scalar(name: str) -> str:
    return next((what for what, pattern in _SCALAR.items() if pattern.fullmatch(name)), "")


def _scopes_of_slots(shapes: Shapes) -> set[str]:
    """Returns the outermost scopes that hold numbers, and else what is of variables outside of them alone."""
    owners: dict[str, set[str]] = defaultdict(set)
    others: set[str] = set()
    for name in (name for name, shape in shapes.items() if shape):
        top, owner, last = name.partition("/")[0], owner_of(name, shapes), name.rpartition("/")[2]
        apart = bool(owner) and name != f"{owner}/{last}"
        outside = apart and (shapes[owner] == shapes[name] or _are_statistics(shapes[name], shapes[owner]))
        owners[top] |= {owner} if outside else set()
        others |= set() if outside else {top}
    return {top for top, found in owners.items() if len(found) > 1 and top not in others}


def _are_statistics(shape: tuple[int, ...], owner: tuple[int, ...]) -> bool:
    """Whether a variable of the shape `owner` may have statistics of `shape`: of an axis, or without one."""
    without = {owner[:axis] + owner[axis + 1 :] for axis in range(len(owner))}
    return shape != () and shape in without | {shape for d in owner for shape in ((d,), (d, d))}


def _of_a_variable(name: str, shapes: Shapes) -> str:
    """Returns the kind of what has the shape of the variable that it is beneath."""
    owner, last = owner_of(name, shapes), name.rpartition("/")[2]
    if last in _DEBIASING and owner and shapes[name] in ((), shapes[owner]):
        return "debiasing"
    if not owner or shapes[owner] != shapes[name]:
        return ""
    if last == AVERAGE or (name == f"{owner}/{last}" and _AVERAGE_WORDS.search(last)):
        return AVERAGES
    scope = name.removesuffix(f"/{owner}/{last}")
    known = scope == name or _SLOT.fullmatch(last) or _OPTIMIZER_SCOPE.fullmatch(scope)
    return SLOTS if known else ""


def _of_other_shape(name: str, shapes: Shapes) -> str:
    """Returns the kind of what is of a variable by the words of its name."""
    scope, _, last = name.rpartition("/")
    beside = _BESIDE.fullmatch(name)
    if (
        _OF_ALL.fullmatch(name)
        or (beside and beside[1] in shapes)
        or (scope in shapes and _OTHER_SHAPES.fullmatch(last))
        or (scope in shapes and _are_statistics(shapes[name], shapes[scope]))
    ):
        return SLOTS
    copy = _COPY.fullmatch(name)
    return "averaging copies" if copy and shapes.get(copy[1]) == shapes[name] else ""
