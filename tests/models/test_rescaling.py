import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlab.models.folding import folded
from genlab.models.mlp import mlp
from genlab.models.rescaling import is_piecewise_linear, rescaling
from genlab.models.vgg import neyshabur_vgg, vgg


class With(nn.Module):
    """Two linear layers with a function of the hidden units between them."""

    def __init__(self, between, **own):
        super().__init__()
        self.first, self.last, self.between = nn.Linear(8, 8), nn.Linear(8, 3), between
        for name, value in own.items():
            if isinstance(value, nn.Module | nn.Parameter):
                setattr(self, name, value)
            else:
                self.register_buffer(name, value)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.between(self, self.first(x.flatten(1))))


def gain():
    return nn.Parameter(torch.tensor(3.0))


def attend(net: With, h: Tensor) -> Tensor:
    tokens = h.unflatten(1, (2, 4))
    return F.scaled_dot_product_attention(tokens, tokens, tokens).flatten(1)


def attend_by_hand(net: With, h: Tensor) -> Tensor:
    tokens = h.unflatten(1, (2, 4))
    return (torch.softmax(tokens @ tokens.transpose(1, 2), -1) @ tokens).flatten(1)


@pytest.mark.parametrize(
    ("between", "own", "words"),
    [
        (lambda net, h: net.norm(h), {"norm": nn.LayerNorm(8)}, "normalises in LayerNorm norm"),
        (lambda net, h: net.norm(h), {"norm": nn.GroupNorm(2, 8, affine=False)}, "normalises in GroupNorm norm"),
        (lambda net, h: net.norm(h), {"norm": nn.RMSNorm(8)}, "normalises in RMSNorm norm"),
        (lambda net, h: net.norm(h[..., None]).flatten(1), {"norm": nn.LocalResponseNorm(2)}, "normalises in Local"),
        (lambda net, h: net.act(h), {"act": nn.PReLU()}, "has numbers in PReLU act that may rescale"),
        (lambda net, h: net.gain * h, {"gain": gain()}, "has numbers of its own (gain) that may rescale"),
        (lambda net, h: net.gain * h, {"gain": torch.tensor(3.0)}, "has numbers of its own (gain) that may rescale"),
        (lambda net, h: F.layer_norm(h, (8,)), {}, "normalises between its layers (layer_norm)"),
        (lambda net, h: F.normalize(h), {}, "normalises between its layers (normalize)"),
        (lambda net, h: h / h.norm(dim=1, keepdim=True), {}, "multiplies outputs of its layers with each other (div)"),
        (lambda net, h: h * torch.sigmoid(h.mean(1, keepdim=True)), {}, "multiplies outputs of its layers"),
        (attend, {}, "has attention"),
        (attend_by_hand, {}, "multiplies outputs of its layers with each other (matmul)"),
    ],
)
def test_what_rescales_between_layers_is_named(between, own, words):
    assert rescaling(With(between, **own).eval(), (8,)).startswith(words)


def test_an_encoder_layer_has_attention():
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.block, self.head = nn.TransformerEncoderLayer(4, 2, 6, batch_first=True), nn.Linear(4, 3)

        def forward(self, x):
            return self.head(self.block(x).mean(1))

    assert rescaling(Encoder().eval(), (5, 4)).startswith(("has attention", "normalises in LayerNorm"))


@pytest.mark.parametrize(
    ("between", "own"),
    [
        (lambda net, h: F.relu(h), {}),
        (lambda net, h: F.dropout(torch.tanh(h), 0.5, training=net.training), {}),
        (lambda net, h: h + F.relu(h), {}),
        (lambda net, h: h, {"unused": gain()}),
        (lambda net, h: 0.5 * h, {}),
        (lambda net, h: net.inner(h), {"inner": nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Dropout(0.1))}),
    ],
    ids=["relu", "tanh and dropout", "a skip", "an unused parameter", "a constant", "a part"],
)
def test_activations_sums_and_layers_do_not(between, own):
    assert rescaling(With(between, **own).eval(), (8,)) == ""


@pytest.mark.parametrize(
    "model", [mlp((1, 8, 8), 3, [5, 4]), neyshabur_vgg((3, 32, 32), 5, width_multiplier=0.02)], ids=["mlp", "vgg"]
)
def test_the_nets_of_genlab_do_not(model):
    shape = (1, 8, 8) if len(model) < 10 else (3, 32, 32)
    assert rescaling(folded(model, shape), shape) == ""


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (lambda net, h: F.relu(h), True),
        (lambda net, h: F.leaky_relu(h) + F.hardtanh(h).abs(), True),
        (lambda net, h: h, True),
        (lambda net, h: F.max_pool1d(h[:, None], 2)[:, 0].repeat(1, 2), True),
        (lambda net, h: torch.tanh(h), False),
        (lambda net, h: F.gelu(h), False),
        (lambda net, h: F.silu(h), False),
        (lambda net, h: h.square(), False),
        (attend, False),
        (lambda net, h: F.layer_norm(h, (8,)), False),
    ],
)
def test_only_units_with_breaks_make_a_net_piecewise_linear(between, expected):
    torch.manual_seed(0)
    assert is_piecewise_linear(With(between), (8,)) is expected


def test_a_vgg_is_piecewise_linear():
    assert is_piecewise_linear(vgg((3, 32, 32), 5, 11, width_multiplier=0.05), (3, 32, 32))
