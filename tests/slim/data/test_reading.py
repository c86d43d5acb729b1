"""Records come from files once an epoch, in order or shuffled; names are TF 1.15.5's."""

import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.data.records import drain, example, graph_session, running, v1, write
from tests.slim.support import names

TFRecordReader = v1.TFRecordReader


@pytest.fixture
def files(tmp_path):
    """Two files of three records, numbered 0, 1, 2 and 10, 11, 12."""
    return [
        write(tmp_path / f"x_train_{f}.tfrecord", [example(n=10 * f + i) for i in range(3)]) for f in range(2)
    ]


def dataset(data_sources, **settings):
    decoder = slim.tfexample_decoder
    return slim.dataset.Dataset(
        data_sources,
        TFRecordReader,
        decoder.TFExampleDecoder({"n": tf.io.FixedLenFeature([], tf.int64)}, {"n": decoder.Tensor("n")}),
        6,
        {"n": "a number"},
        **settings,
    )


def test_every_module_of_tf_1_15_is_there():
    modules = "data_decoder data_provider dataset dataset_data_provider parallel_reader prefetch_queue"
    for name in [*modules.split(), "tfexample_decoder"]:
        assert getattr(slim, name) is getattr(slim.data, name)


def test_the_arguments_of_a_dataset_are_its_attributes():
    described = dataset("files", num_classes=3, labels_to_names={0: "zero"})
    assert (described.data_sources, described.num_samples, described.num_classes) == ("files", 6, 3)
    assert described.reader is TFRecordReader and described.items_to_descriptions == {"n": "a number"}
    assert described.labels_to_names == {0: "zero"}


def test_one_epoch_in_order_gives_each_record_once_with_its_key(files):
    with graph_session():
        provider = slim.dataset_data_provider.DatasetDataProvider(dataset(files), shuffle=False, num_epochs=1)
        numbers, keys = drain(*provider.get(["n", "record_key"]))
    assert numbers == [0, 1, 2, 10, 11, 12]
    assert keys[0] == f"{files[0]}:0".encode() and keys[3].startswith(files[1].encode())


def test_shuffled_epochs_give_each_record_as_often(files):
    with graph_session():
        provider = slim.dataset_data_provider.DatasetDataProvider(
            dataset(files), num_readers=2, num_epochs=4, common_queue_capacity=24, common_queue_min=12, seed=3
        )
        (numbers,) = drain(*provider.get(["n"]))
    assert sorted(numbers) == sorted([0, 1, 2, 10, 11, 12] * 4)
    assert numbers != [0, 1, 2, 10, 11, 12] * 4


def test_names_of_ops_summaries_and_counters_are_those_of_tf_1_15(files, tmp_path):
    # Expected: TF 1.15.5, the same calls.
    with graph_session() as session:
        provider = slim.dataset_data_provider.DatasetDataProvider(
            dataset(str(tmp_path / "x_train_*")), shuffle=False, num_epochs=1
        )
        number, key = provider.get(["n", "record_key"])
        batch = v1.train.batch([number], 2)
        queues = [slim.prefetch_queue.prefetch_queue([batch])]
        queues.append(slim.prefetch_queue.prefetch_queue([batch], capacity=3, name="mine"))
        slim.parallel_reader.single_pass_read(files, TFRecordReader)
        slim.parallel_reader.parallel_read(files, TFRecordReader, scope="me")
        session.run(v1.global_variables_initializer())
        tags = [
            v1.Summary.FromString(session.run(summary)).value[0].tag
            for summary in v1.get_collection("summaries")
        ]
        assert [queue.name for queue in queues] == ["prefetch_queue/fifo_queue", "mine/fifo_queue"]
        assert (number.op.name, key.op.name) == ("Reshape", "parallel_read/common_queue_Dequeue")
        assert names("local_variables")[0] == "parallel_read/filenames/limit_epochs/epochs"
        runners = [runner.name for runner in v1.get_collection("queue_runners")]
        assert runners[:2] == ["parallel_read/filenames", "parallel_read/common_queue"]
        assert tags == [
            "parallel_read/filenames/fraction_of_32_full",
            "parallel_read/fraction_of_256_full",
            "batch/fraction_of_32_full",
            "prefetch_queue/fraction_of_8_full",
            "mine/fraction_of_3_full",
            "single_pass_read/filenames/fraction_of_1_full",
            "me/filenames/fraction_of_32_full",
            "me/fraction_of_256_full",
        ]


