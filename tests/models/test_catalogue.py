import re

import pytest
import torch
from pydantic import ValidationError

from genlab.config.schema.model import (
    REQUIRED_IMAGE_SIZE,
    SINGLE_CELL,
    SMALLEST_IMAGE_SIZE,
    AlexNetConfig,
    GaussianKernelConfig,
    GoogLeNetConfig,
    InceptionV3Config,
    MLPConfig,
    NeyshaburVGGConfig,
    RandomFeaturesConfig,
    SmallAlexNetConfig,
    SmallGoogLeNetConfig,
    SmallInceptionConfig,
    Theorem1Config,
    VGGConfig,
    WideResNetConfig,
    smallest_batch,
)
from genlab.errors import ConfigError
from genlab.models.catalogue import MODELS, build_model

CONFIGS = {
    "mlp": MLPConfig(name="mlp", widths=(8,)),
    "vgg": VGGConfig(name="vgg", width_multiplier=0.03),
    "neyshabur_vgg": NeyshaburVGGConfig(name="neyshabur_vgg", width_multiplier=0.03),
    "small_inception": SmallInceptionConfig(name="small_inception", width_multiplier=0.03),
    "small_alexnet": SmallAlexNetConfig(name="small_alexnet", width_multiplier=0.03),
    "wide_resnet": WideResNetConfig(name="wide_resnet", depth=10, width_multiplier=0.25),
    "inception_v3": InceptionV3Config(name="inception_v3", width_multiplier=1 / 16),
    "googlenet": GoogLeNetConfig(name="googlenet", width_multiplier=1 / 8),
    "alexnet": AlexNetConfig(name="alexnet", width_multiplier=0.03),
    "small_googlenet": SmallGoogLeNetConfig(name="small_googlenet", width_multiplier=0.03),
    "theorem1": Theorem1Config(name="theorem1"),
    "gaussian_kernel": GaussianKernelConfig(name="gaussian_kernel"),
    "random_features": RandomFeaturesConfig(name="random_features", filters=7, patch=1, pool=1),
}
DOUBLE = {"theorem1"}


def images(height: int, width: int, count: int = 5, channels: int = 3) -> torch.Tensor:
    return torch.rand(count, channels, height, width, generator=generator(7))


def built(name: str, seed: int = 0, size: int = 32) -> torch.nn.Module:
    """On square images of three channels, and made from some where it is made from any."""
    shape = (3, size, size)
    return build_model(CONFIGS[name], shape, 10, generator=generator(seed), images=images(size, size))


def size_for(name: str) -> int:
    """Height and width that the net takes: 32 where it can."""
    return max(32, SMALLEST_IMAGE_SIZE.get(name, 32))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_net_has_a_line_and_a_paper():
    assert set(MODELS) == set(CONFIGS)
    for entry in MODELS.values():
        assert entry.about
        assert re.search(r"\b(19|20)\d\d\b", entry.paper), "authors and the year"


@pytest.mark.parametrize("name", list(CONFIGS))
def test_every_net_of_the_catalogue_is_built_on_the_cpu_in_its_precision_and_gives_logits(name):
    size, precision = size_for(name), torch.float64 if name in DOUBLE else torch.float32
    model = built(name, size=size)
    assert all(p.device.type == "cpu" and p.dtype == precision for p in model.parameters())
    assert model.eval()(torch.zeros(2, 3, size, size, dtype=precision)).shape == (2, 10)


@pytest.mark.parametrize("name", [name for name, entry in MODELS.items() if entry.made_from != "shape"])
def test_a_net_that_is_made_from_images_is_not_made_without(name):
    with pytest.raises(ValueError, match=f"{name} is made from the training images"):
        build_model(CONFIGS[name], (3, 32, 32), 10, generator=generator())


def test_where_the_number_of_images_is_enough_it_is_taken_for_them():
    nets = [
        build_model(CONFIGS["theorem1"], (3, 32, 32), 10, generator=generator(), images=given).state_dict()
        for given in (images(32, 32), 5)
    ]
    assert all(torch.equal(nets[0][key], nets[1][key]) for key in nets[0])


