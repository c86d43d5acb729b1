"""scikit-image's functions under their old names, with the parameters of then."""

from typing import Any


def _channels(options: dict[str, Any]) -> dict[str, Any]:
    """Says `multichannel` as it is said today."""
    if "multichannel" in options:
        options["channel_axis"] = -1 if options.pop("multichannel") else None
    return options


def _range(options: dict[str, Any]) -> dict[str, Any]:
    if "dynamic_range" in options:
        options["data_range"] = options.pop("dynamic_range")
    return options


def compare_ssim(X: Any, Y: Any, *args: Any, **options: Any) -> Any:
    """skimage.metrics.structural_similarity."""
    from skimage.metrics import structural_similarity

    names = ("win_size", "gradient", "data_range", "multichannel", "gaussian_weights", "full")
    options.update(zip(names, args, strict=False))
    return structural_similarity(X, Y, **_channels(_range(options)))


def compare_psnr(im_true: Any, im_test: Any, data_range: Any = None, **options: Any) -> Any:
    """skimage.metrics.peak_signal_noise_ratio."""
    from skimage.metrics import peak_signal_noise_ratio

    return peak_signal_noise_ratio(im_true, im_test, **{"data_range": data_range, **_range(options)})


def compare_mse(im1: Any, im2: Any) -> Any:
    """skimage.metrics.mean_squared_error."""
    from skimage.metrics import mean_squared_error

    return mean_squared_error(im1, im2)


def compare_nrmse(im_true: Any, im_test: Any, norm_type: str = "euclidean") -> Any:
    """skimage.metrics.normalized_root_mse."""
    from skimage.metrics import normalized_root_mse

    then = {"Euclidean": "euclidean"}.get(norm_type, norm_type)
    return normalized_root_mse(im_true, im_test, normalization=then)


def rescale(image: Any, scale: Any, *args: Any, **options: Any) -> Any:
    """skimage.transform.rescale."""
    from skimage import transform

    return transform.rescale(image, scale, *args, **_channels(options))


def pyramid_reduce(image: Any, *args: Any, **options: Any) -> Any:
    """skimage.transform.pyramid_reduce."""
    from skimage import transform

    return transform.pyramid_reduce(image, *args, **_channels(options))


def circle(r: float, c: float, radius: float, shape: Any = None) -> Any:
    """skimage.draw.disk."""
    from skimage.draw import disk

    return disk((r, c), radius, shape=shape)
