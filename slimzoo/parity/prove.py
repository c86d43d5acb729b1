"""Proof of a conversion: both implementations run on the same images, and a certificate of the difference."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

import slimzoo
from slimzoo.converters.name_maps import get_name_map
from slimzoo.converters.source import Source
from slimzoo.errors import SlimzooError
from slimzoo.parity.originals import get_original, installed

# Of the range of a logit over the images: float32, sums in another order, through hundreds of layers. Logits
# that hardly depend on the image prove nothing, and their range is small.
TOLERANCE = 1e-4
SEED, COUNT = 0, 4


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

    Args:
      library: "" takes the first that is installed and has the network.
    Raises: SlimzooError: there is no other implementation here, or the logits are farther apart than 1e-4 of
      their range over the images: nothing is proven then.
    """
    there = installed(network)
    if not library and not there:
        raise SlimzooError(
            f"nothing to prove it with: no other implementation of {network} is installed here"
        )
    library = library or there[0]
    original, name_map = get_original(library, network), get_name_map(library, network)
    assert name_map is not None
    row = slimzoo.get_network(network)
    present = {
        name: variables[name] for name in variables if not name.startswith(tuple(name_map.absent) or " ")
    }
    classes = _classes(present, row.heads[0])
    given, theirs = images(row.image_size), original.build(classes, row.image_size)
    original.load(theirs, name_map.to_theirs(variables))
    ours = _ours(network, classes, present, given)
    as_it_is = _difference(ours, original.compute(theirs, given))
    with original.slim_maths(theirs) as changed:
        found = _difference(ours, original.compute(changed or theirs, given)) if name_map.note else as_it_is
    certificate = {
        "network": network,
        "against": f"{library}: {original.title}",
        "images": f"{COUNT} of {row.image_size} pixels a side, slimzoo.parity.images, seed {SEED}",
        "largest_difference": found[0],
        "range_between_images": found[1],
        "tolerance": f"{TOLERANCE:g} of that range",
        "versions": {"slimzoo": slimzoo.__version__, **original.versions()},
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }
    if name_map.note:
        certificate |= {"made_alike": name_map.note, "difference_as_it_is": as_it_is[0]}
    if not found[0] <= TOLERANCE * found[1]:
        raise SlimzooError(
            f"not proven: the logits of {network} here and in {library} are {found[0]:.3g} apart, and differ "
            f"by {found[1]:.3g} from image to image; nothing was written. Logits that hardly depend on the "
            "image, as of new weights, prove nothing; without --prove the file is converted nevertheless"
        )
    return certificate


def _classes(variables: Mapping[str, np.ndarray], head: str) -> int:
    for name, array in variables.items():
        if name.startswith(f"{head}/"):
            return array.shape[-1]
    raise SlimzooError(f"the file has no {head}: without logits there is nothing to compare")


def _ours(network: str, classes: int, variables: Mapping[str, np.ndarray], given: np.ndarray) -> np.ndarray:
    model = slimzoo.Model(network, classes, initial_values=dict(variables))
    return model(given).numpy()


def _difference(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Returns the largest difference, and the largest range of a logit over the images."""
    apart = float(np.abs(ours - np.asarray(theirs)).max())
    return apart if math.isfinite(apart) else math.inf, float(np.ptp(ours, axis=0).max())
