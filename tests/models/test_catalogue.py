import re

import pytest
import torch

from genlab.config.schema.model import (
    REQUIRED_IMAGE_SIZE,
    GaussianKernelConfig,
    MLPConfig,
    NeyshaburVGGConfig,
    RandomFeaturesConfig,
    Theorem1Config,
    VGGConfig,
    smallest_batch,
)
from genlab.errors import ConfigError
from genlab.models.catalogue import MODELS, build_model

CONFIGS = {
    "mlp": MLPConfig(name="mlp", widths=(8,)),
    "vgg": VGGConfig(name="vgg", width_multiplier=0.03),
    "neyshabur_vgg": NeyshaburVGGConfig(name="neyshabur_vgg", width_multiplier=0.03),
    "theorem1": Theorem1Config(name="theorem1"),
    "gaussian_kernel": GaussianKernelConfig(name="gaussian_kernel"),
    "random_features": RandomFeaturesConfig(name="random_features", filters=7),
}
DOUBLE = {"theorem1"}


def images(count: int = 5) -> torch.Tensor:
    return torch.rand(count, 3, 32, 32, generator=generator(7))


def built(name: str, seed: int = 0) -> torch.nn.Module:
    """On images of CIFAR's shape, and made from some where it is made from any."""
    return build_model(CONFIGS[name], (3, 32, 32), 10, generator=generator(seed), images=images())


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_net_has_a_line_and_a_paper():
    assert set(MODELS) == set(CONFIGS)
    for entry in MODELS.values():
        assert entry.about
        assert re.search(r"\b(19|20)\d\d\b", entry.paper), "authors and the year"


@pytest.mark.parametrize("name", list(CONFIGS))
def test_every_net_of_the_catalogue_is_built_on_the_cpu_in_its_precision_and_gives_logits(name):
    model, precision = built(name), torch.float64 if name in DOUBLE else torch.float32
    assert all(p.device.type == "cpu" and p.dtype == precision for p in model.parameters())
    assert model.eval()(torch.zeros(2, 3, 32, 32, dtype=precision)).shape == (2, 10)


@pytest.mark.parametrize("name", [name for name, entry in MODELS.items() if entry.made_from != "shape"])
def test_a_net_that_is_made_from_images_is_not_made_without(name):
    with pytest.raises(ValueError, match=f"{name} is made from the training images"):
        build_model(CONFIGS[name], (3, 32, 32), 10, generator=generator())


def test_where_the_number_of_images_is_enough_it_is_taken_for_them():
    nets = [
        build_model(CONFIGS["theorem1"], (3, 32, 32), 10, generator=generator(), images=given).state_dict()
        for given in (images(), 5)
    ]
    assert all(torch.equal(nets[0][key], nets[1][key]) for key in nets[0])


@pytest.mark.parametrize("name", list(CONFIGS))
def test_the_same_generator_builds_the_same_net_and_no_global_draw_decides(name):
    torch.manual_seed(1)
    first = built(name, 3).state_dict()
    torch.manual_seed(2)
    second = built(name, 3).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("name", list(CONFIGS))
def test_a_net_trains_on_as_few_images_as_its_section_says_and_on_no_fewer(name):
    model = built(name).train()
    least = smallest_batch(CONFIGS[name])
    batch = torch.rand(least, 3, 32, 32, generator=generator(1)).to(next(model.parameters()).dtype)
    assert model(batch).isfinite().all()
    for fewer in range(1, least):
        with pytest.raises(ValueError, match="more than 1 value"):
            model(batch[:fewer])
    if "batch_norm" in type(CONFIGS[name]).model_fields:
        assert smallest_batch(CONFIGS[name].model_copy(update={"batch_norm": False})) == 1


def test_scheme_and_scale_of_the_config_are_used():
    small = build_model(MLPConfig(name="mlp", widths=(8,)), (1, 4, 4), 3, generator=generator())
    config = MLPConfig(name="mlp", widths=(8,), init_scale=2.0)
    large = build_model(config, (1, 4, 4), 3, generator=generator())
    assert torch.equal(2 * small[1].weight, large[1].weight)
    config = MLPConfig(name="mlp", widths=(8,), initialisation="torch")
    assert build_model(config, (1, 4, 4), 3, generator=generator())[1].bias.any()


@pytest.mark.parametrize("name", sorted(REQUIRED_IMAGE_SIZE))
@pytest.mark.parametrize(
    ("size", "remedy"),
    [
        ((28, 28), "set data.pad: 2 (or data.resize: 32)"),
        ((8, 8), "set data.pad: 12 (or data.resize: 32)"),
        ((31, 31), "set data.resize: 32"),
        ((64, 64), "set data.crop: 32 (or data.resize: 32)"),
        ((28, 32), "set data.resize: 32"),
    ],
)
def test_images_of_the_wrong_size_are_refused_with_the_remedy(name, size, remedy):
    with pytest.raises(ConfigError) as caught:
        build_model(CONFIGS[name], (3, *size), 10, generator=generator())
    (problem,) = caught.value.problems
    assert problem.key == "model.name"
    assert f"{name} takes 32x32 images and these are {size[0]}x{size[1]}" in problem.message
    assert problem.message.endswith(remedy)
    assert caught.value.exit_code == 2


def test_an_mlp_takes_images_of_any_size():
    assert build_model(CONFIGS["mlp"], (1, 5, 9), 3, generator=generator())(torch.zeros(1, 1, 5, 9)).shape == (1, 3)
