"""Predictions for more images than are looked at: a stream from folders, lists, shards and stores to files.

listing.py   what --images stands for: containers of images, in an order that does not change
readers.py   a container -> its images as bytes, one by one: a row a kind of file
ahead.py     threads that work ahead of who asks, by a bounded number
decoding.py  bytes -> what the network takes
engine.py    a model, loaded once, and a batch -> classes and features
formats.py   rows -> Parquet, CSV or JSON
results.py   the folder of parts, and what of a job is done
local.py     all of it on this machine; on_ray.py: on a cluster
"""
