import copy

import pytest
import torch
from torch import nn

from genlab.models.folding import FoldingError, channelwise, folded
from genlab.models.mlp import mlp
from genlab.models.small_inception import small_inception
from genlab.models.vgg import neyshabur_vgg, vgg
from genlab.models.wide_resnet import wide_resnet
from tests.models.test_traversal import RegisteredBackwards, images, scrambled
from tests.models.transplanted import filled


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (vgg((3, 32, 32), 10, 11, width_multiplier=0.05), (3, 32, 32)),
        (vgg((3, 32, 32), 10, 13, width_multiplier=0.05, batch_norm=False, classifier_widths=(7,)), (3, 32, 32)),
        (neyshabur_vgg((1, 32, 32), 10, width_multiplier=0.05, dropout=0.5), (1, 32, 32)),
        (mlp((1, 4, 4), 3, [6, 5]), (1, 4, 4)),
        (RegisteredBackwards(), (4,)),
    ],
    ids=["vgg with batch norm", "vgg without", "neyshabur_vgg", "mlp", "registered backwards"],
)
def test_folding_changes_no_output_and_leaves_no_batch_norm(model, shape):
    scrambled(model)
    plain = folded(model, shape)
    x = images(8, *shape)
    expected = copy.deepcopy(model).double().eval()(x)
    assert (plain(x) - expected).abs().max() < 1e-10 * expected.abs().max()
    assert not any(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in plain.modules())
    assert all(parameter.dtype == torch.float64 for parameter in plain.parameters())
    assert not plain.training


def test_folding_of_one_layer_in_closed_form():
    layer, norm = nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1, eps=0.0)
    with torch.no_grad():
        layer.weight.fill_(3)
        norm.weight.fill_(5)
        norm.bias.fill_(7)
        norm.running_mean.fill_(2)
        norm.running_var.fill_(4)
    plain = folded(nn.Sequential(layer, norm), (1,))
    assert plain[0].weight.item() == 3 * 5 / 2
    assert plain[0].bias.item() == 7 - 5 * 2 / 2


def test_folding_works_without_scale_and_shift():
    model = scrambled(nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2)))
    model.insert(1, nn.BatchNorm2d(3, affine=False))
    model[1].running_mean.fill_(0.7)
    model[1].running_var.fill_(9)
    x = images(5, 2, 4, 4)
    expected = copy.deepcopy(model).double().eval()(x)
    assert (folded(model, (2, 4, 4))(x) - expected).abs().max() < 1e-12 * expected.abs().max()


@pytest.mark.parametrize("between", [nn.ReLU(), nn.MaxPool2d(2)])
def test_batch_norm_that_does_not_follow_a_weight_layer_is_refused(between):
    model = nn.Sequential(nn.Conv2d(3, 3, 3), between, nn.BatchNorm2d(3))
    with pytest.raises(ValueError, match="batch norm 2 does not directly follow"):
        folded(model, (3, 8, 8))


def test_a_net_with_other_outputs_each_time_is_told_and_not_its_batch_norm():
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x) + torch.randn(len(x), 4)

    with pytest.raises(ValueError, match="other outputs for the same images each time"):
        folded(Noisy(), (4,))


def test_batch_norm_on_the_input_is_refused():
    with pytest.raises(ValueError, match="batch norm 0 does not directly follow"):
        folded(nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 3, 3)), (3, 8, 8))


def test_batch_norm_without_running_statistics_is_refused():
    model = nn.Sequential(nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3, track_running_stats=False))
    with pytest.raises(ValueError, match="without running statistics"):
        folded(model, (3, 8, 8))


def test_what_is_done_between_modules_and_breaks_folding_is_found_by_the_forward_pass():
    class AlsoReadsBeforeTheNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.norm = nn.Linear(4, 4), nn.BatchNorm1d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.layer(x)
            return self.norm(h) + h

    with pytest.raises(FoldingError, match="cannot be folded into the layers before it: outputs would change by"):
        folded(scrambled(AlsoReadsBeforeTheNorm()), (4,))


