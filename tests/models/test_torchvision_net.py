import pytest
import torch
from torch import nn
from torchvision.models.googlenet import GoogLeNet

from genlab.models.dropout import Dropout
from genlab.models.torchvision_net import with_our_head


def net(**options):
    with torch.device("meta"):
        inner = GoogLeNet(num_classes=10, aux_logits=False, init_weights=False)
        return with_our_head(inner, (1, 32, 32), 10, **{"width_multiplier": 1 / 4, "dropout": 0.0} | options)


def test_every_convolution_and_batch_norm_is_scaled_and_the_first_takes_the_images():
    with torch.device("meta"):
        whole = GoogLeNet(num_classes=10, aux_logits=False, init_weights=False)
    kinds = nn.Conv2d | nn.BatchNorm2d
    pairs = zip(
        (m for m in net().modules() if isinstance(m, kinds)),
        (m for m in whole.modules() if isinstance(m, kinds)),
        strict=True,
    )
    for number, (ours, theirs) in enumerate(pairs):
        if isinstance(ours, nn.Conv2d):
            assert ours.in_channels == (1 if number == 0 else theirs.in_channels // 4)
            assert ours.out_channels == theirs.out_channels // 4
            assert (ours.kernel_size, ours.stride, ours.padding) == (theirs.kernel_size, theirs.stride, theirs.padding)
            assert ours.bias is None
        else:
            assert (ours.num_features, ours.eps) == (theirs.num_features // 4, theirs.eps)


def test_dropout_is_ours_and_stands_before_the_output_layer():
    assert [type(m) for m in net(dropout=0.5)][1:] == [Dropout, nn.Linear]
    assert not any(isinstance(m, nn.Dropout) for m in net(dropout=0.5).modules())
    assert [type(m) for m in net()][1:] == [nn.Linear]


def test_a_part_of_a_channel_is_refused():
    with pytest.raises(ValueError, match="is no whole number"):
        net(width_multiplier=0.3)
