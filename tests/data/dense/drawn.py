"""Small images with masks: a rectangle of each class on a background, an outline of void around it."""

import numpy as np
from PIL import Image

from slimzoo.labels.dense import VOID, palette

COLOURS = np.array([[90, 90, 90], [220, 40, 40], [40, 200, 60], [50, 70, 230]], np.uint8)  # of classes


def draw(seed, classes=3, size=(40, 48)):
    """Returns an image uint8 [H, W, 3] and its mask uint8 [H, W]; what is where decides the colours."""
    random = np.random.RandomState(seed)
    mask = np.zeros(size, np.uint8)
    for number in range(1, classes):
        if number > 1 and random.rand() < 0.4:
            continue
        top, left = random.randint(2, size[0] - 18), random.randint(2, size[1] - 18)
        height, width = random.randint(10, 16, 2)
        mask[top : top + height, left : left + width] = VOID
        mask[top + 1 : top + height - 1, left + 1 : left + width - 1] = number
    shades = COLOURS[np.where(mask == VOID, 0, mask)].astype(np.int64)
    image = shades + random.randint(-12, 13, shades.shape)
    return np.clip(image, 0, 255).astype(np.uint8), mask


def save_mask(path, mask):
    """Writes a mask as Pascal VOC has them: palette indices."""
    image = Image.fromarray(mask, mode=None).convert("L")
    indexed = Image.new("P", image.size)
    indexed.putdata(list(image.getdata()))
    indexed.putpalette(palette().reshape(-1).tolist())
    indexed.save(path)


def draw_voc(folder, count=8, seed=0, classes=3, size=(40, 48)):
    """Writes VOCdevkit/VOC2012 with `count` images, the first three quarters in train; returns its path."""
    root = folder / "VOCdevkit" / "VOC2012"
    for name in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation", "Annotations"):
        (root / name).mkdir(parents=True)
    names = [f"2012_{i:06d}" for i in range(count)]
    for i, name in enumerate(names):
        image, mask = draw(seed * 1000 + i, classes, size)
        Image.fromarray(image).save(root / f"JPEGImages/{name}.jpg", quality=95)
        save_mask(root / f"SegmentationClass/{name}.png", mask)
    cut = count * 3 // 4
    for split, part in (("train", names[:cut]), ("val", names[cut:]), ("trainval", names)):
        (root / f"ImageSets/Segmentation/{split}.txt").write_text("\n".join(part) + "\n")
    return root.parent


def draw_folder(root, count=4, seed=0, classes=3, size=(40, 48)):
    """Writes images/ and masks/ (gray) of `count` images into `root`, and returns that."""
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for i in range(count):
        image, mask = draw(seed * 1000 + i, classes, size)
        Image.fromarray(image).save(root / f"images/{i}.png")
        Image.fromarray(mask).save(root / f"masks/{i}.png")
    return root
