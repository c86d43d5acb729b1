"""`slimzoo cache`: the weights on this machine, listed, tidied, and carried to another."""

import datetime
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from slimzoo.cli.group import Group
from slimzoo.cli.options import chosen_rows, weights_argument
from slimzoo.cli.output import echo, echo_json, examples, json_option, table
from slimzoo.errors import counted

if TYPE_CHECKING:
    from slimzoo.data.shard_index import Kept
    from slimzoo.engines.blobs import Blobs
    from slimzoo.weights.cache import Cached


@click.group("cache", cls=Group, epilog=examples("slimzoo cache list", "slimzoo cache export weights.tar"))
def cache_group() -> None:
    """List, tidy and carry the weights on this machine.

    They are in SLIMZOO_CACHE, or slimzoo in the user's cache folder; SLIMZOO_SHARED_CACHE names further
    folders that are only read.
    """


@cache_group.command("list", epilog=examples("slimzoo cache list", "slimzoo cache list --json"))
@json_option
def list_cache(as_json: bool) -> None:
    """Show what is in the cache: weights, what engines compiled of some, and what is in shards."""
    from slimzoo.data import shard_index
    from slimzoo.engines import blobs
    from slimzoo.weights import cache

    compiled, indices = blobs.kept(), shard_index.kept()
    roots = cache.cache_dirs()
    cached = [weights for root in roots for weights in cache.cached_weights(root)]
    if as_json:
        return echo_json(
            [*map(_details, cached), *map(_details_compiled, compiled), *map(_details_index, indices)]
        )
    if cached:
        rows = [
            (w.name, w.bytes, w.record.get("fetched", "not complete"), w.record.get("source", ""), _beside(w))
            for w in cached
        ]
        echo(table(("weights", "bytes>", "fetched", "from", ""), rows, spare=("from", "fetched")))
    total = sum(weights.bytes for weights in cached)
    shared = f"; read only: {', '.join(str(root) for root in roots[1:])}" if roots[1:] else ""
    echo(f"{roots[0]}: {len(cached)} weights, {total:,} bytes{shared}")
    if compiled:
        lines = [(b.engine, b.digest, b.bytes, _day(b.used)) for b in compiled]
        echo("\n" + table(("compiled for", "of the weights", "bytes>", "used"), lines, spare=("used",)))
        echo(f"{len(compiled)} compiled, {sum(b.bytes for b in compiled):,} bytes, {_most()}")
    if indices:
        of_shards = [(_said_of(one), one.bytes, _day(one.used)) for one in indices]
        echo("\n" + table(("index of the shard", "bytes>", "written"), of_shards, spare=("written",)))
        echo(f"indices of shards: {len(indices)}, {sum(one.bytes for one in indices):,} bytes")
    return None


def _day(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds).strftime("%Y-%m-%d")


def _most() -> str:
    """Says how much engines may keep."""
    from slimzoo.engines import blobs

    return f"of {blobs.limit():,} that SLIMZOO_COMPILED_LIMIT allows"


def _details_compiled(blobs: "Blobs") -> dict[str, Any]:
    return {"kind": "compiled", **asdict(blobs)}


def _details_index(index: "Kept") -> dict[str, Any]:
    return {"kind": "index", **asdict(index)}


def _said_of(index: "Kept") -> str:
    """Returns the shard of an index, or its file, and what is wrong with it."""
    return f"{index.shard or index.file}{' (gone, changed or damaged)' * index.useless}"


def _details(weights: "Cached") -> dict[str, Any]:
    return {
        "kind": "weights",
        "name": weights.name,
        "folder": weights.folder,
        "bytes": weights.bytes,
        "originals": [path.name for path in weights.originals],
        "leftovers": [path.name for path in weights.leftovers],
        **weights.record,
    }


def _beside(weights: "Cached") -> str:
    kept = [f"{len(weights.originals)} original"] if weights.originals else []
    parts = [f"{len(weights.leftovers)} left by an interruption"] if weights.leftovers else []
    return ", ".join([*kept, *parts])


@cache_group.command(
    epilog=examples(
        "slimzoo cache prune",
        "slimzoo cache prune --originals --compiled",
        "slimzoo cache prune vgg_16",
    )
)
@weights_argument
@click.option("--originals", is_flag=True, help="The kept originals too.")
@click.option("--compiled", is_flag=True, help="What engines compiled too; it is compiled again when needed.")
@click.option("--everything", is_flag=True, help="All weights, what engines compiled, and indices of shards.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@json_option
def prune(
    names: tuple[str, ...], originals: bool, compiled: bool, everything: bool, dry_run: bool, as_json: bool
) -> None:
    """Delete what is of no use: what interruptions left, and weights that the manifest has not any more.

    And indices of shards that are gone or have changed. With NAME..., these weights. What another process is
    at work on is left alone. Digests that were noted on first use are kept.
    """
    from slimzoo.data import shard_index
    from slimzoo.engines import blobs
    from slimzoo.weights import checking

    if names and everything:
        raise click.UsageError("name weights, or give --everything")
    if names and compiled:
        raise click.UsageError("--compiled deletes what was compiled of every model: give it without names")
    chosen = [str(row) for row in chosen_rows(names)] if names else None
    paths, size = checking.prune(chosen, originals, everything, dry_run)
    gone = blobs.forget(dry_run) if compiled or everything else []
    indices = [] if names else shard_index.prune(everything, dry_run)
    paths += [*(one.folder for one in gone), *(one.file for one in indices)]
    size += sum(one.bytes for one in gone) + sum(one.bytes for one in indices)
    if as_json:
        return echo_json({"files": paths, "bytes": size, "deleted": not dry_run})
    for path in paths:
        echo(str(path))
    return echo(f"{counted(len(paths), 'file')}, {size:,} bytes {'would be ' if dry_run else ''}deleted")


@cache_group.command(
    "export",
    epilog=examples("slimzoo cache export weights.tar vgg_16 inception_v3", "slimzoo cache export all.tar"),
)
@click.argument("bundle")
@weights_argument
@click.option("--overwrite", is_flag=True, help="Replace BUNDLE if it is there.")
@json_option
def export_cache(bundle: str, names: tuple[str, ...], overwrite: bool, as_json: bool) -> None:
    """Write weights to one file, to carry them to a machine without a network.

    Without NAME, all that are in the cache.
    """
    from slimzoo.weights.bundle import export_bundle

    sha256, done = export_bundle(bundle, names, overwrite)
    if as_json:
        return echo_json({"bundle": bundle, "sha256": sha256, "weights": done})
    return echo(
        f"{bundle}: {', '.join(done)}\nsha256 {sha256}\n"
        f"On the other machine: slimzoo cache import {bundle} --sha256 {sha256}"
    )


@cache_group.command("import", epilog=examples("slimzoo cache import weights.tar"))
@click.argument("bundle")
@click.option(
    "--sha256", default="", metavar="DIGEST", help="What export printed: only that bundle is imported."
)
@json_option
def import_cache(bundle: str, sha256: str, as_json: bool) -> None:
    """Take weights from a bundle into the cache.

    Each is checked whole, against the manifest and against its network, before it is placed.
    """
    from slimzoo.weights.bundle import import_bundle

    done = import_bundle(bundle, sha256)
    return echo_json(done) if as_json else echo(table(("weights", ""), done.items()))
