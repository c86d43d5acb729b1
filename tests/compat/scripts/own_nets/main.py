"""An old program with a package `nets` of its own, and a folder of data that is called `datasets`."""

import sys

from datasets import dataset_utils
from nets import mine
from nets.mine import LAYERS

assert mine.__file__.endswith("own_nets/nets/mine.py")
assert dataset_utils.__name__ == "slimzoo.compat.datasets.dataset_utils"
try:
    from nets import vgg
except ImportError:
    vgg = None
assert vgg is None
sys.exit(LAYERS)
