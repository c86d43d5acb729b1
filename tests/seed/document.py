"""Cuts the blocks out of the seed document, fills their gaps, and has small real data for them.

For Python 3.7 and TensorFlow 1.15 as well: tools/seed_document.py runs the blocks there.
"""

import glob
import os
import signal
import textwrap
import threading
import time
from xml.etree import ElementTree

from . import blocks

CLASSES = """
aeroplane bicycle bird boat bottle bus car cat chair cow
diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor
"""


def code(path, name, errata=True, shortened=True):
    """Returns the source of a block: what the document takes for granted, then its lines, their gaps filled.

    Raises: ValueError: the block has not what a row of the tables says it has.
    """
    first, last = blocks.BLOCKS[name]
    with open(str(path), encoding="utf-8") as file:
        lines = file.read().splitlines()[first - 1 : last]
    text = textwrap.dedent("\n".join(lines)) + "\n"
    rows = blocks.FILLED + blocks.PLACES
    rows += tuple(row[:3] for row in blocks.ERRATA * errata + blocks.SHORTENED * shortened)
    for _, old, new in (row for row in rows if row[0] == name):
        if old not in text:
            raise ValueError(f"block {name} of the document has no {old!r}")
        text = text.replace(old, new)
    return blocks.BEFORE.get(name, blocks.SLIM) + text


class Pictures:
    """Photographs of Pascal VOC as the blocks want them: [N, size, size, 3] from -1 to 1, with labels."""

    def __init__(self, tf, devkit):
        self.tf = tf
        folder = os.path.join(str(devkit), "VOC2012")
        annotations = os.path.join(folder, "Annotations")
        names = sorted(name[:-4] for name in os.listdir(annotations))
        self.files = [os.path.join(folder, "JPEGImages", name + ".jpg") for name in names]
        self.labels = [self._label(os.path.join(annotations, name + ".xml")) for name in names]

    @staticmethod
    def _label(annotation):
        return CLASSES.split().index(str(ElementTree.parse(annotation).findtext("object/name")))

    def _read(self, file, size):
        image = self.tf.image.decode_jpeg(self.tf.read_file(file), channels=3)
        image = self.tf.image.convert_image_dtype(image, self.tf.float32)
        image = self.tf.image.resize_images(image, [size, size])
        image.set_shape([size, size, 3])
        return 2 * image - 1

    def still(self, count, size, classes=20):
        """Returns the first `count` images and their labels: one-hot, or 0 and 1 where `classes` is None."""
        images = self.tf.stack([self._read(file, size) for file in self.files[:count]])
        if classes is None:
            return images, self.tf.constant([label % 2 for label in self.labels[:count]], self.tf.int64)
        return images, self.tf.one_hot(self.labels[:count], classes)

    def queued(self, size, examples, classes=20):
        """Returns one image and its label from a queue that ends after `examples`."""
        file, label = self.tf.train.slice_input_producer(
            [self.tf.constant(self.files[:examples]), self.tf.constant(self.labels[:examples])], num_epochs=1
        )
        return self._read(file, size), self.tf.one_hot(label, classes)

    def queued_batches(self, batch_size, size, steps, classes=20):
        """Returns batches of images and labels from a queue that ends after `steps` of them."""
        one = self.queued(size, batch_size * steps, classes)
        return self.tf.train.batch(list(one), batch_size=batch_size)

    def names(self):
        """Returns what the tables call these."""
        return {
            "pictures": self.still,
            "one_queued_picture": self.queued,
            "queued_pictures": self.queued_batches,
        }


def prepare(tf, name, folder):
    """Writes the checkpoint that block `name` restores; returns its place and others by their names there."""
    checkpoint, made = os.path.join(folder, "before", "model.ckpt"), os.path.join(folder, "made")
    values = blocks.SAVED.get(name, {})
    if not os.path.isdir(os.path.dirname(checkpoint)):
        os.mkdir(os.path.dirname(checkpoint))
    with tf.Graph().as_default(), tf.Session() as session:
        for variable, value in values.items():
            dtype = tf.int64 if value == 0 else tf.float32  # 0: the global step
            tf.get_variable(variable, initializer=tf.constant(value, dtype))
        if name == "fine_tune":
            from tensorflow.contrib.slim.nets import vgg  # TensorFlow 1.15's, or what slimzoo.compat serves

            vgg.vgg_16(tf.zeros([1, 224, 224, 3]), is_training=False)
            tf.train.create_global_step()
        if tf.global_variables():
            session.run(tf.global_variables_initializer())
            tf.train.Saver().save(session, checkpoint)
    return {
        "checkpoint": checkpoint,
        "folder": made,
        "log_dir": made,
        "checkpoint_dir": os.path.dirname(checkpoint),
    }


def interrupt_when_summarised(tf, folder, tag):
    """Sends this process Ctrl-C once the events in `folder` have a summary `tag`: the loop has no end.

    Returns: a threading.Event that keeps it from doing so again, to be set once that was heard.
    """

    def summarised():
        for path in glob.glob(os.path.join(folder, "*tfevents*")):
            try:
                for event in tf.train.summary_iterator(path):
                    if any(value.tag.startswith(tag) for value in event.summary.value):
                        return True
            except tf.errors.DataLossError:
                pass  # it is being written
        return False

    stop = threading.Event()

    def watch():
        while not summarised():
            time.sleep(0.2)
        time.sleep(2)  # it still closes the session of the evaluation
        while not stop.wait(3):  # again, should TensorFlow have swallowed one
            os.kill(os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    thread = threading.Thread(target=watch)
    thread.daemon = True
    thread.start()
    return stop
