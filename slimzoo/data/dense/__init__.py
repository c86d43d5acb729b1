"""Images with a class for every pixel: Pascal VOC's segmentation, folders of images and masks, their batches.

`slimzoo.data.dense.batches` needs TensorFlow and is imported by name.
"""

from slimzoo.data.dense import folder, voc
from slimzoo.data.dense.coding import Classes, Coding
from slimzoo.data.dense.dataset import MaskDataset, MaskExample
from slimzoo.data.dense.masks import read_mask

__all__ = ["Classes", "Coding", "MaskDataset", "MaskExample", "folder", "read_mask", "voc"]
