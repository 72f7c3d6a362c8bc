"""What is true of every config that comes with genlab."""

import re
from pathlib import Path

import pytest

from genlab.cli.ls import Kind
from genlab.compression.settings import read_settings
from genlab.config.load import find_config, load_train_config, packaged_configs
from genlab.measures import MEASURES
from genlab.measures.computing.request import read_request
from tests.cli.command import genlab

ROOT = Path(__file__).parents[2]
KINDS = ("train", "measure", "compress")
CONFIGS = [(kind, name) for kind in KINDS for name in packaged_configs(kind)]
TRAIN = packaged_configs("train")
ISSUE_2 = {
    "train": {
        "digits-mlp",
        "mnist-mlp",
        "mnist-mlp-random",
        "mnist-mlp-partial",
        "cifar10-vgg11",
        "cifar10-vgg19",
        "cifar10-neyshabur-vgg",
    },
    "measure": {"norms", "all"},
    "compress": {"svd"},
}


def comment_of(kind, name):
    """The lines of the comment that a config opens with."""
    lines = find_config(name, kind).read_text().splitlines()
    length = next(index for index, line in enumerate(lines) if not line.startswith("#"))
    return lines[:length]


def test_every_file_under_configs_is_a_config_of_a_known_kind():
    files = {path.relative_to(ROOT / "configs") for path in (ROOT / "configs").rglob("*.yaml")}
    assert {path.parts[0] for path in files} <= {*KINDS, "sweeps"}
    assert {(path.parts[0], path.stem) for path in files if path.parts[0] in KINDS} == set(CONFIGS)
    assert all(len(path.parts) == 2 for path in files)
    assert not list((ROOT / "configs").rglob("*.yml"))


def test_quick_has_every_measure_but_those_that_need_many_passes_or_the_gradients_of_single_images():
    """The families are those that were left out when the names stood in the config one by one."""
    families = ("pac_bayes", "worst_case_sharpness", "sharpness", "hessian", "gradients", "rademacher")
    families += ("interlayer", "noise_stability", "duality")
    request = read_request("quick", None)
    assert request.measures == tuple(measure for measure in MEASURES.values() if measure.family not in families)
    assert not any(one.options for one in request.asked)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_configs_are_there(kind):
    assert ISSUE_2[kind] <= set(packaged_configs(kind))


@pytest.mark.parametrize(("kind", "name"), CONFIGS)
def test_a_config_opens_with_its_own_command(kind, name):
    command = f"genlab train {name}" if kind == "train" else f"genlab {kind} RUN --config {name}"
    assert comment_of(kind, name)[0] == f"# {command}"


@pytest.mark.parametrize(("kind", "name"), CONFIGS)
def test_a_config_says_how_long_it_takes(kind, name):
    comment = " ".join(comment_of(kind, name)[1:])
    assert re.search(r"\b(s|seconds?|min|minutes?|h|hours?|days?)\b", comment, re.IGNORECASE), "no time in the comment"
    assert "core" in comment, "on how many cores"


@pytest.mark.parametrize("name", TRAIN)
def test_a_train_config_says_what_it_takes_and_what_it_reaches(name):
    comment = "\n".join(comment_of("train", name))
    takes, reaches = comment.partition("# Takes: ")[2], comment.partition("# Reaches: ")[2]
    assert takes, "no line '# Takes: ...'"
    assert reaches, "no line '# Reaches: ...'"
    assert "GPU" in takes.partition("# Reaches: ")[0]
    assert "error" in reaches
    assert re.search(r"\d", reaches), "a number"


@pytest.mark.parametrize("name", TRAIN)
def test_a_train_config_is_accepted_and_named_as_its_file(name):
    found = genlab("config", "check", name)
    assert (found.code, found.err) == (0, "")
    assert load_train_config(name).config.name == name


@pytest.mark.parametrize("name", packaged_configs("measure"))
def test_a_measure_config_names_known_measures(name):
    assert read_request(name, None).measures


@pytest.mark.parametrize("name", packaged_configs("compress"))
def test_a_compress_config_has_settings(name):
    assert read_settings(name)


def test_two_train_configs_are_never_the_same_run():
    heads = {genlab("config", "check", name).out.splitlines()[0] for name in TRAIN}
    assert len(heads) == len(TRAIN)


def test_every_config_can_be_listed():
    listed = genlab("ls", Kind.configs.value).out
    assert all(re.search(rf"^{re.escape(name)} +{kind} ", listed, re.MULTILINE) for kind, name in CONFIGS)
