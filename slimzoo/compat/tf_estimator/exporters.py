"""Exporters: models written as a training goes on, the last of them, or the best."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from slimzoo.compat.tf_estimator.calling import LOG, arguments, check_arguments
from slimzoo.errors import shown

v1 = tf.compat.v1


class Exporter:
    """What train_and_evaluate calls after each evaluation.

    Args:
      name: of the folder below `export` in the model's.
    """

    name: str

    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Exports the model of a checkpoint into `export_path`, or not; returns the folder, or None."""
        raise NotImplementedError


class _SavedModelExporter(Exporter):
    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
        exports_to_keep: int | None = None,
    ):
        if exports_to_keep is not None and exports_to_keep <= 0:
            raise ValueError(
                f"`exports_to_keep`, if provided, must be positive number, given: {exports_to_keep}"
            )
        self.name = name
        self._receiver_fn, self._assets = serving_input_receiver_fn, assets_extra
        self._as_text, self._keep = as_text, exports_to_keep

    def _write(self, estimator: Any, folder: str, checkpoint: str) -> Any:
        written = estimator.export_saved_model(
            folder,
            self._receiver_fn,
            assets_extra=self._assets,
            as_text=self._as_text,
            checkpoint_path=checkpoint,
        )
        self._drop_old(folder)
        return written

    def _drop_old(self, folder: str) -> None:
        """Deletes all but the newest exports."""
        if self._keep is None:
            return
        made = sorted((name.rstrip("/") for name in tf.io.gfile.listdir(folder)), key=_age)
        for name in [name for name in made if name.isdigit()][: -self._keep]:
            try:
                tf.io.gfile.rmtree(os.path.join(folder, name))
            except tf.errors.NotFoundError as error:
                LOG.warning("Can not delete %s recursively: %s", os.path.join(folder, name), error)


def _age(name: str) -> int:
    return int(name) if name.isdigit() else 0


class LatestExporter(_SavedModelExporter):
    """Exports after each evaluation.

    Args:
      name: of the folder; serving_input_receiver_fn, assets_extra, as_text: of Estimator.export_saved_model.
      exports_to_keep: older ones are deleted; None keeps all.

    Raises: ValueError: `exports_to_keep` is not above 0.
    """

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ):
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)

    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Exports."""
        return self._write(estimator, export_path, checkpoint_path)


class FinalExporter(_SavedModelExporter):
    """Exports once, at the end.

    Args: those of LatestExporter, but for `exports_to_keep`.
    """

    def __init__(
        self,
        name: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
    ):
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text)

    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Exports if this is the end."""
        if not is_the_final_export:
            return None
        LOG.info("Performing the final export in the end of training.")
        return self._write(estimator, export_path, checkpoint_path)


def _loss_smaller(best_eval_result: Mapping[str, Any], current_eval_result: Mapping[str, Any]) -> bool:
    """Says whether the loss went down. Raises: ValueError: a result has none."""
    for result in (best_eval_result, current_eval_result):
        if not result or "loss" not in result:
            raise ValueError(f"an evaluation has no loss: {shown(result)}; give BestExporter a compare_fn")
    return bool(best_eval_result["loss"] > current_eval_result["loss"])


class BestExporter(_SavedModelExporter):
    """Exports when an evaluation is better than the best so far, that of earlier runs included.

    Args: those of LatestExporter, and
      event_file_pattern: below the model's folder: where the results of earlier runs are; None: begin anew.
      compare_fn: (best_eval_result, current_eval_result) -> is it better?

    Raises: ValueError: `compare_fn` takes other arguments, or `exports_to_keep` is not above 0.
    """

    def __init__(
        self,
        name: str = "best_exporter",
        serving_input_receiver_fn: Callable[[], Any] | None = None,
        event_file_pattern: str | None = "eval/*.tfevents.*",
        compare_fn: Callable[..., bool] = _loss_smaller,
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
        exports_to_keep: int | None = 5,
    ):
        if compare_fn is None:
            raise ValueError("`compare_fn` must not be None.")
        if serving_input_receiver_fn is None:
            raise ValueError("`serving_input_receiver_fn` must not be None.")
        required = ("best_eval_result", "current_eval_result")
        check_arguments(compare_fn, "compare_fn", arguments(compare_fn), required)
        super().__init__(name, serving_input_receiver_fn, assets_extra, as_text, exports_to_keep)
        self._pattern, self._better = event_file_pattern, compare_fn
        self._best: Mapping[str, Any] | None = None
        self._looked = False

    def export(
        self,
        estimator: Any,
        export_path: str,
        checkpoint_path: str,
        eval_result: Mapping[str, Any],
        is_the_final_export: bool,
    ) -> Any:
        """Exports if this is the best."""
        if not self._looked and self._pattern:
            LOG.info("Loading best metric from event files.")
            self._best = _best_of(os.path.join(estimator.model_dir, self._pattern), self._better)
        self._looked = True
        better = self._best is None or self._better(
            best_eval_result=self._best, current_eval_result=eval_result
        )
        if not better:
            return None
        LOG.info("Performing best model export.")
        self._best = eval_result
        return self._write(estimator, export_path, checkpoint_path)


def _best_of(pattern: str, better: Callable[..., bool]) -> Mapping[str, Any] | None:
    """Returns the best result in the event files of earlier runs."""
    best = None
    for result in _results(pattern):
        if best is None or better(best_eval_result=best, current_eval_result=result):
            best = result
    return best


def _results(pattern: str) -> Iterator[Mapping[str, Any]]:
    for file in tf.io.gfile.glob(pattern):
        for event in v1.train.summary_iterator(file):
            values = {
                value.tag: value.simple_value
                for value in event.summary.value
                if value.HasField("simple_value")
            }
            if values:
                yield values
