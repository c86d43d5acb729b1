"""ResNet v1 as tf.contrib.slim.nets and tf_slim.nets have it."""

from slimzoo.compat.nets.contrib import first_resnet
from slimzoo.nets import resnet_utils
from slimzoo.nets import resnet_v1 as later

resnet_arg_scope = resnet_utils.resnet_arg_scope
bottleneck = later.bottleneck
resnet_v1_block = later.resnet_v1_block
resnet_v1 = first_resnet(later.resnet_v1)
resnet_v1_50, resnet_v1_101, resnet_v1_152, resnet_v1_200 = (
    first_resnet(getattr(later, f"resnet_v1_{depth}")) for depth in resnet_utils.UNITS
)
