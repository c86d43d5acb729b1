"""Starting a training from the values of another model."""

import os
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo.compat.tf_estimator.calling import LOG
from slimzoo.errors import shown

v1 = tf.compat.v1


class _Fields(NamedTuple):
    ckpt_to_initialize_from: str
    vars_to_warm_start: Any = ".*"
    var_name_to_vocab_info: Any = None
    var_name_to_prev_var_name: Any = None


class WarmStartSettings(_Fields):
    """Which values to start from.

    Args:
      ckpt_to_initialize_from: a checkpoint, or a folder of them.
      vars_to_warm_start: a regular expression of trainable variables, a list of expressions of any variables,
        or of variables; None: only those of `var_name_to_vocab_info`.
      var_name_to_vocab_info: {variable: VocabInfo}, of embeddings whose vocabulary changed.
      var_name_to_prev_var_name: {variable: its name in the checkpoint}.

    Raises: ValueError: there is no `ckpt_to_initialize_from`.
    """

    __slots__ = ()

    def __new__(
        cls,
        ckpt_to_initialize_from: str,
        vars_to_warm_start: Any = ".*",
        var_name_to_vocab_info: Any = None,
        var_name_to_prev_var_name: Any = None,
    ) -> "WarmStartSettings":
        """Checks that there is a checkpoint named."""
        if not ckpt_to_initialize_from:
            raise ValueError(
                "`ckpt_to_initialize_from` MUST be set in WarmStartSettings, to a checkpoint or a folder"
            )
        return super().__new__(
            cls,
            ckpt_to_initialize_from,
            vars_to_warm_start,
            var_name_to_vocab_info or {},
            var_name_to_prev_var_name or {},
        )


def settings_of(given: Any) -> WarmStartSettings | None:
    """Returns the settings that `warm_start_from` says; or raises ValueError."""
    if given is None or isinstance(given, WarmStartSettings):
        return given
    if not isinstance(given, str | bytes | os.PathLike):
        raise ValueError(
            f"warm_start_from must be a string or a WarmStartSettings, instead got {type(given).__name__} "
            f"{shown(given)}"
        )
    path = os.fsdecode(given)
    if tf.saved_model.contains_saved_model(path):
        path = os.path.join(path, "variables", "variables")
    return WarmStartSettings(path)


def start_warm(settings: WarmStartSettings) -> None:
    """Makes the variables of the graph start from the values; a checkpoint of the run itself comes before."""
    LOG.info("Warm-starting with WarmStartSettings: %s", settings)
    v1.train.warm_start(*settings)
