"""`genlab bench`."""

import json

import pytest

from tests.cli.command import genlab, process, refused

QUICK = ("--seconds", "0.02")
SMALL = ("digits-mlp", "data.train_size=200", "model.widths=[8]", "execution.threads=1", *QUICK)


def bench(*arguments):
    found = genlab("bench", *arguments, "--json", "-q")
    assert found.code == 0, found.err
    assert found.err == ""
    return json.loads(found.out)


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """The working directory, with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_prints_a_table_of_80_columns_and_makes_no_run(empty):
    found = genlab("bench", *SMALL)
    assert found.code == 0
    assert found.err.startswith("measuring digits-mlp")
    assert max(map(len, found.out.splitlines())) <= 80
    assert "images/s" in found.out
    assert "limited by" in found.out
    assert not list(empty.iterdir())


def test_a_config_without_gradient_steps_is_refused(empty):
    found = genlab("bench", *SMALL, "training.procedure=none", "-q")
    refused(found, 2, "override 'training.procedure=none': training.procedure: none is not gradient descent")


def test_json_has_every_number(empty):
    content = bench(*SMALL)
    assert content["subject"]["train_images"] == 200
    assert [row["batch_size"] for row in content["training"]] == [32, 8, 128]
    assert all(row["images_per_second"]["median"] > 0 for row in content["training"])
    assert not list(empty.iterdir())


def test_without_a_config_it_is_that_of_the_embedded_digits(empty):
    content = bench(*QUICK)
    assert content["subject"]["name"] == "digits-mlp"
    assert content["subject"]["model"]["widths"] == [256, 256]
    changed = bench("model.widths=[8]", "execution.threads=1", "training.batch_size=64", *QUICK)
    assert changed["subject"]["model"]["widths"] == [8]
    assert changed["subject"]["batch_size"] == 64


def test_the_device_and_the_threads_are_those_of_the_options_and_the_config(empty):
    content = bench(*SMALL, "execution.threads=2", "--device", "cpu")
    assert (content["subject"]["device"], content["subject"]["threads"]) == ("cpu", 2)
    assert content["peaks"][0]["threads"] == 2


def test_what_training_would_refuse_is_refused_the_same_way(empty):
    refused(genlab("bench", "digits-mpl", *QUICK), 2, "digits-mpl: no such file", "digits-mlp")
    refused(genlab("bench", "digits-mlp", "training.batch_sise=3", *QUICK), 2, "did you mean batch_size?")
    refused(genlab("bench", *SMALL, "--device", "cuda:99"), 2, "override 'execution.device=cuda:99'", "cuda:99 is not")
    images = ("digits-mlp", "data={name: image_folder, path: birds}")
    refused(genlab("bench", *images, *QUICK, "--data-dir", empty, "-q"), 5, f"{empty}/birds")
    assert genlab("bench", "--seconds", "0").code == 2
    assert not list(empty.iterdir())


def test_it_works_in_a_process_of_its_own(tmp_path):
    found = process("bench", *SMALL, "--json", cwd=tmp_path)
    assert found.code == 0, found.err
    assert json.loads(found.out)["limit"]["because"]
    assert not list(tmp_path.iterdir())
