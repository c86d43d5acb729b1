"""tf.contrib.seq2seq: decoders, helpers, attention, beam search; TensorFlow 1's variables and numbers."""

from slimzoo.compat.tf_seq2seq.attention import AttentionMechanism, BahdanauAttention, LuongAttention, hardmax
from slimzoo.compat.tf_seq2seq.attention_wrapper import AttentionWrapper, AttentionWrapperState
from slimzoo.compat.tf_seq2seq.beam_search import (
    BeamSearchDecoder,
    BeamSearchDecoderOutput,
    BeamSearchDecoderState,
    FinalBeamSearchDecoderOutput,
    tile_batch,
)
from slimzoo.compat.tf_seq2seq.decoder import BasicDecoder, BasicDecoderOutput, Decoder, dynamic_decode
from slimzoo.compat.tf_seq2seq.helpers import (
    CustomHelper,
    GreedyEmbeddingHelper,
    Helper,
    InferenceHelper,
    SampleEmbeddingHelper,
    TrainingHelper,
)
from slimzoo.compat.tf_seq2seq.scheduled import (
    ScheduledEmbeddingTrainingHelper,
    ScheduledOutputTrainingHelper,
)
from slimzoo.compat.tf_seq2seq.trees import gather_tree

__all__ = [
    "AttentionMechanism",
    "AttentionWrapper",
    "AttentionWrapperState",
    "BahdanauAttention",
    "BasicDecoder",
    "BasicDecoderOutput",
    "BeamSearchDecoder",
    "BeamSearchDecoderOutput",
    "BeamSearchDecoderState",
    "CustomHelper",
    "Decoder",
    "FinalBeamSearchDecoderOutput",
    "GreedyEmbeddingHelper",
    "Helper",
    "InferenceHelper",
    "LuongAttention",
    "SampleEmbeddingHelper",
    "ScheduledEmbeddingTrainingHelper",
    "ScheduledOutputTrainingHelper",
    "TrainingHelper",
    "dynamic_decode",
    "gather_tree",
    "hardmax",
    "tile_batch",
]
