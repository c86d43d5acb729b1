"""What shapes a DeepLab: its options, under the names of the published code, and what fits together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CellRow = Mapping[str, Any]  # of a dense prediction cell: op, input, and kernel and rate, or grid_size
# What the search of Chen et al. 2018, arXiv:1809.04184, figure 5, found; released with xception_71.
DENSE_PREDICTION_CELL: tuple[CellRow, ...] = (
    {"op": "conv", "kernel": 3, "rate": [1, 6], "input": -1},
    {"op": "conv", "kernel": 3, "rate": [18, 15], "input": 0},
    {"op": "conv", "kernel": 3, "rate": [6, 3], "input": 1},
    {"op": "conv", "kernel": 3, "rate": [1, 1], "input": 0},
    {"op": "conv", "kernel": 3, "rate": [6, 21], "input": 0},
)
OUTPUT_STRIDES = (8, 16, 32)
DECODER_STRIDES = (4, 8, 16)
MERGE_METHODS = ("max", "avg")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What shapes a DeepLab.

    Attributes:
      model_variant: the backbone, a row of deeplab_backbones.BACKBONES.
      output_stride: of the backbone's map: 8, 16 or 32.
      crop_size: (height, width) of the images; None: theirs, whatever it is.
      atrous_rates: of the 3x3 convolutions of ASPP; None: without these.
      depth_multiplier: factor on the channels of a MobileNet.
      divisible_by: of the channels of a MobileNet v2; None: 8, or 1 where they are multiplied.
      multi_grid: rates within the last block of a ResNet or an Xception: three (two of 18 layers).
      use_bounded_activation: keeps the activations of heads and Xception below 6, for quantized inference.
      add_image_level_feature: with the mean of the whole map.
      image_pooling_crop_size: (height, width) of images whose map that mean is taken over; None: all of it.
      image_pooling_stride: of these means, where they are several.
      image_se_uses_qsigmoid: a straight line in place of a sigmoid makes the gates.
      aspp_with_batch_norm: False leaves ASPP out: the last layer has the rates.
      aspp_with_separable_conv: depthwise, then pointwise convolutions.
      aspp_with_concat_projection: a 1x1 convolution puts the branches together.
      aspp_with_squeeze_and_excitation: the mean of the map gates the branches, in place of being one.
      aspp_convs_filters: channels of each branch.
      dense_prediction_cell_config: rows of a cell in place of ASPP, as DENSE_PREDICTION_CELL.
      decoder_output_stride: of the finer maps that a decoder adds: 4, or several as (8, 4); None: no decoder.
      decoder_use_separable_conv, decoder_use_sum_merge: how it does.
      decoder_filters: channels of the decoder; None: 256, or the classes with decoder_output_is_logits.
      decoder_output_is_logits: the decoder is the last layer.
      logits_kernel_size: of the last layer where aspp_with_batch_norm is False.
      image_pyramid: scales at which the images are seen; None: as they are.
      merge_method: of the logits of these scales, "max" or "avg".
      prediction_with_upsampled_logits: False enlarges the last map without interpolation.
      batch_norm_decay: of its moving averages; None: as published, 0.9997 in the heads. Few steps want less.
      fine_tune_batch_norm: False: moving averages in training too.
      preprocess_images: the images are pixels of 0..255, and the network itself scales or centres them.
    """

    model_variant: str = "mobilenet_v2"
    output_stride: int = 16
    crop_size: Sequence[int] | None = None
    atrous_rates: Sequence[int] | None = None
    depth_multiplier: float = 1.0
    divisible_by: int | None = None
    multi_grid: Sequence[int] | None = None
    use_bounded_activation: bool = False
    add_image_level_feature: bool = True
    image_pooling_crop_size: Sequence[int] | None = None
    image_pooling_stride: Sequence[int] = (1, 1)
    image_se_uses_qsigmoid: bool = False
    aspp_with_batch_norm: bool = True
    aspp_with_separable_conv: bool = True
    aspp_with_concat_projection: bool = True
    aspp_with_squeeze_and_excitation: bool = False
    aspp_convs_filters: int = 256
    dense_prediction_cell_config: Sequence[CellRow] | None = None
    decoder_output_stride: int | Sequence[int] | None = None
    decoder_use_separable_conv: bool = True
    decoder_use_sum_merge: bool = False
    decoder_filters: int | None = None
    decoder_output_is_logits: bool = False
    logits_kernel_size: int = 1
    image_pyramid: Sequence[float] | None = None
    merge_method: str = "max"
    prediction_with_upsampled_logits: bool = True
    batch_norm_decay: float | None = None
    fine_tune_batch_norm: bool = True
    preprocess_images: bool = False

    @property
    def decoder_strides(self) -> tuple[int, ...]:
        """The strides of the decoder's stages, coarse to fine."""
        given = self.decoder_output_stride
        if given is None:
            return ()
        return (given,) if isinstance(given, int) else tuple(given)

    @property
    def logits_stride(self) -> int:
        """How much smaller than the images the last map is."""
        return min(self.decoder_strides) if self.decoder_strides else self.output_stride

    def decay_or(self, published: float) -> float:
        """Returns the decay of batch norm's averages, where nothing is set the `published` one."""
        return published if self.batch_norm_decay is None else self.batch_norm_decay

    def decoder_channels(self, num_classes: int | None) -> int:
        """Returns how many channels the decoder's convolutions have."""
        usual = num_classes if self.decoder_output_is_logits and num_classes else 256
        return self.decoder_filters or usual

    def check(self, num_classes: int | None, image_size: Sequence[int | None], decoder: Mapping) -> None:
        """Raises ValueError, which names everything that does not fit.

        Args:
          image_size: height and width of the images, None where unknown.
          decoder: strides that the backbone has a map for.
        """
        problems = [
            *_sizes(self, image_size),
            *_decoder(self, num_classes, decoder),
            *_heads(self),
        ]
        if problems:
            raise ValueError(f"DeepLab on {self.model_variant}: " + "; ".join(problems))


