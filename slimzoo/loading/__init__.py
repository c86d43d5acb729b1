"""From a name to a Model: where its weights are, what is to be done with them, the Model."""

from slimzoo.loading.load import load
from slimzoo.loading.predict import Prediction, predict, predictions

__all__ = ["Prediction", "load", "predict", "predictions"]
