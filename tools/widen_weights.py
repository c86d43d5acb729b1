"""Makes weights of a wider network out of a narrower one's: the same function, in more channels.

    python tools/widen_weights.py mobilenet_v1_0.25_128_frozen.pb wide.safetensors \\
        --network mobilenet_v1_025 --to mobilenet_v1

Where no weights of a larger network are at hand, these show how a recipe fits one. Every channel is there as
many times as the wider network has room for, and a kernel divides what it takes from a channel among its
copies (Net2Net, arXiv:1511.05641), unequally, so that training moves each its own way. The logits are the
narrow network's, but for rounding, which is checked. Such weights know what the narrow ones do: they say
nothing of how good the wider network is with weights that were trained for it.

For networks whose layers follow each other or are added up, as MobileNets; channels that are put beside each
other, as Inception's, it would mix up, and says so.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import slimzoo
from slimzoo import converters
from slimzoo.errors import SlimzooError, listing
from slimzoo.tracing.shapes import shapes_of

Shape = tuple[int, ...]
DEPTHWISE = "/depthwise_weights"  # [kh, kw, channels, 1]: each channel takes from itself alone
SIDE = 64  # pixels, of a network that takes any
ROUNDING = 1e-4  # of the largest logit: float32 sums in another order, through a few dozen layers


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads, widens, writes, compares."""
    given = _parse(arguments)
    narrow = converters.read(given.source)
    body = shapes_of(given.network, num_classes=0)
    classes = next((np.shape(narrow[n])[-1] for n in narrow if n not in body and n.endswith("/weights")), 0)
    shapes = shapes_of(given.to, num_classes=classes)
    wide = widened({name: np.asarray(narrow[name]) for name in narrow}, shapes, given.seed)
    made = {"tool": "tools/widen_weights.py", "from": given.network, "seed": given.seed}
    about = {**narrow.metadata, "network": given.to, "provenance": json.dumps(made)}
    sha256 = converters.write_safetensors(given.target, wide, about, overwrite=True)
    print(f"sha256 = {sha256!r}\nthe logits differ by {difference(given):.1g} of the largest")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="weights of the narrow network, under slim's names")
    parser.add_argument("target", type=Path, help="the .safetensors file to write, over an older one")
    parser.add_argument("--network", required=True, help="the narrow network")
    parser.add_argument("--to", required=True, help="the wider one: every layer has whole times the channels")
    parser.add_argument("--seed", type=int, default=0, help="of what is unequal [0]")
    return parser.parse_args(arguments)


def widened(
    narrow: Mapping[str, np.ndarray], shapes: Mapping[str, Shape], seed: int = 0
) -> dict[str, np.ndarray]:
    """Returns {variable: array} of the shapes of the wider network.

    Raises: SlimzooError: the variables are others, or one's shape is not whole times the narrow one's.
    """
    problems = [f"{name} is of the narrow network alone" for name in narrow.keys() - shapes.keys()]
    problems += [f"{name} is of the wider network alone" for name in shapes.keys() - narrow.keys()]
    problems += [
        f"{name} has shape {narrow[name].shape}, and {shapes[name]} is not whole times that"
        for name in narrow.keys() & shapes.keys()
        if len(shapes[name]) != narrow[name].ndim
        or any(w % n for w, n in zip(shapes[name], narrow[name].shape, strict=True))
    ]
    if problems:
        raise SlimzooError(listing("these weights cannot be widened so:", sorted(problems)))
    random = np.random.default_rng(seed)
    return {name: _copied(name, narrow[name], shape, random) for name, shape in shapes.items()}


def _copied(name: str, value: np.ndarray, shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Returns `value` as often along each axis as fits into `shape`."""
    copies = np.tile(value, [w // n for w, n in zip(shape, value.shape, strict=True)])
    if value.ndim < 2 or name.endswith(DEPTHWISE):
        return copies
    channels, times = value.shape[-2], shape[-2] // value.shape[-2]  # of [..., in, out], what it takes from
    shares = random.uniform(0.5, 1.5, (times, channels, shape[-1]))
    shares /= shares.sum(axis=0)  # of a channel's copies
    return (copies * shares.reshape(shape[-2:])).astype(value.dtype)


def difference(given: argparse.Namespace) -> float:
    """Returns how far the logits of both networks lie apart, as a part of the largest.

    Raises: SlimzooError: it is more than rounding.
    """
    narrow = slimzoo.load(given.network, weights=given.source)
    wide = slimzoo.load(given.to, weights=given.target)
    shape = (1, *(side or SIDE for side in narrow.input_shape[1:]))
    images = np.random.default_rng(given.seed).uniform(-1, 1, shape).astype(np.float32)
    one, other = (model(images, training=False).numpy() for model in (narrow, wide))
    found = float(np.abs(one - other).max() / np.abs(one).max())
    if found > ROUNDING:
        raise SlimzooError(
            f"{given.to} is not {given.network} made wider: its logits differ by {found:.2g} of the largest"
        )
    return found


if __name__ == "__main__":
    try:
        main()
    except (SlimzooError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
