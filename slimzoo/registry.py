"""The networks slimzoo knows, one row each; a family file in slimzoo/nets registers its rows."""

import functools
import importlib
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from slimzoo import facts
from slimzoo.errors import SlimzooError, listing
from slimzoo.names import nearest

log = logging.getLogger("slimzoo")
FAMILIES = (  # modules of slimzoo.nets that register networks
    "alexnet",
    "cifarnet",
    "deeplab",
    "fcn",
    "inception_resnet_v2",
    "inception_v1",
    "inception_v2",
    "inception_v3",
    "inception_v4",
    "lenet",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3",
    "nasnet",
    "overfeat",
    "pnasnet",
    "resnet_v1",
    "resnet_v2",
    "vgg",
)
ENTRY_POINTS = "slimzoo.networks"  # of other packages: a module, a Network, or a list or function of Networks
NAME = re.compile(r"\w[\w.-]*")
ENDINGS = (".keras", ".safetensors")
CLASSIFICATION, SEGMENTATION = TASKS = ("classification", "segmentation")  # classes an image, or a pixel
_NETWORKS: dict[str, "Network"] = {}
_packages_asked = False


def check_task(name: str, task: str, wanted: str) -> None:
    """Raises SlimzooError, which says what `name` is for and what else there is, if its `task` is another."""
    if task == wanted:
        return
    says, does = {
        CLASSIFICATION: (
            "tells images apart, not pixels",
            "it gives an image a class (`slimzoo predict`, slimzoo.predict)",
        ),
        SEGMENTATION: (
            "tells pixels apart, not images",
            "it gives masks (`slimzoo segment`, model.predict_masks)",
        ),
    }[task]
    others = ", ".join([row.name for row in rows().values() if row.task == wanted][:3])
    raise SlimzooError(f"{name} {says}; {does}. Networks of the task {wanted} are {others} and others")


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is written down of one network; that of slimzoo's own is known before any of them is imported."""

    name: str
    image_size: int  # pixels, square; what the published weights were trained at
    num_classes: int  # of the published network
    channels: int  # of its images
    heads: tuple[str, ...]  # scopes that depend on num_classes
    transfer_heads: tuple[str, ...]  # scopes that fine-tuning on another task starts anew
    preprocessing: str  # a kind of preprocessing.KINDS, for training from scratch; weights bring their own
    auxiliary: tuple[str, ...] | None = None  # scopes that exist in training only; None: not known
    recipe: str = ""  # a name of training.RECIPES; "": the plain recipe
    task: str = CLASSIFICATION  # of TASKS: logits [N, classes], or [N, H, W, classes] at the images' size
    scope: str = ""  # the outermost scope of its variables; "": that of its heads
    grid: tuple[int, int] = (1, 0)  # sides of images to train on: (16, 1) for multiples of 16 and one more

    def __post_init__(self) -> None:
        problems = []
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name) or self.name.endswith(ENDINGS):
            problems.append(
                f"name is {self.name!r}; it is of letters, digits, '_', '-' and '.', and no file's"
            )
        for field in ("heads", "transfer_heads"):
            scopes = getattr(self, field)
            if not isinstance(scopes, tuple) or not scopes or not all(isinstance(s, str) for s in scopes):
                problems.append(f'{field} is {scopes!r}; it is a tuple of scopes, as ("vgg_16/fc8",)')
        if self.task not in TASKS:
            problems.append(f"task is {self.task!r}; it is {' or '.join(TASKS)}")
        if problems:
            raise SlimzooError(listing(f"this is no network (of name {self.name!r}):", problems))

    @property
    def side_heads(self) -> tuple[str, ...]:
        """The heads that the logits do not need, which many weight files come without."""
        return tuple(scope for scope in self.heads if "aux" in scope.rpartition("/")[2].lower())

    @property
    def main_heads(self) -> tuple[str, ...]:
        """The other heads, of which the logits come."""
        return tuple(scope for scope in self.heads if scope not in self.side_heads)

    @property
    def top(self) -> str:
        """The outermost scope of its variables: "vgg_16"."""
        return self.scope or self.heads[0].partition("/")[0]

    def require(self, task: str) -> None:
        """Raises SlimzooError, which says what its networks are for, if this one is of another task."""
        check_task(self.name, self.task, task)

    def has_scope_of(self, names: Iterable[str]) -> bool:
        """Whether one of the variables called `names` lies in the outermost scope of this network."""
        return any(name.startswith(f"{self.top}/") for name in names)

    def classes_in(self, shapes: Mapping[str, tuple[int, ...]]) -> int | None:
        """Returns how many classes weights of these {variable: shape} tell apart; None without a head."""
        return next(
            (
                shape[-1]
                for scope in self.heads
                for name, shape in shapes.items()
                if name.startswith(f"{scope}/") and shape
            ),
            None,
        )

    @property
    def modes(self) -> tuple[bool, ...]:
        """Values of is_training under which `build` must run to have asked for every variable."""
        return (True, False) if self.auxiliary is None else (bool(self.auxiliary),)


