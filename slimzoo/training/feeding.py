"""What a run trains on: its images as the recipe wants them changed, from any step on."""

import tensorflow as tf

from slimzoo.data.mixing import Mixing
from slimzoo.data.pipeline import batches
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.augmentation import Further
from slimzoo.training.balance import odds, weighted
from slimzoo.training.settings import Settings

STAGES = 4  # in which images grow
_MAGNITUDE = 0.5


class Feed:
    """The batches of a run; which images step s holds, and how each is changed, follows from (seed, s).

    Args:
      share: (begin, end) of the rows of each batch that this process makes; None: all.
    """

    def __init__(
        self, settings: Settings, preprocessing: Preprocessing, share: tuple[int, int] | None = None
    ):
        self._settings, self._preprocessing, self._share = settings, preprocessing, share
        recipe, train = settings.recipe, settings.train
        self._train = weighted(train) if recipe.class_weights == "balanced" else train
        self._odds = odds(train) if recipe.sampling == "balanced" else None
        self._further = Further(
            area=recipe.crop_area,
            aspect=recipe.crop_aspect,
            rand_augment=recipe.rand_augment,
            magnitude=recipe.rand_augment_magnitude or _MAGNITUDE,
            erasing=recipe.random_erasing,
        )

    def size_at(self, step: int) -> int | None:
        """Returns the pixels of the images after `step` steps; None: as many as in the end."""
        smallest, whole = self._settings.recipe.grow_from, self._preprocessing.size
        stage = step * STAGES // self._settings.last_step
        if smallest is None or stage >= STAGES - 1:
            return None
        return smallest + (whole - smallest) * stage // (STAGES - 1)

    def batches(self, step: int) -> tf.data.Dataset:
        """Returns the batches from `step` on, of the size that they have there."""
        recipe = self._settings.recipe
        mixing = Mixing(mixup=recipe.mixup, cutmix=recipe.cutmix, size=self.size_at(step))
        return self._from(step, mixing, self._share)

    def unmixed(self) -> tf.data.Dataset:
        """Returns the batches from the first on, none mixed, all of the size in the end."""
        return self._from(0, None, None)

    def _from(self, step: int, mixing: Mixing | None, share: tuple[int, int] | None) -> tf.data.Dataset:
        return batches(
            self._train,
            self._preprocessing,
            self._settings.recipe.batch_size,
            seed=self._settings.seed,
            start_step=step,
            augmentation=self._settings.recipe.augmentation,
            further=self._further,
            mixing=mixing,
            odds=self._odds,
            share=share,
        )
