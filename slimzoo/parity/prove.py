"""Proof of a conversion: both implementations run on the same images, and a certificate of the difference."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

import slimzoo
from slimzoo.converters.name_maps import get_name_map
from slimzoo.converters.source import Source
from slimzoo.errors import SlimzooError
from slimzoo.model import Model
from slimzoo.names import in_scopes
from slimzoo.parity import process
from slimzoo.parity.originals import get_original, installed
from slimzoo.registry import Network, get_network

# Of the range of a logit over the images: float32, sums in another order, through hundreds of layers. Logits
# that hardly depend on the image prove nothing, and their range is small.
TOLERANCE = 1e-4
SEED, COUNT = 0, 4


class Difference(NamedTuple):
    """How far the logits of two implementations are apart."""

    apart: float  # the largest difference; infinity where one is no number
    span: float  # the largest range of one logit over the images


def images(pixels: int) -> np.ndarray:
    """Returns the images of every proof: float32 [4, pixels, pixels, 3] in [-1, 1], two fine, two coarse."""
    random = np.random.RandomState(SEED)
    fine = random.uniform(-1, 1, (COUNT // 2, pixels, pixels, 3))
    coarse = (
        random.uniform(-1, 1, (COUNT // 2, 8, 8, 3)).repeat(-(-pixels // 8), 1).repeat(-(-pixels // 8), 2)
    )
    return np.concatenate([fine, coarse[:, :pixels, :pixels]]).astype(np.float32)


def prove(variables: Source, network: str, library: str = "") -> dict[str, Any]:
    """Runs `network` here and in `library` on `variables`, of slim's names; returns the certificate.

    Here it is built with the arguments that the library's map names. The library runs in a process of its
    own. Both compute on the CPU.

    Args:
      library: "" takes the first that is installed and has the network.
    Raises: SlimzooError: there is no other implementation here, or the logits are farther apart than 1e-4 of
      their range over the images, or it gives none: nothing is proven then.
    """
    library = library or _installed(network)
    original, name_map = get_original(library, network), get_name_map(library, network)
    assert name_map is not None
    row = get_network(network)
    classes = _classes(row, variables.shapes)
    arrays = {name: variables[name] for name in variables if not in_scopes(name, name_map.absent)}
    shown = images(row.image_size)
    theirs = process.compute(library, network, classes, name_map.to_theirs(variables), shown)
    with tf.device("CPU"):  # a GPU may multiply in TF32, whose numbers have 10 bits
        ours = Model(network, classes, initial_values=arrays, **name_map.arguments)(shown).numpy()
    difference = _difference(ours, theirs.logits)
    _check(difference, network, library)
    return {
        "network": network,
        "against": f"{library}: {original.title}",
        "images": f"{COUNT} of {row.image_size} pixels a side, slimzoo.parity.images, seed {SEED}",
        "largest_difference": difference.apart,
        "range_between_images": difference.span,
        "tolerance": f"{TOLERANCE:g} of that range",
        "versions": {"slimzoo": slimzoo.__version__, **theirs.versions},
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        **({"network_arguments": dict(name_map.arguments)} if name_map.arguments else {}),
    }


def _installed(network: str) -> str:
    """Returns the first library that is installed and has `network`. Raises SlimzooError: none is."""
    libraries = installed(network)
    if not libraries:
        raise SlimzooError(
            f"nothing to prove it with: no other implementation of {network} is installed here"
        )
    return libraries[0]


def _classes(network: Network, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Returns how many classes the logits have. Raises SlimzooError: there are none."""
    classes = network.classes_in({n: s for n, s in shapes.items() if in_scopes(n, network.main_heads)})
    if classes is None:
        raise SlimzooError(
            f"the file has no {network.main_heads[0]}: without logits there is nothing to compare"
        )
    return classes


def _difference(ours: np.ndarray, theirs: np.ndarray) -> Difference:
    apart = float(np.abs(ours - np.asarray(theirs)).max())
    return Difference(apart if math.isfinite(apart) else math.inf, float(np.ptp(ours, axis=0).max()))


def _check(difference: Difference, network: str, library: str) -> None:
    """Raises SlimzooError if the logits are too far apart to prove anything."""
    if not difference.apart <= TOLERANCE * difference.span:  # so that NaN proves nothing either
        raise SlimzooError(
            f"not proven: the logits of {network} here and in {library} are {difference.apart:.3g} apart, "
            f"and differ by {difference.span:.3g} from image to image; nothing was written. Logits that "
            "hardly depend on the image, as of new weights, prove nothing; without --prove the file is "
            "converted nevertheless"
        )
