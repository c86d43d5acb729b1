"""`--images` of `slimzoo predict`: predictions of any number of images, into files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from slimzoo.cli.errors import Failure
from slimzoo.cli.imports import import_networks, imported
from slimzoo.cli.options import POSITIVE
from slimzoo.cli.output import echo, echo_json
from slimzoo.errors import counted
from slimzoo.streaming.recipe import Cluster, Recipe


class Actors(click.ParamType):
    """N, or MIN,MAX."""

    name = "actors"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Returns (at least, at most)."""
        if isinstance(value, tuple):
            return value
        parts = value.split(",")
        if len(parts) > 2 or not all(part.strip().isdecimal() for part in parts):
            self.fail(f"{value!r} is neither a number of actors nor MIN,MAX, as in 2 or 1,8", param, ctx)
        least, most = int(parts[0]), int(parts[-1])
        if not 1 <= least <= most:
            self.fail(f"{value!r}: at least 1, and the second number is the larger one", param, ctx)
        return least, most


many_options = (
    click.option(
        "--images",
        "source",
        metavar="WHERE",
        help="Of any number, as a stream: a folder, a pattern, a list of files, .tar, .tfrecord or .parquet "
        "files, or the address of any of these (s3://, gs://). Goes on where it was stopped.",
    ),
    click.option("--features", metavar="END_POINT", help="Write these values of each image too."),
    click.option(
        "--format",
        "suffix",
        type=click.Choice(["parquet", "csv", "jsonl"]),
        help="Of the files in the folder --out.  [default: parquet]",
    ),
    click.option("--shard-rows", type=POSITIVE, metavar="N", help="Of a file in it.  [default: 10000]"),
    click.option(
        "--engine-cluster",
        type=click.Choice(["ray"]),
        help="Run on a cluster of Ray's, or on one that is started here for the job.",
    ),
    click.option(
        "--ray-address",
        metavar="ADDRESS",
        help="ray://HOST:10001, HOST:6379, or auto.  [default: started here]",
    ),
    click.option(
        "--actors",
        type=Actors(),
        metavar="N|MIN,MAX",
        help="How many processes hold the model; Ray scales between two numbers.  [default: 1]",
    ),
    click.option(
        "--cpus-per-actor",
        type=click.FloatRange(min=0, min_open=True),
        metavar="C",
        help="[default: 1, or what leaves the reader its share]",
    ),
    click.option("--gpus-per-actor", type=click.FloatRange(min=0), metavar="G", help="[default: 0]"),
)
_OF_A_CLUSTER = ("ray_address", "actors", "cpus_per_actor", "gpus_per_actor")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What of the command line matters to a stream."""

    source: str
    out: str | None
    overwrite: bool
    progress: bool
    as_json: bool
    suffix: str | None
    shard_rows: int | None
    engine_cluster: str | None
    ray_address: str | None
    actors: tuple[int, int] | None
    cpus_per_actor: float | None
    gpus_per_actor: float | None

    @property
    def cluster(self) -> Cluster | None:
        """The cluster; None: this process alone."""
        if self.engine_cluster is None:
            return None
        actors, gpus = self.actors or (1, 1), self.gpus_per_actor or 0.0
        return Cluster(self.ray_address or "", actors, self.cpus_per_actor, gpus)


def check_alone(many: Mapping[str, Any], named: bool) -> bool:
    """Returns whether --images is given. Raises: UsageError: what goes with it, or does not."""
    options = {option.name: option.opts[0] for option in click.get_current_context().command.params}
    if many["source"] is None:
        if given := [options[name] for name, value in many.items() if value is not None]:
            raise click.UsageError(f"{', '.join(given)}: only with --images")
        return False
    given = [options[name] for name in _OF_A_CLUSTER if many[name] is not None]
    if given and many["engine_cluster"] is None:
        raise click.UsageError(f"{', '.join(given)}: only with --engine-cluster")
    if named:
        raise click.UsageError("give IMAGE and --list, or --images, not both")
    return True


def predict_many(asked: Asked, recipe: Recipe) -> None:
    """Predicts, and says how many results there are."""
    from slimzoo.loading.source import find
    from slimzoo.registry import CLASSIFICATION
    from slimzoo.streaming import on_ray
    from slimzoo.streaming.listing import listing_of
    from slimzoo.streaming.results import Place, opened

    if asked.out is None:
        raise click.UsageError(
            "--images needs --out FILE, which ends in .parquet, .csv or .jsonl, or a folder"
        )
    suffix = None if asked.suffix is None else f".{asked.suffix}"
    place = Place.of(asked.out, suffix, asked.overwrite)
    if asked.cluster:
        on_ray.check(asked.cluster)
    images = listing_of(asked.source)
    find(recipe.model, recipe.arguments["pretrained"], recipe.arguments["weights"], CLASSIFICATION)
    from slimzoo.streaming import local
    from slimzoo.streaming.engine import job_of, load_recipe

    loaded = load_recipe(recipe)
    settings = local.Settings(rows=asked.shard_rows or local.ROWS, progress=asked.progress)
    with opened(place, job_of(loaded, images), loaded.width, asked.overwrite) as results:
        if asked.cluster:
            on_ray.collect(loaded, asked.cluster, images, results, settings)
        else:
            local.collect(lambda pieces: local.outcomes(loaded, pieces), images, results, settings)
        rows, errors = results.rows, results.errors
    if asked.as_json:
        echo_json({"images": rows, "errors": errors, "out": asked.out})
    else:
        echo(f"{rows - errors:,} of {counted(rows, 'image')} {'is' if rows == 1 else 'are'} in {asked.out}")
    if errors:
        raise Failure(f"{errors:,} of {counted(rows, 'image')} cannot be used: the column error says why", 1)


def recipe_of(model: str, arguments: Mapping[str, Any], **wanted: Any) -> Recipe:
    """Returns how the model is loaded, in other processes too: they import what --import names."""
    return Recipe(model=model, arguments=arguments, imports=imported(), importing=import_networks, **wanted)
