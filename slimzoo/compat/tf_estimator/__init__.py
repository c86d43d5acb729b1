"""TensorFlow 1's tf.estimator on one machine: Estimator, and what trains, evaluates and exports one."""

from slimzoo.compat.tf_estimator.alternating import EvalSpec, TrainSpec, train_and_evaluate
from slimzoo.compat.tf_estimator.config import RunConfig
from slimzoo.compat.tf_estimator.estimator import Estimator
from slimzoo.compat.tf_estimator.exporters import BestExporter, Exporter, FinalExporter, LatestExporter
from slimzoo.compat.tf_estimator.extenders import add_metrics
from slimzoo.compat.tf_estimator.spec import EstimatorSpec, ModeKeys
from slimzoo.compat.tf_estimator.warm_start import WarmStartSettings

__all__ = [
    "BestExporter",
    "Estimator",
    "EstimatorSpec",
    "EvalSpec",
    "Exporter",
    "FinalExporter",
    "LatestExporter",
    "ModeKeys",
    "RunConfig",
    "TrainSpec",
    "WarmStartSettings",
    "add_metrics",
    "train_and_evaluate",
]
