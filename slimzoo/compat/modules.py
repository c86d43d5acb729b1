"""Which module of slimzoo answers to which old module name. Data only: importing this imports nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """What an old module consists of today.

    sources: modules whose names it has, the first one that has the name wins.
    names: single names that are elsewhere today, each with its full name ("tensorflow.nest").
    gone: names that nothing answers to, each with what to use instead.
    """

    sources: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)


_SLIM = "slimzoo.slim."
LAYERS = (
    *(
        _SLIM + name
        for name in ("layers", "initializers", "regularizers", "normalization", "gdn", "optimizers")
    ),
    *(_SLIM + name for name in ("rev_block", "recompute", "summarize", "bucketize", "legacy", "utils")),
)

SLIM: dict[str, Row] = {
    "tf_slim": Row(("slimzoo.slim",), {"train_eval": _SLIM + "training.evaluation"}),
    "tf_slim.ops": Row(),
    "tf_slim.ops.arg_scope": Row((_SLIM + "arg_scope",)),
    "tf_slim.ops.framework_ops": Row((_SLIM + "framework_ops",)),
    "tf_slim.ops.variables": Row((_SLIM + "variables", _SLIM + "restoring", _SLIM + "devices")),
    "tf_slim.layers": Row(LAYERS),
    "tf_slim.layers.bucketization_op": Row((_SLIM + "bucketize",)),
    "tf_slim.layers.initializers": Row((_SLIM + "initializers",)),
    "tf_slim.layers.layers": Row((_SLIM + "layers", "slimzoo.slim")),
    "tf_slim.layers.normalization": Row((_SLIM + "normalization",)),
    "tf_slim.layers.optimizers": Row((_SLIM + "optimizers",)),
    "tf_slim.layers.regularizers": Row((_SLIM + "regularizers",)),
    "tf_slim.layers.rev_block_lib": Row((_SLIM + "rev_block", _SLIM + "recompute")),
    "tf_slim.layers.sparse_ops": Row((_SLIM + "sparse",)),
    "tf_slim.layers.summaries": Row((_SLIM + "summarize",)),
    "tf_slim.layers.utils": Row((_SLIM + "utils",)),
    "tf_slim.losses": Row((_SLIM + "losses",)),
    "tf_slim.losses.loss_ops": Row((_SLIM + "losses.loss_ops",)),
    "tf_slim.losses.metric_learning": Row((_SLIM + "losses.metric_learning",)),
    "tf_slim.metrics": Row((_SLIM + "metrics",)),
    "tf_slim.metrics.classification": Row((_SLIM + "metrics.classification",)),
    "tf_slim.metrics.histogram_ops": Row((_SLIM + "metrics.histogram_ops",)),
    "tf_slim.metrics.metric_ops": Row((_SLIM + "metrics.metric_ops", _SLIM + "metrics")),
    "tf_slim.evaluation": Row((_SLIM + "evaluation",)),
    "tf_slim.learning": Row((_SLIM + "learning",)),
    "tf_slim.model_analyzer": Row((_SLIM + "model_analyzer",)),
    "tf_slim.queues": Row((_SLIM + "queues",)),
    "tf_slim.summaries": Row((_SLIM + "summaries",)),
    "tf_slim.training": Row((_SLIM + "training",)),
    "tf_slim.training.evaluation": Row((_SLIM + "training.evaluation",)),
    "tf_slim.training.training": Row((_SLIM + "training.training",)),
}

REPOSITORY = {  # modules of the old model repository that are not where their names say
    "nets.mobilenet": Row(),
    "nets.mobilenet.conv_blocks": Row(("slimzoo.nets.conv_blocks",)),
    "nets.mobilenet.mobilenet": Row(("slimzoo.nets.mobilenet",)),
    "nets.mobilenet.mobilenet_v2": Row(("slimzoo.nets.mobilenet_v2",)),
    "nets.mobilenet.mobilenet_v3": Row(("slimzoo.nets.mobilenet_v3",)),
    "nets.nasnet": Row(),
    "nets.nasnet.nasnet": Row(("slimzoo.nets.nasnet",)),
    "nets.nasnet.nasnet_utils": Row(("slimzoo.nets.nasnet_utils",)),
    "nets.nasnet.pnasnet": Row(("slimzoo.nets.pnasnet",)),
    "research": Row(),
    "research.slim": Row(),
}

# An old package whose modules are those of packages of ours, by the same names; the first that has it wins.
PACKAGES: dict[str, tuple[str, ...]] = {
    "tf_slim.data": ("slimzoo.slim.data",),
    "tf_slim.nets": ("slimzoo.compat.nets.contrib", "slimzoo.compat.nets", "slimzoo.nets"),
    "nets": ("slimzoo.compat.nets", "slimzoo.nets"),
    "preprocessing": ("slimzoo.compat.preprocessing",),
    "datasets": ("slimzoo.compat.datasets",),
    "deployment": ("slimzoo.compat.deployment",),
}

# Old names of the same modules: what stands left has the modules of what stands right.
ALSO = {
    "tensorflow.contrib.slim": "tf_slim",
    "tensorflow.contrib.slim.python.slim": "tf_slim",
    **{f"research.slim.{name}": name for name in ("nets", "preprocessing", "datasets", "deployment")},
}


def under_other_names(table: Mapping[str, T]) -> dict[str, T]:
    """Returns the rows of `table` under the names of ALSO."""
    return {
        other + name.removeprefix(package): value
        for other, package in ALSO.items()
        for name, value in table.items()
        if name == package or name.startswith(package + ".")
    }