@pytest.mark.parametrize("name", list(CONFIGS))
def test_the_same_generator_builds_the_same_net_and_no_global_draw_decides(name):
    size = size_for(name)
    torch.manual_seed(1)
    first = built(name, 3, size).state_dict()
    torch.manual_seed(2)
    second = built(name, 3, size).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def sizes(name: str) -> list[int]:
    """Of images: what the net takes, and both sides of where the last maps become single cells."""
    edge = SINGLE_CELL.get(name, 0)
    return sorted({size_for(name), *([edge, edge + 1] if edge else [])})


@pytest.mark.parametrize(("name", "size"), [(name, size) for name in CONFIGS for size in sizes(name)])
def test_a_net_trains_on_as_few_images_as_its_section_says_and_on_no_fewer(name, size):
    model = built(name, size=size).train()
    least = smallest_batch(CONFIGS[name], size)
    batch = images(size, size, least).to(next(model.parameters()).dtype)
    assert model(batch).isfinite().all()
    for fewer in range(1, least):
        with pytest.raises(ValueError, match="more than 1 value"):
            model(batch[:fewer])
    assert smallest_batch(CONFIGS[name], None) >= least, "of an unknown size it is taken for a small one"
    if "batch_norm" in type(CONFIGS[name]).model_fields:
        assert smallest_batch(CONFIGS[name].model_copy(update={"batch_norm": False}), size) == 1


ANY_SIZE = [name for name in CONFIGS if name not in REQUIRED_IMAGE_SIZE]


@pytest.mark.parametrize("name", ANY_SIZE)
def test_a_net_takes_images_of_any_size_from_its_least_one_on(name):
    for height, width in ((0, 0), (0, 1), (4, 2)):
        least = SMALLEST_IMAGE_SIZE.get(name, 1)
        shape = (1, least + height, least + width)
        given = images(*shape[1:], channels=1)
        model = build_model(CONFIGS[name], shape, 10, generator=generator(), images=given).eval()
        assert model(torch.zeros(2, *shape, dtype=next(model.parameters()).dtype)).shape == (2, 10)


@pytest.mark.parametrize("name", sorted(SMALLEST_IMAGE_SIZE))
def test_images_too_small_for_a_net_are_refused_with_the_remedy(name):
    least = SMALLEST_IMAGE_SIZE[name]
    for size in ((1, 1), (least - 1, least - 1), (least, least - 1)):
        with pytest.raises(ConfigError) as caught:
            build_model(CONFIGS[name], (3, *size), 10, generator=generator())
        (problem,) = caught.value.problems
        takes = f"{name} takes images of {least}x{least} or more and these are {size[0]}x{size[1]}"
        assert (problem.key, problem.message) == ("model.name", f"{takes}; set data.resize: {least}")
        assert caught.value.exit_code == 2
    with torch.device("meta"):
        model = MODELS[name].build((3, least - 1, least - 1), 10)
    with pytest.raises(RuntimeError):
        model(torch.zeros(2, 3, least - 1, least - 1, device="meta"))


@pytest.mark.parametrize(("name", "step"), [("inception_v3", 16), ("googlenet", 8)])
def test_a_width_at_which_a_layer_would_have_part_of_a_channel_is_refused(name, step):
    with pytest.raises(ValidationError, match=f"must be a multiple of 1/{step}, such as 0.25"):
        type(CONFIGS[name])(name=name, width_multiplier=0.26)
    size = size_for(name)
    for multiplier in (1 / step, 3 / step):
        config = type(CONFIGS[name])(name=name, width_multiplier=multiplier)
        assert build_model(config, (3, size, size), 10, generator=generator())


def test_a_depth_that_no_wide_residual_net_has_is_refused_with_the_nearest():
    with pytest.raises(ValidationError, match="must be 6 k \\+ 4: 22 or 28"):
        WideResNetConfig(name="wide_resnet", depth=25)


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