def test_a_single_pass_reads_file_after_file(files):
    with graph_session():
        key, record = slim.parallel_reader.single_pass_read(files[::-1], TFRecordReader)
        keys, records = drain(key, record)
    assert [records.index(example(n=n)) for n in (10, 11, 12, 0, 1, 2)] == [0, 1, 2, 3, 4, 5]
    assert keys[0].decode().startswith(files[1])


def test_a_parallel_reader_counts_what_its_readers_read(files):
    with graph_session():
        filenames = v1.train.string_input_producer(files, num_epochs=1, shuffle=False)
        queue = tf.queue.FIFOQueue(capacity=20, dtypes=[tf.string, tf.string])
        reader = slim.parallel_reader.ParallelReader(TFRecordReader, queue, num_readers=2)
        key, _ = reader.read(filenames)
        counts = [reader.num_records_produced(), reader.num_work_units_completed()]
        assert reader.num_readers == 2 and reader.common_queue is queue
        with running() as session:
            for _ in range(6):
                session.run(key)
            with pytest.raises(tf.errors.OutOfRangeError):
                session.run(key)
            assert session.run(counts) == [6, 2]


def test_a_common_queue_takes_two_strings():
    with graph_session(), pytest.raises(TypeError, match=r"must be \[tf.string, tf.string\], not \[int32\]"):
        slim.parallel_reader.ParallelReader(TFRecordReader, tf.queue.FIFOQueue(2, [tf.int32]))


def test_a_pattern_that_matches_nothing_says_what_is_there(files, tmp_path):
    get = slim.parallel_reader.get_data_files
    assert sorted(get([str(tmp_path / "x_*"), "not/there/yet"])) == sorted([*files, "not/there/yet"])
    with pytest.raises(
        ValueError, match=r"No data files found in .*y_.*there is x_train_0.tfrecord, x_train_1"
    ):
        get(str(tmp_path / "y_*"))
    with pytest.raises(ValueError, match=r"No data files found in .*there is no folder .*nowhere"):
        get(str(tmp_path / "nowhere" / "*"))
    with pytest.raises(ValueError, match=r"No data files found in .*the list is empty"):
        get([])


def test_items_that_do_not_exist_are_all_named(files):
    with graph_session():
        provider = slim.dataset_data_provider.DatasetDataProvider(dataset(files))
        assert list(provider.list_items()) == ["n", "record_key"] and provider.num_samples() == 6
        with pytest.raises(ValueError, match=r"Item \[a\], \[b\] are invalid. Valid entries include: n, rec"):
            provider.get(["a", "n", "b"])
        with pytest.raises(ValueError, match="items must be a list or tuple, not 'n'"):
            provider.get("n")


def test_the_key_of_the_record_must_not_be_an_item(files):
    with graph_session(), pytest.raises(ValueError, match="cannot also be used for a dataset item: n"):
        slim.dataset_data_provider.DatasetDataProvider(dataset(files), record_key="n")


def test_queues_outside_a_graph_are_refused_with_two_ways_out(files):
    with pytest.raises(RuntimeError, match=r"parallel_read was called eagerly(.|\n)*tf.data"):
        slim.dataset_data_provider.DatasetDataProvider(dataset(files))
    with pytest.raises(RuntimeError, match="prefetch_queue was called eagerly"):
        slim.prefetch_queue.prefetch_queue([tf.constant(1)])


def test_a_prefetch_queue_returns_what_it_was_given():
    with graph_session():
        counter = v1.get_variable("counter", [], tf.int64, v1.zeros_initializer(), use_resource=False)
        batches = {"n": v1.count_up_to(counter, 4), "pair": tf.constant([1.0, 2.0])}
        found = slim.prefetch_queue.prefetch_queue(batches, num_threads=1).dequeue()
        assert set(found) == {"n", "pair"} and found["pair"].shape == [2]
        numbers, pairs = drain(found["n"], found["pair"])
    assert numbers == [0, 1, 2, 3] and [list(pair) for pair in pairs] == [[1, 2]] * 4


def test_a_prefetch_queue_of_unknown_shapes_pads_nothing_but_takes_them():
    with graph_session():
        rows = v1.placeholder_with_default([[1, 2], [3, 4]], [None, 2])
        with pytest.raises(ValueError, match="shapes must be fully defined"):
            slim.prefetch_queue.prefetch_queue([rows])
        found = slim.prefetch_queue.prefetch_queue([rows], dynamic_pad=True).dequeue()
        assert found.shape.as_list() == [None, 2]
        with running() as session:
            assert session.run(found).tolist() == [[1, 2], [3, 4]]
