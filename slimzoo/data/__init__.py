"""The user's own images: Pascal VOC folders, one folder a class, boxes, and the batches made from them.

`slimzoo.data.pipeline` and `slimzoo.data.images` need TensorFlow and are imported by name.
"""

from slimzoo.data import boxes, folder, voc
from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.splits import folds, split

__all__ = ["Dataset", "Example", "boxes", "folder", "folds", "split", "voc"]
