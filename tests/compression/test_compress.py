import pytest
import torch
from torch import nn

from genlab.compression.compress import compress_by, compress_model, subject_of
from genlab.compression.inputs import INPUTS
from genlab.compression.methods import COMPRESSORS
from genlab.compression.settings import Setting
from genlab.compression.structure import dense_network
from genlab.config.vocabulary import Inputs
from genlab.errors import GenlabError, UsageError
from genlab.models.dropout import Chain
from genlab.models.initialisation import initialise
from genlab.models.vgg import vgg
from tests.compression.examples import IMAGE, convolutional, generator, perceptron, with_random_values


def svd(layers=None, **option):
    return Setting("svd_truncation", tuple(option.items()), layers)


def one_after_the_other(model, *settings):
    """The net compressed by several settings, what they share computed once."""
    subject = subject_of(model, IMAGE)
    inputs = Inputs(subject, INPUTS)
    return subject, [compress_by(setting, subject, inputs) for setting in settings]


def images(count: int = 6) -> torch.Tensor:
    return torch.rand(count, *IMAGE, generator=generator(3))


@pytest.mark.parametrize("build", [perceptron, convolutional])
@pytest.mark.parametrize("option", [{"rank": 10_000}, {"energy": 1.0}, {"threshold": 0.0}])
def test_full_rank_changes_no_output_and_saves_nothing(build, option):
    model = build().eval()
    compressed = compress_model(model, IMAGE, svd(**option))
    torch.testing.assert_close(compressed.model(images()), model(images()), rtol=1e-4, atol=1e-4)
    assert compressed.ratio == 1
    assert compressed.parameters == compressed.original_parameters
    expected = dense_network(model, IMAGE).float()
    assert torch.equal(compressed.model(images()), expected(images()))


def test_parameters_of_a_whole_net_have_their_closed_form():
    compressed = compress_model(perceptron(), IMAGE, svd(rank=2))  # 192-24-20-4 with biases
    assert compressed.original_parameters == 192 * 24 + 24 + 24 * 20 + 20 + 20 * 4 + 4
    assert compressed.parameters == 2 * (192 + 24) + 24 + 2 * (24 + 20) + 20 + 2 * (20 + 4) + 4
    assert compressed.parameters == sum(parameter.numel() for parameter in compressed.model.parameters())
    assert compressed.bits == 32 * compressed.parameters
    assert compressed.ratio == compressed.original_parameters / compressed.parameters


def test_the_original_is_counted_with_batch_norm_folded_in():
    compressed = compress_model(convolutional(), IMAGE, svd(energy=1.0))
    weights = 12 * 27 + 16 * 36 + 64 * 24 + 24 * 4
    assert compressed.original_parameters == weights + 12 + 16 + 24 + 4


def test_a_net_with_batch_norm_is_the_truncation_of_its_folded_net():
    model = convolutional().eval()
    dense = dense_network(model, IMAGE)
    with torch.no_grad():
        for name in ("0", "3", "7", "10"):
            weight = dense.get_submodule(name).weight
            U, s, Vh = torch.linalg.svd(weight.flatten(1), full_matrices=False)
            weight.copy_((U[:, :3] @ torch.diag(s[:3]) @ Vh[:3]).view_as(weight))
    compressed = compress_model(model, IMAGE, svd(rank=3))
    expected = dense(images().double())
    torch.testing.assert_close(compressed.model(images()).double(), expected, rtol=1e-4, atol=1e-4)


def test_the_output_layer_is_compressed_unless_layers_are_named():
    assert list(compress_model(convolutional(), IMAGE, svd(rank=1)).layers) == ["0", "3", "7", "10"]
    compressed = compress_model(convolutional(), IMAGE, svd(layers=("3", "0"), rank=1))
    assert set(compressed.layers) == {"0", "3"}
    assert isinstance(compressed.model.get_submodule("10"), nn.Linear)
    dense = dense_network(convolutional(), IMAGE).float()
    assert torch.equal(compressed.model.get_submodule("10").weight, dense.get_submodule("10").weight)


def test_more_energy_never_stores_less_nor_truncates_more():
    _, results = one_after_the_other(perceptron(), *(svd(energy=e) for e in (0.2, 0.5, 0.8, 0.95, 0.99, 1.0)))
    counts = [result.parameters for result in results]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
    for name in ("1", "3", "5"):
        ranks = [result.layers[name].form.rank for result in results]
        assert ranks == sorted(ranks)


def test_the_model_is_left_as_it_was():
    model = convolutional().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    compress_model(model, IMAGE, svd(rank=1))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert model.training


def test_settings_share_no_weights_and_the_dense_net_is_not_changed():
    before = dense_network(perceptron(), IMAGE).state_dict()
    subject, (first, second) = one_after_the_other(perceptron(), svd(rank=2), svd(rank=2))
    with torch.no_grad():
        for parameter in first.model.parameters():
            parameter.zero_()
    assert all(parameter.any() for parameter in second.model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in subject.dense.state_dict().items())


def test_a_vgg_with_batch_norm_is_compressed_and_evaluated():
    model = vgg((3, 32, 32), 10, 11, width_multiplier=0.1)
    initialise(model, "he_normal", 1.0, generator=generator(0))
    compressed = compress_model(model, (3, 32, 32), svd(energy=0.5))
    assert compressed.ratio > 1.5
    outputs = compressed.model(torch.rand(2, 3, 32, 32, generator=generator(1)))
    assert outputs.shape == (2, 10)
    assert all(p.dtype == torch.float32 and p.is_contiguous() for p in compressed.model.parameters())


def test_an_unknown_layer_or_method_is_named_with_those_there_are():
    with pytest.raises(UsageError, match=r"no linear or convolutional layer '2'.*has 1, 3, 5"):
        compress_model(perceptron(), IMAGE, svd(layers=("2",), rank=1))
    with pytest.raises(UsageError, match=f"no compression method 'zip'; known: {', '.join(COMPRESSORS)}"):
        compress_model(perceptron(), IMAGE, Setting("zip", (("rank", 1),)))


def test_an_option_that_the_method_does_not_have_or_take_is_refused():
    with pytest.raises(UsageError, match=r"svd_truncation has no option 'enrgy'; did you mean energy\?"):
        compress_model(perceptron(), IMAGE, svd(enrgy=0.5))
    with pytest.raises(UsageError, match=r"svd_truncation: energy: must be less than or equal to 1, not 1\.5"):
        compress_model(perceptron(), IMAGE, svd(energy=1.5))
    with pytest.raises(UsageError, match=r"svd_truncation: rank: 2\.5 is not of type int"):
        compress_model(perceptron(), IMAGE, svd(rank=2.5))


def test_a_layer_that_one_setting_does_not_find_is_no_harm_to_the_next():
    subject = subject_of(perceptron(), IMAGE)
    inputs = Inputs(subject, INPUTS)
    with pytest.raises(UsageError, match="no linear or convolutional layer '2'"):
        compress_by(svd(layers=("2",), rank=1), subject, inputs)
    assert list(compress_by(svd(layers=("3",), rank=1), subject, inputs).layers) == ["3"]


def test_a_layer_that_is_used_twice_is_refused():
    layer = nn.Linear(192, 192)
    model = with_random_values(Chain(nn.Flatten(), layer, nn.ReLU(), layer, nn.Linear(192, 4)), 0)
    with pytest.raises(GenlabError, match="cannot be compressed: layer 1 is used 2 times"):
        compress_model(model, IMAGE, svd(rank=1))
