"""Options of commands that write models of 8 bits; what is wrong is said before TensorFlow starts."""

from collections.abc import Mapping
from typing import Any

import click

from slimzoo.errors import SlimzooError, listing

INT8 = ("int8", "calibrate", "floor")
int8_options = (
    click.option("--int8", is_flag=True, default=None, help="Write a .tflite or an .xml with 8 bits."),
    click.option("--calibrate", metavar="DIR", help="Of --int8: images that it is to see, a third held out."),
    click.option(
        "--floor",
        type=click.FloatRange(0, 1),
        metavar="PART",
        help="Of --int8: write nothing where the best class of fewer held-out images stays.  [default: 0.8]",
    ),
)
argmax_option = click.option(
    "--argmax",
    is_flag=True,
    default=None,
    help="Let a whole model give the best classes, as of masks, in place of logits.",
)


def check(options: Mapping[str, Any], what: str, possible: bool) -> None:
    """Raises SlimzooError with everything that is wrong with the options INT8.

    Args:
      what: is to be written; possible: with 8 bits.
    """
    problems = []
    if not options["int8"]:
        alone = [name for name in INT8[1:] if options[name] is not None]
        problems += [f"--{name} says how --int8 is made, and that is not given" for name in alone]
    elif not possible:
        problems.append(f"--int8 is for TFLite (.tflite) and OpenVINO (.xml), and {what} is neither")
    elif options["calibrate"] is None:
        problems.append("--int8 wants --calibrate DIR: images of the kind that the model will see")
    if problems:
        raise SlimzooError(listing(f"{what} cannot be written so:", problems))
    if options["int8"]:
        from slimzoo.data import calibration

        calibration.apart(calibration.find(options["calibrate"]))


def floor(options: Mapping[str, Any]) -> dict[str, float]:
    """Returns the floor as an argument, where it is given."""
    return {} if options["floor"] is None else {"floor": options["floor"]}