@dataclass(frozen=True, kw_only=True)
class Network(Row):
    """One published network: what is written down of it, and how it is built."""

    # (images, num_classes, is_training=...) -> logits, end_points; num_classes None: without the last layer
    build: Callable[..., Any]
    arg_scope: Callable[..., dict]  # weight_decay=... -> the scope it was published with


def register(network: Network) -> Network:
    """Adds `network` under its name.

    Raises: SlimzooError: the name is taken by another network.
    """
    _import_families_of(network.name)  # so that one of slimzoo's own names is taken, whoever comes first
    if _NETWORKS.setdefault(network.name, network) is not network:
        raise SlimzooError(f"network {network.name!r} is registered twice; names must be unique")
    return network


def registered() -> frozenset[str]:
    """Returns the names of the networks registered so far; imports nothing."""
    return frozenset(_NETWORKS)


def networks() -> dict[str, Network]:
    """Returns every registered network by name; imports the families and other packages' when first asked."""
    for family in FAMILIES:
        importlib.import_module(f"slimzoo.nets.{family}")
    _register_packages()
    return _NETWORKS


def _register_packages() -> None:
    """Registers what installed packages offer; one that fails is warned of, and slimzoo goes on without."""
    global _packages_asked
    if _packages_asked:
        return
    _packages_asked = True  # before they are: what they import may ask for the networks
    for point in entry_points(group=ENTRY_POINTS):
        try:
            _register_all(point.load())
        except Exception as error:  # noqa: BLE001  # whatever a package raises
            package = point.dist.name if point.dist else "?"
            log.warning(
                "the networks of package %s (%s) are left out: %s: %s",
                *(package, point.value, type(error).__name__, error),
            )


def _register_all(offered: Any) -> None:
    if callable(offered):
        offered = offered()
    if isinstance(offered, Network):
        register(offered)
    elif offered is not None and not isinstance(offered, ModuleType):  # these have registered their own
        for network in offered:
            register(network)


def rows() -> dict[str, Row]:
    """Returns what is written down of every network by name; of slimzoo's own none is imported for it."""
    _register_packages()
    own = {name: _NETWORKS.get(name) or _known(name) for name in facts.rows()}
    return {**own, **_NETWORKS}


def get_row(name: str) -> Row:
    """Returns what is written down of the network called `name`; slimzoo's own are not imported for it.

    Raises: SlimzooError: there is none; the message names the nearest ones.
    """
    if not is_network(name):
        raise SlimzooError(_unknown(name))
    return _NETWORKS.get(name) or _known(name)


@functools.cache
def _known(name: str) -> Row:
    written = facts.rows()[name]
    values: dict[str, Any] = {f.name: written[f.name] for f in fields(Row) if f.name != "name"}
    for field, value in values.items():
        values[field] = tuple(value) if isinstance(value, list) else value  # JSON has no tuples
    return Row(name=name, **values)


def is_network(name: str) -> bool:
    """Says whether a network is called `name`; imports none of slimzoo's own, and packages' if it must."""
    if name in _NETWORKS or name in facts.rows():
        return True
    return bool(NAME.fullmatch(name)) and not os.path.exists(name) and name in rows()


def row_of(what: str | os.PathLike, name: str) -> Row:
    """Returns what is written down of the network called `name`, of which `what` (a file) says that it is.

    Raises: SlimzooError: it is not registered.
    """
    if not is_network(name):
        raise SlimzooError(
            f"{what} is of the network {name!r}, which is not registered here: import first what registers it"
        )
    return get_row(name)


def _import_families_of(name: str) -> None:
    for family in FAMILIES:
        if name.startswith(family):
            importlib.import_module(f"slimzoo.nets.{family}")


def get_network(name: str) -> Network:
    """Returns the network called `name`.

    Raises: SlimzooError: there is none; the message names the nearest ones.
    """
    if not is_network(name):
        raise SlimzooError(_unknown(name))
    if name not in _NETWORKS:
        _import_families_of(name)
    return _NETWORKS.get(name) or networks()[name]


def _unknown(name: str) -> str:
    return (
        f"no network is named {name!r}.{nearest(name, rows())} slimzoo.list_models() lists all. One of your "
        "own is registered first, by slimzoo.register"
    )
