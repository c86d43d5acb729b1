"""What is done to an image before a network sees it: a property of the weights, not of the network."""

from slimzoo.preprocessing.ranges import check_pixels, check_range, denormalise
from slimzoo.preprocessing.spec import KINDS, Preprocessing, of_kind
from slimzoo.preprocessing.transform import apply, augment

__all__ = [
    "KINDS",
    "Preprocessing",
    "apply",
    "augment",
    "check_pixels",
    "check_range",
    "denormalise",
    "of_kind",
]