class Frozen(nn.Module):
    """Batch norm as detectors keep it: statistics and scale are buffers, of a class of its own."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, getattr(norm, name).detach().clone())
        self.eps = norm.eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = self.weight / (self.running_var + self.eps).sqrt()
        return x * scale[:, None, None] + (self.bias - self.running_mean * scale)[:, None, None]


class Scale(nn.Module):
    """A learned number for each channel, or for each place."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.linspace(0.5, 2, torch.Size(shape).numel()).reshape(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gamma


def convolution_with(norm: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3), norm, nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)).eval()


def batch_norm() -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(4)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.3, -2.0, 1.0, 5.0]))
        norm.bias.copy_(torch.tensor([1.0, 0.0, -1.0, 3.0]))
        norm.running_mean.copy_(torch.tensor([0.1, 0.2, -0.3, 4.0]))
        norm.running_var.copy_(torch.tensor([0.5, 2.0, 1.0, 9.0]))
    return norm


def synchronised() -> nn.Module:
    return nn.SyncBatchNorm.convert_sync_batchnorm(batch_norm())


def tracked_instance_norm() -> nn.Module:
    norm = nn.InstanceNorm2d(4, affine=True, track_running_stats=True)
    norm.load_state_dict(batch_norm().state_dict())
    return norm


@pytest.mark.parametrize("other", [synchronised, lambda: Frozen(batch_norm()), tracked_instance_norm])
def test_what_does_the_same_as_batch_norm_is_folded_to_the_same_weights(other):
    expected, found = (folded(convolution_with(norm), (2, 6, 6)) for norm in (batch_norm(), other()))
    assert (found[0].weight - expected[0].weight).abs().max() < 1e-14
    assert (found[0].bias - expected[0].bias).abs().max() < 1e-14
    assert type(found[1]) is nn.Identity


def test_several_in_a_row_are_folded():
    model = convolution_with(nn.Sequential(batch_norm(), Scale(4, 1, 1), Frozen(batch_norm())))
    plain = folded(model, (2, 6, 6))
    x = images(5, 2, 6, 6)
    assert (plain(x) - copy.deepcopy(model).double()(x)).abs().max() < 1e-10
    assert [type(module) for module in plain[1]] == [nn.Identity] * 3


@pytest.mark.parametrize(
    ("module", "foldable"),
    [
        (Scale(4, 1, 1), True),
        (Scale(1), True),
        (Scale(), True),
        (Scale(4, 4), False),
        (nn.GroupNorm(2, 4), False),
        (nn.PReLU(4), False),
        (nn.Conv2d(4, 4, 1), False),
        (nn.Bilinear(4, 4, 4), False),
        (nn.ReLU(), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_only_what_takes_each_channel_to_a_multiple_of_it_is_channelwise(module, foldable):
    found = channelwise(module.double().eval(), torch.zeros(1, 4, 4, 4, dtype=torch.float64))
    assert (found is not None) is foldable
    if found is not None:
        assert torch.equal(found.scale, module.gamma.flatten().expand(4))
        assert not found.shift.any()


def test_instance_norm_without_running_statistics_is_refused():
    with pytest.raises(FoldingError, match="instance norm 1 cannot be folded: its effect depends on the image"):
        folded(convolution_with(nn.InstanceNorm2d(4)), (2, 6, 6))


def test_batch_norm_in_branches_is_folded_and_that_of_sums_refused():
    inception = filled(small_inception((3, 12, 12), 10, width_multiplier=0.1))
    result = folded(inception, (3, 12, 12))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in result.modules())
    with pytest.raises(FoldingError, match=r"batch norm 2\.0 does not directly follow"):
        folded(filled(wide_resnet((3, 12, 12), 10, depth=10)), (3, 12, 12))
