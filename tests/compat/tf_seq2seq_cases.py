"""Programs of tf.contrib.legacy_seq2seq and tf.contrib.seq2seq, with the names of tf_rnn_cases.py."""

# Python 3.7, as tf_rnn_cases.py: TensorFlow 1.15 runs them too. What draws in a loop, and not of its state,
# goes one step after the other, or the steps draw in any order.

_S = "tf.contrib.seq2seq"
_TRAINING = _S + ".TrainingHelper(xs, lengths)"
_EMBEDDING = "tf.get_variable('e', [7, 4])"
_SYMBOLS = "tf.unstack(ids, axis=1)[:3]"
_LEGACY = "tf.contrib.legacy_seq2seq"
CASES = {
    "decoder": _LEGACY + ".rnn_decoder(steps, zeros(3) + 0.1, R.GRUCell(3))",
    "decoder with a loop": _LEGACY
    + ".rnn_decoder(steps, zeros(4) + 0.1, R.GRUCell(4), lambda o, i: o * i, 'mine')",
    "sequence to sequence": _LEGACY + ".basic_rnn_seq2seq(steps, steps, R.LSTMCell(3))",
    "sequence to sequence, tied": _LEGACY + ".tied_rnn_seq2seq(steps, steps, R.GRUCell(3))",
    "symbols to symbols": _LEGACY
    + ".embedding_rnn_seq2seq("
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", R.LSTMCell(3), 7, 8, 2)",
    "symbols to symbols, fed back": _LEGACY
    + ".embedding_rnn_seq2seq("
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", R.GRUCell(3), 7, 7, 2, feed_previous=True)",
    "symbols to symbols, by a tensor": _LEGACY
    + ".embedding_rnn_seq2seq("
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", R.LSTMCell(3), 7, 7, 2, "
    "feed_previous=tf.placeholder_with_default(True, []))",
    "symbols to symbols, projected": _LEGACY
    + ".embedding_rnn_seq2seq("
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", R.GRUCell(3), 7, 7, 2, "
    "output_projection=(tf.get_variable('pw', [3, 7]), tf.get_variable('pb', [7])), feed_previous=True)",
    "symbols to symbols, tied": _LEGACY
    + ".embedding_tied_rnn_seq2seq("
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", R.LSTMCell(3), 7, 2, "
    "feed_previous=tf.placeholder_with_default(False, []))",
    "attention decoder": _LEGACY + ".attention_decoder(steps, zeros(3) + 0.1, xs, R.GRUCell(3), 2, 2, "
    "initial_state_attention=True)",
    "attention, symbols to symbols": _LEGACY
    + ".embedding_attention_seq2seq("
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", R.MultiRNNCell([R.LSTMCell(3), "
    "R.GRUCell(4)]), 7, 7, 2, num_heads=2, feed_previous=True)",
    "attention by a tensor": _LEGACY
    + ".embedding_attention_seq2seq("
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", R.GRUCell(3), 7, 7, 2, "
    "feed_previous=tf.placeholder_with_default(True, []))",
    "one to many": _LEGACY
    + ".one2many_rnn_seq2seq("
    + _SYMBOLS
    + ", {'a': "
    + _SYMBOLS
    + "}, R.GRUCell(3), {'a': R.GRUCell(3)}, "
    "7, {'a': 7}, 2)",
    "buckets": _LEGACY
    + ".model_with_buckets("
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", [x[:, 0] + 1] * 3, "
    "[(1, 2), (3, 3)], lambda a, b: " + _LEGACY + ".embedding_rnn_seq2seq(a, b, R.GRUCell(3), 7, 7, 2))",
    "buckets, by example": _LEGACY
    + ".model_with_buckets("
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", "
    + _SYMBOLS
    + ", [x[:, 0] + 1] * 3, "
    "[(2, 2)], lambda a, b: " + _LEGACY + ".embedding_rnn_seq2seq(a, b, R.GRUCell(3), 7, 7, 2), "
    "per_example_loss=True)[1]",
    "decode": _S + ".dynamic_decode(" + _S + ".BasicDecoder(R.GRUCell(3), " + _TRAINING + ", zeros(3)))",
    "decode, a layer": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(R.LSTMCell(3), "
    + _S
    + ".TrainingHelper(tf.transpose(xs, [1, 0, 2]), lengths, True), R.LSTMCell(3).zero_state(3, tf.float32), "
    "tf.layers.Dense(6, name='out')), True, True, 4, scope='mine')",
    "decode greedily": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(R.GRUCell(3), "
    + _S
    + ".GreedyEmbeddingHelper("
    + _EMBEDDING
    + ", [1, 2, 3], 0), zeros(3), tf.layers.Dense(7)), "
    "maximum_iterations=6)",
    "decode samples": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(R.GRUCell(3), "
    + _S
    + ".SampleEmbeddingHelper("
    + _EMBEDDING
    + ", [1, 2, 3], 0, 0.5, seed=3), zeros(3), "
    "tf.layers.Dense(7)), maximum_iterations=6, impute_finished=True)",
    "decode by schedule": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(R.GRUCell(3), "
    + _S
    + ".ScheduledEmbeddingTrainingHelper(xs, lengths, "
    + _EMBEDDING
    + ", 0.5, seed=3, scheduling_seed=4), "
    "zeros(3), tf.layers.Dense(7)), parallel_iterations=1)",
    "decode outputs by schedule": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(R.GRUCell(4), "
    + _S
    + ".ScheduledOutputTrainingHelper(xs, lengths, 0.5, seed=3), zeros(4)), parallel_iterations=1)",
    "decode outputs beside others": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(R.GRUCell(4), "
    + _S
    + ".ScheduledOutputTrainingHelper(xs, lengths, 0.5, seed=3, next_inputs_fn=tf.tanh, "
    "auxiliary_inputs=xs[:, :, :2]), zeros(4)), parallel_iterations=1)",
    "decode inferred": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(R.GRUCell(4), "
    + _S
    + ".InferenceHelper(lambda o: o * 2, [4], tf.float32, x, lambda s: s[:, 0] > 1), zeros(4)), "
    "maximum_iterations=3)",
    "attend by products": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(attending("
    + _S
    + ".LuongAttention(3, xs, lengths, scale=True)), "
    + _TRAINING
    + ", attending.state()))",
    "attend by sums": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(attending("
    + _S
    + ".BahdanauAttention(5, xs, normalize=True), 2, alignment_history=True), "
    + _TRAINING
    + ", attending.state()), impute_finished=True)",
    "attend twice": _S
    + ".dynamic_decode("
    + _S
    + ".BasicDecoder(attending(["
    + _S
    + ".BahdanauAttention(5, xs, lengths), "
    + _S
    + ".LuongAttention(3, xs, probability_fn="
    + _S
    + ".hardmax)], [2, 3], output_attention=False), "
    + _TRAINING
    + ", attending.state()))",
    "attend in a sequence": "run(attending(" + _S + ".LuongAttention(3, xs, score_mask_value=-1.0, "
    "memory_sequence_length=lengths), 4))",
    "a beam": _S
    + ".dynamic_decode("
    + _S
    + ".BeamSearchDecoder(R.LSTMCell(3), "
    + _EMBEDDING
    + ", [1, 2, 3], 0, R.LSTMCell(3).zero_state(6, tf.float32), 2, tf.layers.Dense(7, name='out')), "
    "maximum_iterations=6)",
    "a beam with penalties": _S
    + ".dynamic_decode("
    + _S
    + ".BeamSearchDecoder(attending("
    + _S
    + ".LuongAttention(3, "
    + _S
    + ".tile_batch(xs, 2), "
    + _S
    + ".tile_batch(lengths, 2)), 4, "
    "alignment_history=True), " + _EMBEDDING + ", [1, 2, 3], 0, attending.state(6), 2, "
    "tf.layers.Dense(7, name='out'), 0.6, 0.2), True, maximum_iterations=5)[:2]",
    "loss": _S + ".sequence_loss(xs, ids % 4, tf.cast(ids, tf.float32))",
}
