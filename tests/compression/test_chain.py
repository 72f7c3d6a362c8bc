import json

import pytest
import torch

from genlab.compression.chain import Chained, coded_further, read_form
from genlab.compression.compress import compress_model
from genlab.compression.methods.uniform_quantisation import uniform_quantisation
from genlab.compression.settings import Setting, compress_settings
from genlab.errors import ConfigError, UsageError
from tests.compression.examples import IMAGE, convolutional, perceptron, random_dataset


def chain(method, *steps, layers=None, **options) -> Setting:
    return Setting(method, tuple(options.items()), layers, then=steps)


def compressed(setting, build=perceptron):
    return compress_model(build(), IMAGE, setting, dataset=random_dataset(), seed=3)


PRUNED = Setting("magnitude_pruning", (("keep", 0.3),))
CODEBOOK = Setting("codebook_quantisation", (("levels", 4),))
GRID = Setting("uniform_quantisation", (("bits", 8),))


def test_pruning_then_a_codebook_has_both_zeros_and_few_values():
    found = compressed(chain("magnitude_pruning", CODEBOOK, keep=0.3))
    alone = compressed(PRUNED)
    for name in ("1", "3"):
        weights, pruned = found.model.get_submodule(name).weight, alone.model.get_submodule(name).weight
        assert torch.equal(weights == 0, pruned == 0)
        assert len(weights[weights != 0].unique()) == 4


def test_the_values_of_a_codebook_after_pruning_are_those_of_what_is_kept_alone():
    weights = compressed(PRUNED).model.get_submodule("3").weight.detach()
    kept = weights[weights != 0]
    found = compressed(chain("magnitude_pruning", CODEBOOK, keep=0.3)).layers["3"]
    codebook = found.tensors["values:codebook"]
    nearest = (kept.unsqueeze(1) - codebook).abs().argmin(dim=1)
    expected = [float(kept[nearest == i].mean()) for i in range(4)]
    assert codebook.tolist() == pytest.approx(expected, rel=1e-5)


def test_bits_are_of_places_codes_and_values():
    """Layer 3 has 24 x 20 weights: 144 are kept, 480 bits of bitmap, 2 bits a code, a codebook, 20 biases."""
    found = compressed(chain("magnitude_pruning", CODEBOOK, keep=0.3))
    assert found.sizes["3"] == (144 + 4 + 20, 480 + 2 * 144 + 32 * (4 + 20))


def test_factors_that_are_pruned_and_put_on_grids_are_a_low_rank_still():
    found = compressed(chain("svd_truncation", PRUNED, GRID, rank=3), convolutional)
    first, second = found.model.get_submodule("7")
    assert first.weight.shape == (3, 64)
    assert float((first.weight == 0).double().mean()) == pytest.approx(0.7, abs=0.01)
    assert torch.linalg.matrix_rank(second.weight @ first.weight) <= 3
    assert len(first.weight[first.weight != 0].unique()) > 4


def test_over_all_factors_the_smallest_are_cut():
    step = Setting("magnitude_pruning", (("keep", 0.2), ("scope", "global")))
    whole = compressed(Setting("svd_truncation", (("rank", 3),)))
    found = compressed(chain("svd_truncation", step, rank=3))
    kept, cut = [], []
    for name in ("1", "3", "5"):
        before, after = whole.model.get_submodule(name), found.model.get_submodule(name)
        for key, weights in before.named_parameters():
            if key.endswith("weight"):
                mask = after.get_parameter(key) != 0
                kept += weights[mask].abs().tolist()
                cut += weights[~mask].abs().tolist()
    assert min(kept) >= max(cut)
    assert len(kept) == round(0.2 * (len(kept) + len(cut)))


def test_products_of_a_projection_can_be_coded():
    plain, coded = compressed(Setting("matrix_project", (("k", 40),))), compressed(chain("matrix_project", GRID, k=40))
    assert coded.sizes["3"] == (40 + 2 + 20, 8 * 40 + 32 * 22 + 64)
    assert coded.sizes["3"][1] < plain.sizes["3"][1]


def test_a_form_comes_back_from_json():
    form = compressed(chain("svd_truncation", PRUNED, CODEBOOK, rank=3)).layers["3"].form
    assert isinstance(form, Chained)
    content = json.loads(json.dumps(form.model_dump(mode="json")))
    assert read_form(["svd_truncation", "magnitude_pruning", "codebook_quantisation"], content) == form
    for methods, wrong in [
        (["svd_truncation", "magnitude_pruning"], content),
        (["svd_truncation", "magnitude_pruning", "codebook_quantisation"], {"first": content["first"]}),
        (["svd_truncation", "codebook_quantisation", "magnitude_pruning"], content),
    ]:
        with pytest.raises(ValueError):  # noqa: PT011 (of pydantic, or of the chain)
            read_form(methods, wrong)


def test_nothing_follows_codes_and_what_takes_layers_follows_nothing():
    coded = uniform_quantisation({"3": torch.nn.Linear(4, 4, dtype=torch.float64)}, False, bits=3)
    with pytest.raises(UsageError, match="nothing left that uniform_quantisation could code"):
        coded_further(coded, GRID, followed=False)
    with pytest.raises(UsageError, match="svd_truncation cannot follow another method"):
        coded_further(coded, Setting("svd_truncation", ()), followed=False)
    with pytest.raises(ConfigError, match=r"methods.0.then.0: uniform_quantisation leaves nothing that magnitude_pru"):
        compress_settings(
            [{"name": "uniform_quantisation", "bits": 3, "then": [{"name": "magnitude_pruning", "keep": 0.5}]}]
        )
    with pytest.raises(ConfigError, match=r"methods.0.then.0.name: unknown name 'svd_truncation'; known: codebook_q"):
        compress_settings([{"name": "matrix_project", "k": 3, "then": [{"name": "svd_truncation", "rank": 1}]}])
    with pytest.raises(ConfigError, match=r"methods.0.then.0.bits.0: must be greater than or equal to 1, not 0"):
        compress_settings([{"name": "matrix_project", "k": 3, "then": [{"name": "uniform_quantisation", "bits": 0}]}])


def test_a_tensor_of_a_code_that_is_missing_is_told():
    layer = compressed(chain("magnitude_pruning", CODEBOOK, keep=0.3)).layers["3"]
    tensors = {name: tensor for name, tensor in layer.tensors.items() if name != "values:codebook"}
    with pytest.raises(UsageError, match="the tensor 'values:codebook' of a code is missing"):
        layer.form.build(torch.nn.Linear(24, 20, dtype=torch.float64), tensors)


def test_every_value_of_every_step_is_a_setting():
    then = [{"name": "magnitude_pruning", "keep": [0.5, 0.1]}, {"name": "uniform_quantisation", "bits": [8, 4]}]
    settings = compress_settings([{"name": "svd_truncation", "rank": [1, 2], "then": then}])
    assert [setting.label for setting in settings][:3] == [
        "rank=1,then=magnitude_pruning(keep=0.5)+uniform_quantisation(bits=8)",
        "rank=1,then=magnitude_pruning(keep=0.5)+uniform_quantisation(bits=4)",
        "rank=1,then=magnitude_pruning(keep=0.1)+uniform_quantisation(bits=8)",
    ]
    assert len({setting.label for setting in settings}) == 8
