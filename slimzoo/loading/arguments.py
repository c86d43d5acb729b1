"""The keyword arguments of load(), for editors and type checkers: load() itself says what each is."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from slimzoo.converters.matching import Rename
from slimzoo.preprocessing import Preprocessing

if TYPE_CHECKING:
    from slimzoo.model.features import Levels


class NetworkArguments(TypedDict, total=False):
    """What the registered network functions take beside images, classes and mode."""

    activation_fn: Callable | None
    add_image_level_feature: bool
    aspp_convs_filters: int
    aspp_with_batch_norm: bool
    aspp_with_concat_projection: bool
    aspp_with_separable_conv: bool
    aspp_with_squeeze_and_excitation: bool
    atrous_rates: Sequence[int] | None
    batch_norm_epsilon: float | None
    config: Any
    conv_defs: Any
    create_aux_logits: bool
    crop_size: Sequence[int] | None
    current_step: Any
    decoder_filters: int | None
    decoder_output_is_logits: bool
    decoder_output_stride: int | Sequence[int] | None
    decoder_use_separable_conv: bool
    decoder_use_sum_merge: bool
    dense_prediction_cell_config: Sequence[Mapping[str, Any]] | None
    depth_multiplier: float
    divisible_by: int | None
    dropout_keep_prob: float
    end_padding: bool
    fc_conv_padding: Literal["SAME", "VALID"]
    final_endpoint: str | None
    fine_tune_batch_norm: bool
    finegrain_classification_mode: bool
    gate_slope: float
    global_pool: bool
    image_pooling_crop_size: Sequence[int] | None
    image_pooling_stride: Sequence[int]
    image_pyramid: Sequence[float] | None
    image_se_uses_qsigmoid: bool
    logits_kernel_size: int
    merge_method: Literal["max", "avg"]
    min_base_depth: int
    min_depth: int
    multi_grid: Sequence[int] | None
    output_stride: int | None
    prediction_fn: Callable | None
    prediction_with_upsampled_logits: bool
    preprocess_images: bool
    reuse: bool | None
    scope: str | None
    spatial_squeeze: bool
    store_non_strided_activations: bool
    stride_in_first_unit: bool
    symmetric_padding: bool
    symmetric_pooling: bool
    use_bounded_activation: bool
    use_explicit_padding: bool
    use_groupnorm: bool
    zero_padded_pools: Sequence[str]


class ModelArguments(NetworkArguments, total=False):
    """And what Model takes."""

    arg_scope: dict | Callable | None
    data_format: Literal["NHWC", "NCHW"]
    dtype: Any
    label_offset: int
    multi_label: bool
    seed: int
    trainable: bool


class LoadArguments(ModelArguments, total=False):
    """And what load() takes, beside features_only, on which the kind of model depends."""

    weights: str | os.PathLike | None
    num_classes: int | None
    input_shape: tuple[int | None, ...] | None
    exclude: str | Iterable[str]
    rename: Rename
    ema: bool
    labels: Iterable[str] | None
    preprocessing: Preprocessing | None
    size: int | None
    levels: "Levels"
    sum_rgb: bool
    quiet: bool
    network_arguments: Mapping[str, Any]


class PredictorArguments(LoadArguments, total=False):
    """And what load() takes with an engine."""

    precision: str
    threads: int | None
    batch_size: int | None
    end_points: str | Iterable[str]
    calibrate: Any
    floor: float | None
