"""Everything that decides the numbers of a run: what its folder notes, and compares before it goes on."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, listing
from slimzoo.training.recipes import PRECISIONS, WAYS, Recipe, Way
from slimzoo.training.run_folder import fingerprint


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What finetune() was asked for, the recipe's part of it included.

    Raises: SlimzooError: they do not fit together; everything wrong is listed.
    """

    train: Dataset
    validation: Dataset
    recipe: Recipe
    model: str
    weights: str | None
    ema: bool
    rename: dict[str, str] | None = None  # of names in the weights, as load() takes it
    exclude: tuple[str, ...] = ()
    size: int | None
    steps: int | None  # None: the recipe's epochs
    seed: int
    eval_every: int | None  # steps; None: an epoch, or a tenth of the run if longer
    keep_best: bool
    precision: str
    data_format: Literal["NHWC", "NCHW"]
    deterministic: bool
    replicas: int

    def __post_init__(self) -> None:
        problems = [*self._problems_of_data(), *self._problems_of_numbers()]
        if problems:
            raise SlimzooError(listing("nothing can be trained so:", problems))

    def _problems_of_data(self) -> list[str]:
        train, validation = self.train, self.validation
        problems = [f"{data.name} holds no image" for data in (train, validation) if not len(data)]
        if train.classes != validation.classes:
            problems.append(
                f"{train.name} has classes {', '.join(train.classes)}; {validation.name} has "
                f"{', '.join(validation.classes)}: they must be the same, in the same order"
            )
        if train.multi_label != validation.multi_label:
            problems.append(
                f"one of {train.name} and {validation.name} has several labels an image, the other one"
            )
        return problems

    def _problems_of_numbers(self) -> list[str]:
        problems = []
        if self.precision not in PRECISIONS:
            problems.append(f"precision is {self.precision!r}; allowed are {', '.join(PRECISIONS)}")
        for name, value in (("steps", self.steps), ("eval_every", self.eval_every)):
            if value is not None and (not isinstance(value, int) or value < 1):
                problems.append(f"{name} is {value!r}; it must be a whole number, at least 1")
        if self.steps is not None and self.way.trains == "nothing":
            problems.append(
                f"steps is {self.steps}, and recipe {self.recipe.way!r} takes none; leave one of them out, "
                "or use recipe 'head', 'full' or 'probe-then-full'"
            )
        if self.weights is None and self.way.probes:
            problems.append(
                f"recipe {self.recipe.way} fits a layer to features of restored weights, and there are none; "
                "use recipe 'full'"
            )
        if not 0 <= self.seed < 2**31:
            problems.append(f"seed is {self.seed}; it must lie between 0 and {2**31 - 1}")
        if self.recipe.batch_size < self.replicas:
            problems.append(
                f"batch_size is {self.recipe.batch_size}; {self.replicas} devices need at least an image each"
            )
        return problems

    @property
    def way(self) -> Way:
        """What of the network learns."""
        return WAYS[self.recipe.way]

    @property
    def last_step(self) -> int:
        """How many steps the run takes; none where nothing is trained after the probe."""
        if self.way.trains == "nothing":
            return 0
        return self.steps or math.ceil(self.recipe.epochs * len(self.train) / self.recipe.batch_size)

    @property
    def interval(self) -> int:
        """Steps from one evaluation to the next."""
        epoch = math.ceil(len(self.train) / self.recipe.batch_size)
        return self.eval_every or max(epoch, math.ceil(self.last_step / 10))

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the names of config.json: two runs with the same ones are the same run."""
        reading = {"rename": self.rename, "exclude": list(self.exclude)}
        return {
            "model": self.model,
            "weights": self.weights,
            "ema": self.ema,
            **{name: value for name, value in reading.items() if value},  # older runs have neither
            "size": self.size,
            **{
                name: value for name, value in asdict(self.recipe).items() if (name, value) != ("way", "full")
            },
            "steps": self.last_step,
            "seed": self.seed,
            "eval_every": self.interval,
            "keep_best": self.keep_best,
            "precision": self.precision,
            "data_format": self.data_format,
            "deterministic": self.deterministic,
            "replicas": self.replicas,
            "train": in_words(self.train),
            "validation": in_words(self.validation),
            "data": f"{fingerprint(self.train)} {fingerprint(self.validation)}",
        }


def in_words(data: Dataset) -> str:
    """Returns the name of `data`, and how many images it has."""
    return f"{data.name}, {len(data)} image{'s' * (len(data) != 1)}"
