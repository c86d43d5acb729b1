"""What programs take from inside the layers of tf.contrib, under its old name."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slimzoo.slim.batch_norm import batch_norm
from slimzoo.slim.layer_core import model_getter
from slimzoo.slim.types import Getter, VariableCollections
from slimzoo.slim.variables import add_to_collections

DATA_FORMAT_NCHW, DATA_FORMAT_NHWC = "NCHW", "NHWC"
DATA_FORMAT_NCDHW, DATA_FORMAT_NDHWC = "NCDHW", "NDHWC"
fused_batch_norm = partial(batch_norm, fused=True)


def build_variable_getter(rename: Mapping[str, str] | None = None) -> Getter:
    """Returns a custom getter that makes model variables, some under another name."""
    return model_getter(rename)


def model_variable_getter(
    getter: Getter, name: str, *args: Any, rename: Mapping[str, str] | None = None, **settings: Any
) -> Any:
    """Is a custom getter that makes model variables, some under another name."""
    return model_getter(rename)(getter, name, *args, **settings)


def add_variable_to_collections(
    variable: Any, collections_set: VariableCollections | None, collections_name: str
) -> None:
    """Adds `variable`, or all its parts, to the collections of a layer: a list, or a dict by name."""
    add_to_collections(variable, collections_set, collections_name)
