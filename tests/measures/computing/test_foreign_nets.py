"""Nets as people bring them: wrapped, normalised, with attention, with losses of their own, with a DataLoader."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.parametrizations import weight_norm
from torch.utils.data import DataLoader, TensorDataset

import genlab
from genlab.errors import ConfigError
from tests.models.test_folding import Frozen, batch_norm

IMAGES = torch.randn(30, 1, 8, 8, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(30) % 3
NORMS = ["frobenius_norm", "log_l2_norm", "log_spectral_norm_operator", "sum_squared_frobenius_norms"]


def rows(net, images=IMAGES, labels=LABELS, only=NORMS, **more):
    """Value and reason by measure and layer."""
    table = genlab.measure(net, images, labels, only=only, **more)
    return {(r["measure"], r["layer"]): (r["value"], r["reason"]) for r in table.to_dict("records")}


def values(*arguments, **more):
    found = rows(*arguments, **more)
    assert not any(reason for _, reason in found.values()), found
    return {key: value for key, (value, _) in found.items()}


def convolutional(norm=None):
    torch.manual_seed(0)
    inner = [] if norm is None else [norm]
    return nn.Sequential(nn.Conv2d(1, 4, 3), *inner, nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)).eval()


@pytest.mark.parametrize(
    "norm", [lambda: nn.SyncBatchNorm.convert_sync_batchnorm(batch_norm()), lambda: Frozen(batch_norm())]
)
def test_norms_of_what_does_the_same_as_batch_norm_are_those_of_batch_norm(norm):
    assert values(convolutional(norm())) == pytest.approx(values(convolutional(batch_norm())), rel=1e-9)


@pytest.mark.parametrize("norm", [nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.LocalResponseNorm(2)])
def test_norms_of_what_cannot_be_folded_have_a_reason_and_margins_a_value(norm):
    found = rows(convolutional(norm), only=[*NORMS, "margin_median"])
    assert all(reason for (measure, _), (_, reason) in found.items() if measure != "margin_median")
    assert not found["margin_median", ""][1]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.qkv, self.head = nn.Conv2d(1, 4, 4, 4), nn.Linear(4, 12), nn.Linear(4, 3)

    def forward(self, x):
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(tokens).chunk(3, dim=-1)
        return self.head((tokens + F.scaled_dot_product_attention(q, k, v)).mean(1))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(1, 4, 4, 4)
        self.block = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.1, batch_first=True)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.block(self.patch(x).flatten(2).transpose(1, 2)).mean(1))


def dense_hessian(net, loss=F.cross_entropy):
    net = copy.deepcopy(net).double().eval()
    parts = dict(net.named_parameters())
    start = torch.cat([p.detach().flatten() for p in parts.values()])

    def of(vector):
        pieces = vector.split([p.numel() for p in parts.values()])
        given = {name: piece.view_as(p) for (name, p), piece in zip(parts.items(), pieces, strict=True)}
        return loss(torch.func.functional_call(net, given, (IMAGES.double(),)), LABELS)

    with sdpa_kernel(SDPBackend.MATH):
        return torch.autograd.functional.hessian(of, start)


@pytest.mark.parametrize("kind", [Attention, Encoder])
def test_curvature_of_a_net_with_attention_is_that_of_the_dense_hessian(kind):
    torch.manual_seed(2)
    net = kind()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(2)
    found = rows(net, only=["hessian_top_eigenvalue", *NORMS, "vc_dimension_bound", "log_l2_path_norm"])
    top = torch.linalg.eigvalsh(dense_hessian(net))[-1].item()
    assert found.pop(("hessian_top_eigenvalue", ""))[0] == pytest.approx(top, rel=1e-4)
    assert all(reason for _, reason in found.values()), "attention is no chain of layers"


def test_a_net_of_smooth_units_has_norms_and_no_bound_for_piecewise_linear_ones():
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.Tanh(), nn.Linear(5, 3))
    found = rows(net, only=["log_l2_norm", "vc_dimension_bound"])
    assert not found["log_l2_norm", ""][1]
    assert "not piecewise linear" in found["vc_dimension_bound", ""][1]


class StaysOn(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(64, 3)

    def forward(self, x):
        return self.last(F.dropout(x.flatten(1), 0.5))


def test_a_net_with_other_outputs_from_call_to_call_is_refused_once():
    with pytest.raises(ConfigError, match="model: gives other outputs for the same images each time"):
        genlab.measure(StaysOn(), IMAGES, LABELS, only="margin_median")


@pytest.mark.parametrize("wrap", [lambda net: torch.compile(net, backend="eager"), nn.DataParallel])
def test_a_wrapped_net_has_the_values_of_what_is_inside(wrap):
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 3))
    only = ["margin_median", "log_l2_norm", "log_l2_path_norm", "hessian_top_eigenvalue"]
    assert values(wrap(net), only=only) == values(net, only=only)
    assert values(wrap(net), only=["frobenius_distance"], initial=net.state_dict()) == {
        ("frobenius_distance", "1"): 0.0,
        ("frobenius_distance", "3"): 0.0,
    }


def test_a_reparametrised_layer_has_the_values_of_the_weights_that_it_stands_for():
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 3))
    other = copy.deepcopy(net)
    weight_norm(other[1])
    only = ["log_l2_norm", "margin_median", "hessian_trace"]
    assert values(other, only=only) == pytest.approx(values(net, only=only), rel=1e-5)
    assert hasattr(other[1], "parametrizations")


WEIGHTS = torch.tensor([0.5, 1.0, 2.0])  # float32, as a training loop has them


def weighted_mean(outputs, labels):
    return (F.cross_entropy(outputs, labels, reduction="none") * WEIGHTS[labels]).mean()


def weighted_dot(outputs, labels):
    """A product of matrices, which takes no two types."""
    return -(torch.log_softmax(outputs, 1) @ WEIGHTS).mean()


class WeightedDot(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("weights", WEIGHTS.clone())

    def forward(self, outputs, labels):
        return -(torch.log_softmax(outputs, 1) @ self.weights).mean()


@pytest.mark.parametrize(("loss", "digits"), [(weighted_mean, 1e-6), (weighted_dot, 1e-4), (WeightedDot(), 1e-6)])
def test_a_loss_that_works_in_a_float32_training_loop_works_here(loss, digits):
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))

    def in_float64(outputs, labels):
        logs = torch.log_softmax(outputs, 1)
        if loss is weighted_mean:
            return -(logs.gather(1, labels[:, None])[:, 0] * WEIGHTS.double()[labels]).mean()
        return -(logs @ WEIGHTS.double()).mean()

    found = values(net, only=["hessian_top_eigenvalue"], loss=loss)["hessian_top_eigenvalue", ""]
    assert found == pytest.approx(
        torch.linalg.eigvalsh(dense_hessian(net, in_float64))[-1].item(), rel=max(digits, 1e-5)
    )
    if isinstance(loss, nn.Module):
        assert loss.weights.dtype == torch.float32, "the loss that was given stays as it was"


def test_a_loader_gives_the_values_of_its_tensors():
    net = convolutional(batch_norm())
    loader = DataLoader(TensorDataset(IMAGES, LABELS), 7)
    only = [*NORMS, "margin_median", "hessian_trace"]
    table = genlab.measure(net, loader, only=only)
    expected = genlab.measure(net, IMAGES, LABELS, only=only)
    assert table.drop(columns="seconds").equals(expected.drop(columns="seconds"))
    with pytest.raises(ConfigError, match="labels: come from the DataLoader; leave them out"):
        genlab.measure(net, loader, LABELS)


def test_nothing_of_a_net_that_is_given_changes():
    net = convolutional(Frozen(batch_norm()))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    rows(net.train())
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert math.isfinite(float(before["0.weight"].sum()))
