"""Everything that decides the numbers of a run: what its folder notes, and compares before it goes on."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from slimzoo.data.dataset import Dataset
from slimzoo.errors import SlimzooError, counted, listing, some
from slimzoo.facts import tricks
from slimzoo.facts.trick import LARGEST
from slimzoo.registry import CLASSIFICATION, SEGMENTATION, get_row
from slimzoo.training.recipes import METHODS, PRECISIONS, Recipe
from slimzoo.training.run_folder import fingerprint
from slimzoo.training.sizes import grid_of, problem_of_size
from slimzoo.weights import manifest


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
    eval_batch: int | None = None  # images measured at once; None: the recipe's batch_size
    keep_best: bool
    precision: str
    data_format: Literal["NHWC", "NCHW"]
    deterministic: bool
    replicas: int

    def __post_init__(self) -> None:
        problems = [*self._problems_of_data(), *self._problems_of_numbers(), *self._problems_of_tricks()]
        if problems:
            raise SlimzooError(listing("nothing can be trained so:", problems))

    def _problems_of_data(self) -> list[str]:
        train, validation = self.train, self.validation
        problems = [f"{data.name} holds no image" for data in (train, validation) if not len(data)]
        if len(train) and not any(train.counts.values()):
            problems.append(f"no image of {train.name} shows any of the classes {some(train.classes, 10)}")
        if train.classes != validation.classes:
            problems.append(
                f"{train.name} has classes {some(train.classes, 10)}; {validation.name} has "
                f"{some(validation.classes, 10)}: they must be the same, in the same order"
                f"{_apart(train, validation)}"
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
        for name, value in self._counts():
            if value is not None and (not isinstance(value, int) or not 1 <= value <= LARGEST):
                allowed = f"at least 1 and at most {LARGEST}"
                problems.append(f"{name} is {value!r}; it must be a whole number, {allowed}")
        if not 0 <= self.seed < 2**31:
            problems.append(f"seed is {self.seed}; it must lie between 0 and {2**31 - 1}")
        need = f"{self.replicas} devices need at least an image each"
        if self.recipe.batch_size < self.replicas:
            problems.append(f"batch_size is {self.recipe.batch_size}; {need}")
        if 0 < len(self.train) < self.replicas:
            problems.append(f"{self.train.name} has {counted(len(self.train), 'image')}; {need}")
        return problems

    def _counts(self) -> tuple[tuple[str, int | None], ...]:
        batch = ("batch_size", self.recipe.batch_size)
        return batch, ("steps", self.steps), ("eval_every", self.eval_every), ("eval_batch", self.eval_batch)

    def _problems_of_tricks(self) -> list[str]:
        recipe, problems = self.recipe, tricks.problems_of_task(vars(self.recipe), self.train.task)
        if not self.keep_best:
            looks = ["schedule='plateau'"] if recipe.schedule == "plateau" else []
            looks += [f"early_stopping={recipe.early_stopping}"] if recipe.early_stopping else []
            problems += [
                f"{look} chooses by the held-out images, which keep_best=False forbids" for look in looks
            ]
        whole = self.steps is None or isinstance(self.steps, int)
        if METHODS[recipe.method].steps and whole and recipe.accumulate > max(self.last_step, 1):
            problems.append(
                f"accumulate={recipe.accumulate} is more than the run has steps, {self.last_step}: nothing "
                "would be updated"
            )
        if recipe.batch_norm == "frozen" and self.weights is None:
            problems.append("batch_norm='frozen' keeps what the weights bring, and there are none")
        if METHODS[recipe.method].fits and self.weights is None:
            problems.append(f"method={recipe.method!r} fits to what the weights give, and there are none")
        if METHODS[recipe.method].fits and self.train.task != CLASSIFICATION:
            problems.append(
                f"method={recipe.method!r} fits a layer to one class an image; of masks a network learns by "
                "steps: 'head' or 'full'"
            )
        if self.train.task == SEGMENTATION and self.size is not None:
            row = get_row(self.model)
            wrong = problem_of_size(self.model, self.size, grid_of(row, recipe.network_arguments))
            problems += [wrong] if wrong else []
        if recipe.grow_from and self.size is not None and recipe.grow_from >= self.size:
            problems.append(
                f"grow_from={recipe.grow_from} is not smaller than the images are to be: {self.size}"
            )
        return problems

    @property
    def last_step(self) -> int:
        """How many steps the run takes; a fit is one."""
        if not METHODS[self.recipe.method].steps:
            return 1
        return self.steps or math.ceil(self.recipe.epochs * len(self.train) / self.recipe.batch_size)

    @property
    def eval_size(self) -> int:
        """Images that are measured at once."""
        return self.eval_batch or self.recipe.batch_size

    @property
    def interval(self) -> int:
        """Steps from one evaluation to the next."""
        epoch = math.ceil(len(self.train) / self.recipe.batch_size)
        return self.eval_every or max(epoch, math.ceil(self.last_step / 10))

    def _recipe_in_words(self) -> dict[str, Any]:
        """Returns the recipe's fields, but for those that older runs have not, where they are as without."""
        values = tricks.without_those_off(asdict(self.recipe))
        if values["method"] == "full":
            del values["method"]
        return values

    def to_compare(self) -> dict[str, Any]:
        """What must be the same on every machine: how images are shared out to be measured, too.

        Not what data and a file of weights are called, which lie where each machine has them.
        """
        images = {"train": len(self.train), "validation": len(self.validation)}
        weights = "a file" if self.brings_a_file else self.weights
        return {**self.to_dict(), **images, "weights": weights, "eval_batch": self.eval_size}

    @property
    def brings_a_file(self) -> bool:
        """Whether the weights are no released ones: those are the same wherever they lie."""
        return self.weights is not None and self.weights not in ("pretrained", *manifest.tags_of(self.model))

    def images(self) -> list[str]:
        """Returns what "data" of to_dict() is a digest of, in words: each image and what it shows."""
        parts = (("training", self.train), ("held-out", self.validation))
        return [f"{part} {about}" for part, data in parts for about in data.in_words]

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the names of config.json: two runs with the same ones are the same run."""
        reading = {"rename": self.rename, "exclude": list(self.exclude)}
        return {
            "model": self.model,
            "weights": self.weights,
            "ema": self.ema,
            **{name: value for name, value in reading.items() if value},  # older runs have neither
            "size": self.size,
            **self._recipe_in_words(),
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


def _apart(train: Dataset, validation: Dataset) -> str:
    """Returns which classes one of the two has alone."""
    alone = sorted({*train.classes} ^ {*validation.classes})
    return f"; in one alone: {some(alone, 10)}" if alone else ""


def in_words(data: Dataset) -> str:
    """Returns the name of `data`, and how many images it has."""
    return f"{data.name}, {len(data)} image{'s' * (len(data) != 1)}"
