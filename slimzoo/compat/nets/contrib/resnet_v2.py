"""ResNet v2 as tf.contrib.slim.nets and tf_slim.nets have it."""

from slimzoo.compat.nets.contrib import first_resnet
from slimzoo.nets import resnet_utils
from slimzoo.nets import resnet_v2 as later

resnet_arg_scope = resnet_utils.resnet_arg_scope
bottleneck = later.bottleneck
resnet_v2_block = later.resnet_v2_block
resnet_v2 = first_resnet(later.resnet_v2)
resnet_v2_50, resnet_v2_101, resnet_v2_152, resnet_v2_200 = (
    first_resnet(getattr(later, f"resnet_v2_{depth}")) for depth in resnet_utils.UNITS
)
