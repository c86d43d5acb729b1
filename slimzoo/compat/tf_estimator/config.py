"""How an Estimator runs: where it keeps its model, how often it saves, what it logs."""

import json
import os
from typing import Any

import tensorflow as tf

from slimzoo.compat.not_served import NotServedError

v1 = tf.compat.v1
NOT_SET: Any = object()
REPLACEABLE = (
    *("model_dir", "tf_random_seed", "save_summary_steps", "save_checkpoints_steps", "save_checkpoints_secs"),
    *("session_config", "keep_checkpoint_max", "keep_checkpoint_every_n_hours", "log_step_count_steps"),
    *("train_distribute", "device_fn", "protocol", "eval_distribute", "experimental_distribute"),
    *("experimental_max_worker_delay_secs", "session_creation_timeout_secs"),
)
_AT_LEAST = {"save_summary_steps": 0, "save_checkpoints_steps": 0, "save_checkpoints_secs": 0}
_AT_LEAST |= {"keep_checkpoint_max": 0}
_ABOVE = ("keep_checkpoint_every_n_hours", "log_step_count_steps", "session_creation_timeout_secs")
_DISTRIBUTED = ("train_distribute", "eval_distribute", "experimental_distribute")
_OF_ONE_MACHINE = {  # what the cluster of one process is
    "evaluation_master": "",
    "global_id_in_cluster": 0,
    "is_chief": True,
    "master": "",
    "num_ps_replicas": 0,
    "num_worker_replicas": 1,
    "service": None,
    "task_id": 0,
    "task_type": "worker",
}


class RunConfig:
    """How an Estimator runs, on one machine.

    Args:
      model_dir: the folder of checkpoints and event files.
      tf_random_seed: of each graph; None: another one each time.
      save_summary_steps, log_step_count_steps: steps between two; None or 0: none.
      save_checkpoints_steps, save_checkpoints_secs: one of them; by default every 600 seconds.
      session_config: a tf.ConfigProto.
      keep_checkpoint_max: older ones are deleted; 0 or None keeps all.
      keep_checkpoint_every_n_hours: one in so many hours is kept.
      device_fn: op -> device.

    Raises: ValueError: a number is too small, or checkpoints are asked for by steps and by seconds.
      NotServedError: a distribution strategy, or a cluster in the environment variable TF_CONFIG.
    """

    def __init__(
        self,
        model_dir: Any = None,
        tf_random_seed: int | None = None,
        save_summary_steps: int | None = 100,
        save_checkpoints_steps: Any = NOT_SET,
        save_checkpoints_secs: Any = NOT_SET,
        session_config: Any = None,
        keep_checkpoint_max: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000,
        log_step_count_steps: int | None = 100,
        train_distribute: Any = None,
        device_fn: Any = None,
        protocol: Any = None,
        eval_distribute: Any = None,
        experimental_distribute: Any = None,
        experimental_max_worker_delay_secs: Any = None,
        session_creation_timeout_secs: float = 7200,
    ):
        given = {name: value for name, value in locals().items() if name in REPLACEABLE}
        _check_intervals(save_checkpoints_steps, save_checkpoints_secs)
        neither = save_checkpoints_steps is NOT_SET and save_checkpoints_secs is NOT_SET
        given["save_checkpoints_secs"] = (
            600 if neither else None if save_checkpoints_secs is NOT_SET else save_checkpoints_secs
        )
        given["save_checkpoints_steps"] = (
            None if save_checkpoints_steps is NOT_SET else save_checkpoints_steps
        )
        environment = json.loads(os.environ.get("TF_CONFIG") or "{}")
        given["model_dir"] = _folder(model_dir, environment)
        _check(given, environment)
        self._settings = given

    def __getattr__(self, name: str) -> Any:
        settings = self.__dict__.get("_settings", {})
        if name in settings:
            return settings[name]
        if name in _OF_ONE_MACHINE:
            return _OF_ONE_MACHINE[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {', '.join(dir(self))}")

    def __dir__(self) -> list[str]:
        return sorted({*REPLACEABLE, *_OF_ONE_MACHINE, "cluster_spec", "replace"})

    @property
    def cluster_spec(self) -> Any:
        """The empty tf.train.ClusterSpec."""
        return v1.train.ClusterSpec({})

    def described(self) -> dict[str, Any]:
        """Returns all settings, as an Estimator logs them."""
        return {f"_{name}": value for name, value in {**self._settings, **_OF_ONE_MACHINE}.items()}

    def replace(self, **changed: Any) -> "RunConfig":
        """Returns a copy with other settings.

        Raises: ValueError: there is no such setting, or it cannot have that value.
        """
        unknown = [name for name in changed if name not in REPLACEABLE]
        if unknown:
            raise ValueError(f"Replacing {', '.join(unknown)} is not supported; {', '.join(REPLACEABLE)} are")
        intervals = {"save_checkpoints_steps", "save_checkpoints_secs"}
        _check_intervals(
            *(changed.get(name, NOT_SET) for name in ("save_checkpoints_steps", "save_checkpoints_secs"))
        )
        settings = {**self._settings, **changed}
        if any(changed.get(name) is not None for name in intervals):  # the other one is off then
            settings.update({name: None for name in intervals if changed.get(name) is None})
        _check(settings, {})
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__, _settings=settings)
        return copy


def _check_intervals(steps: Any, seconds: Any) -> None:
    if steps not in (None, NOT_SET) and seconds not in (None, NOT_SET):
        raise ValueError(
            f"`save_checkpoints_steps` ({steps}) and `save_checkpoints_secs` ({seconds}) cannot be both set; "
            "give one of them"
        )


def _folder(given: Any, environment: dict[str, Any]) -> str | None:
    folder = os.fspath(given) if given is not None else None
    if folder == "":
        raise ValueError("model_dir should be non-empty; None takes a new temporary folder")
    named = environment.get("model_dir")
    if folder and named and folder != named:
        raise ValueError(f"model_dir is {folder!r} in RunConfig and {named!r} in TF_CONFIG; give one of them")
    return folder or named


def _check(settings: dict[str, Any], environment: dict[str, Any]) -> None:
    """Raises an error of all settings that cannot be."""
    wrong = [
        f"{name} should be >= {least}, given: {settings[name]}"
        for name, least in _AT_LEAST.items()
        if settings[name] is not None and settings[name] < least
    ]
    wrong += [
        f"{name} should be > 0, given: {settings[name]}"
        for name in _ABOVE
        if settings[name] is not None and settings[name] <= 0
    ]
    seed, device = settings["tf_random_seed"], settings["device_fn"]
    if seed is not None and not hasattr(seed, "__index__"):
        wrong.append(f"tf_random_seed must be integer, given: {seed!r}")
    session = settings["session_config"]
    if session is not None and not isinstance(session, v1.ConfigProto):
        wrong.append(f"session_config must be instance of ConfigProto (tf.ConfigProto), given: {session!r}")
    if device is not None and not callable(device):
        wrong.append(f"device_fn must be callable with one argument op, given: {device!r}")
    if wrong:
        raise ValueError("RunConfig: " + "; ".join(wrong))
    strategies = [name for name in _DISTRIBUTED if settings[name] is not None]
    if strategies or environment.get("cluster"):
        raise NotServedError(
            f"RunConfig: {', '.join(strategies) or 'the cluster in the environment variable TF_CONFIG'} is "
            "not served by slimzoo, whose Estimator runs on one machine and one device. Leave it out, or "
            "train with keras.Model under tf.distribute"
        )
