"""The options of machines that train together, and what is told of them before they do."""

from types import ModuleType
from typing import TYPE_CHECKING

import click

from slimzoo.cli.options import OneOf

if TYPE_CHECKING:
    from slimzoo.training.settings import Settings
    from slimzoo.training.together.machines import Machines


def _machines() -> ModuleType:
    """Returns what says which clusters there are."""
    from slimzoo.training.together import machines

    return machines


cluster_options = (
    click.option(
        "--cluster",
        type=OneOf(lambda: _machines().CHOICES),
        default="auto",
        show_default=True,
        metavar="NAME",
        help="What names the machines that train together, the same command on each: tf_config, slurm, none; "
        "auto: TF_CONFIG where it is set.",
    ),
    click.option(
        "--cluster-timeout",
        type=click.FloatRange(min=1, max=86_400),
        default=300.0,
        show_default=True,
        metavar="SECONDS",
        help="In which all of them must be there.",
    ),
)


def machines_told(settings: "Settings", machines: "Machines | None") -> list[str]:
    """Returns the lines of --dry-run on the machines: none where there is one."""
    from slimzoo.training.together.traffic import gradient_bytes, sent_bytes

    if machines is None:
        return []
    rows = -(-settings.recipe.batch_size // len(machines))
    told = f"{len(machines)} machines, {rows} images of a step each; this is {machines.name(machines.index)}"
    size = gradient_bytes(settings)
    if size is None:
        return [told]
    return [f"{told}; a step sends {sent_bytes(size, len(machines)) / 1e6:,.1f} MB from each"]
