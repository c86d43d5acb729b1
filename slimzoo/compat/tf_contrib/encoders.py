"""Embeddings of tf.contrib.layers: of sequences, of bags of words, of ids looked up once each."""

from typing import Any

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.sparse import dense_to_sparse_tensor
from slimzoo.slim.types import Initializer, Regularizer, Reuse, Scope
from slimzoo.slim.variables import model_variable

v1 = tf.compat.v1


@add_arg_scope
def bow_encoder(
    ids: Any,
    vocab_size: int,
    embed_dim: int,
    sparse_lookup: bool = True,
    initializer: Initializer | None = None,
    regularizer: Regularizer | None = None,
    trainable: bool = True,
    scope: Scope | None = None,
    reuse: Reuse | None = None,
) -> tf.Tensor:
    """Returns [N, embed_dim]: the mean of the embeddings of each row of ids.

    Args:
      ids: [N, length], a SparseTensor or not.
      sparse_lookup: whether the id 0 of a tensor counts for nothing; False: it is one like the others.
    """
    if not vocab_size or not embed_dim:
        raise ValueError(
            f"bow_encoder: Must specify vocab size and embedding dimension, not {vocab_size} and {embed_dim}"
        )
    if isinstance(ids, tf.SparseTensor) and not sparse_lookup:
        raise TypeError(f"ids are expected to be dense Tensor, got: {ids}; or let sparse_lookup be True")
    with v1.variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = _embeddings([vocab_size, embed_dim], initializer, regularizer, trainable)
        if not sparse_lookup:
            return tf.reduce_mean(v1.nn.embedding_lookup(embeddings, ids), axis=1)
        sparse = ids if isinstance(ids, tf.SparseTensor) else dense_to_sparse_tensor(ids)
        return v1.nn.safe_embedding_lookup_sparse([embeddings], sparse, combiner="mean", default_id=0)


@add_arg_scope
def embed_sequence(
    ids: Any,
    vocab_size: int | None = None,
    embed_dim: int | None = None,
    unique: bool = False,
    initializer: Initializer | None = None,
    regularizer: Regularizer | None = None,
    trainable: bool = True,
    scope: Scope | None = None,
    reuse: Reuse | None = None,
) -> tf.Tensor:
    """Returns [N, length, embed_dim], the embedding of each id of [N, length].

    Args:
      vocab_size, embed_dim: sizes of the variable "EmbedSequence/embeddings"; not needed where it is reused.
      unique: whether an id that stands at several places is looked up once.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. Got "
            f"vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with v1.variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        shape = None if vocab_size is None or embed_dim is None else [vocab_size, embed_dim]
        embeddings = _embeddings(shape, initializer, regularizer, trainable)
        return (embedding_lookup_unique if unique else v1.nn.embedding_lookup)(embeddings, ids)


def _embeddings(shape: Any, initializer: Any, regularizer: Any, trainable: bool) -> Any:
    return model_variable(
        "embeddings", shape=shape, initializer=initializer, regularizer=regularizer, trainable=trainable
    )


def embedding_lookup_unique(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None
) -> tf.Tensor:
    """Returns tf.nn.embedding_lookup of `ids`, of any shape; each id is looked up once."""
    with v1.name_scope(name, "EmbeddingLookupUnique", [ids]):
        ids = tf.convert_to_tensor(ids)
        once, places = tf.unique(tf.reshape(ids, [-1]))
        rows = v1.nn.embedding_lookup(params, once, partition_strategy)
        found = tf.reshape(tf.gather(rows, places), tf.concat([tf.shape(ids), tf.shape(rows)[1:]], 0))
        found.set_shape(ids.shape.concatenate(rows.shape[1:]))
        return found
