"""That the ways compared are the same training but for one choice: no times here."""

import pytest
import torch

from genlab.config.schema.model import MLPConfig, VGGConfig
from tests.benchmarks.choices import ALTERNATIVES, ONLY_CONVOLUTIONS, ChosenTraining
from tests.benchmarks.images import cifar_images, mnist_images

VGG = VGGConfig(name="vgg", depth=11, width_multiplier=0.05)
EXACT = [name for name in ALTERNATIVES if name not in ("bfloat16", "torch.compile", "NCHW", "2 threads")]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return mnist_images(tmp_path_factory.mktemp("mnist"), 300), cifar_images(tmp_path_factory.mktemp("cifar"), 300)


def trained(images, model, choice):
    threads = torch.get_num_threads()
    try:
        side = ChosenTraining(images, model, 2, choice)
        side.work()
        return {name.rpartition(".")[2] + str(p.shape): p.detach().clone() for name, p in side._net.parameters.items()}
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("choice", EXACT)
def test_a_choice_changes_no_bit(images, choice):
    mnist, cifar = images
    pairs = [(cifar, VGG)] if choice in ONLY_CONVOLUTIONS else [(mnist, MLPConfig(name="mlp", widths=(8,)))]
    for source, model in pairs:
        plain, changed = trained(source, model, "default"), trained(source, model, choice)
        if choice == "unfused SGD":
            assert all(torch.allclose(plain[name], changed[name], rtol=1e-5) for name in plain)
        else:
            assert all(torch.equal(plain[name], changed[name]) for name in plain)


def test_bfloat16_and_the_layout_of_images_change_the_rounding(images):
    mnist, cifar = images
    for source, model, choice in ((mnist, MLPConfig(name="mlp", widths=(8,)), "bfloat16"), (cifar, VGG, "NCHW")):
        plain, changed = trained(source, model, "default"), trained(source, model, choice)
        assert not all(torch.equal(plain[name], changed[name]) for name in plain)
        assert all(torch.allclose(plain[name], changed[name], atol=0.05) for name in plain)
