"""The user's own images: Pascal VOC folders, one folder a class, boxes, masks (dense), and their batches.

`slimzoo.data.pipeline` and `slimzoo.data.images` need TensorFlow and are imported by name.
"""

from slimzoo.data import boxes, dense, folder, voc
from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.splits import folds, split

__all__ = ["Dataset", "Example", "boxes", "dense", "folder", "folds", "split", "voc"]
