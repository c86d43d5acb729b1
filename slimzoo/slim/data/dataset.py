"""What a data set is: where its records lie, how they are read and decoded, how many there are."""


class Dataset:
    """The description of a data set; every argument is an attribute of the same name.

    Args:
      data_sources: files, or a pattern of them, as `parallel_reader.get_data_files` takes them.
      reader: a class like tf.compat.v1.TFRecordReader.
      decoder: a DataDecoder of one record.
      num_samples: how many records there are in all.
      items_to_descriptions: item -> what it is, in words; may be None.
      **kwargs: further attributes, such as num_classes and labels_to_names.
    """

    def __init__(self, data_sources, reader, decoder, num_samples, items_to_descriptions, **kwargs):
        vars(self).update(kwargs)
        self.data_sources = data_sources
        self.reader = reader
        self.decoder = decoder
        self.num_samples = num_samples
        self.items_to_descriptions = items_to_descriptions
