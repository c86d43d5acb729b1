"""From a name to a Model: where its weights are, what is to be done with them, the Model.

Importing it imports no TensorFlow: what is wrong with a name or a file is found out before that is needed.
"""

from slimzoo.loading.load import load
from slimzoo.loading.predict import Prediction, predict, predictions

__all__ = ["Prediction", "load", "predict", "predictions"]
