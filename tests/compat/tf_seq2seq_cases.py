"""Programs of tf.contrib.legacy_seq2seq and tf.contrib.seq2seq, with the names of tf_rnn_cases.py."""

# Python 3.7, as tf_rnn_cases.py: TensorFlow 1.15 runs them too.

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
}
