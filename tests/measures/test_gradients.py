import pytest
import torch

from genlab.config.vocabulary import Inputs
from genlab.measures.gradients import gradient_noise, squared_fisher_rao_norm
from genlab.measures.inputs.sample_gradients import SampleGradients
from genlab.measures.inputs.vocabulary import INPUTS
from genlab.models.mlp import mlp
from tests.measures.subjects import subject


def without_biases():
    """A ReLU net of 3 layers."""
    found = subject(lambda: mlp((1, 3, 3), 4, [7, 6]), (1, 3, 3), 4)
    for module in found.model.modules():
        if getattr(module, "bias", None) is not None:
            module.bias.data.zero_()
    return found


def test_the_noise_is_what_is_left_of_the_squares_without_the_mean():
    # Two images with gradients 3 and 5 along one axis: the mean is 4 and each is 1 away.
    gradients = SampleGradients({"a": torch.tensor([9.0, 25.0]), "b": torch.ones(2)}, {}, {"a": 16.0, "b": 0.25})
    assert gradient_noise(gradients) == pytest.approx({"": 1.75, "a": 1.0, "b": 0.75})


def test_gradients_that_agree_have_no_noise_whatever_the_rounding():
    gradients = SampleGradients({"a": torch.tensor([0.1, 0.1]).double()}, {}, {"a": 0.1 + 1e-8})
    assert gradient_noise(gradients)["a"] == 0


def test_the_products_of_all_layers_are_added_before_they_are_squared():
    gradients = SampleGradients({}, {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([2.0, -2.0])}, {})
    assert squared_fisher_rao_norm(gradients) == pytest.approx(9 / 2)


def test_without_biases_it_is_the_squared_depth_times_the_outputs_own():
    """Liang et al. 2019, Theorem 3.1: every layer has <W, dl/dW> = <f, dl/df>."""
    inputs = Inputs(without_biases(), INPUTS)
    logits, labels = inputs.get("logits", "m"), inputs.get("labels", "m")
    slopes = logits.softmax(1) - torch.nn.functional.one_hot(labels, 4)
    outputs = (logits * slopes).sum(1)
    found = inputs.get("sample_gradients", "m")
    for products in found.weight_products.values():
        torch.testing.assert_close(products, outputs, rtol=1e-6, atol=1e-12)
    assert squared_fisher_rao_norm(found) == pytest.approx(9 * float(outputs.square().mean()), rel=1e-6)