def _sizes(options: Options, image_size: Sequence[int | None]) -> list[str]:
    problems = []
    if options.output_stride not in OUTPUT_STRIDES:
        problems.append(f"output_stride is {options.output_stride!r}; allowed are 8, 16, 32")
    crop = options.crop_size
    if crop is not None and len(crop) != 2:
        problems.append(f"crop_size is {crop!r}; it is (height, width)")
    elif crop is not None and any(
        size not in (None, want) for size, want in zip(image_size, crop, strict=True)
    ):
        problems.append(
            f"crop_size is {tuple(crop)}, and the images have {image_size[0]}x{image_size[1]} pixels; "
            "crop_size=None takes them as they are"
        )
    if options.merge_method not in MERGE_METHODS:
        problems.append(f"merge_method is {options.merge_method!r}; allowed are max, avg")
    return problems


def _decoder(options: Options, num_classes: int | None, decoder: Mapping) -> list[str]:
    problems = []
    strides = options.decoder_strides
    if any(stride not in decoder for stride in strides):
        allowed = ", ".join(map(str, sorted(decoder))) or "none: it has no decoder"
        problems.append(f"decoder_output_stride is {options.decoder_output_stride!r}; allowed are {allowed}")
    if list(strides) != sorted(strides, reverse=True):
        problems.append(f"decoder_output_stride is {list(strides)}; they go from coarse to fine, as [8, 4]")
    if options.decoder_output_is_logits and not strides:
        problems.append("decoder_output_is_logits wants a decoder: decoder_output_stride=8")
    channels = options.decoder_channels(num_classes)
    if options.decoder_output_is_logits and num_classes and channels != num_classes:
        problems.append(
            f"decoder_filters is {channels}; with decoder_output_is_logits it is the number of classes, "
            f"{num_classes}, or None"
        )
    return problems


def _heads(options: Options) -> list[str]:
    problems = []
    aspp = options.aspp_with_batch_norm or options.atrous_rates is None
    if aspp and options.logits_kernel_size != 1:
        problems.append(
            f"logits_kernel_size is {options.logits_kernel_size}; it is 1 but where aspp_with_batch_norm is "
            "False and there are atrous_rates"
        )
    if options.dense_prediction_cell_config is not None and options.output_stride > 16:
        problems.append(f"a dense prediction cell wants output_stride 8 or 16, not {options.output_stride}")
    return problems
