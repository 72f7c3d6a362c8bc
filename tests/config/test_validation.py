"""What a user reads who got a config wrong: `file:line:column: key: what is wrong and what would be right`."""

from typing import get_args

import pytest

from genlab.config.load import load
from genlab.config.schema import TrainConfig
from genlab.config.schema.measure import MeasureConfig
from genlab.config.schema.model import MLPConfig, ModelConfig
from genlab.config.validation import known_keys
from genlab.errors import ConfigError
from tests.config.examples import SMALL, problems_of, small_with, write

MODELS = [get_args(model.model_fields["name"].annotation)[0] for model in get_args(get_args(ModelConfig)[0])]


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = """\
name: a b
seed: -1
sed: 3
data:
  name: digitz
  train_size: 1e3
model: {name: mlp, widths: [3, 0, x], bias: yes}
training:
  optimiser: {name: sgd, learning_rate: 0}
  batch_size: 32
  batch_size: 64
execution: {device: gpu}
"""
    assert problems_of(tmp_path, text) == [
        "small.yaml:1:1: name: must match pattern '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$', not 'a b'",
        "small.yaml:2:1: seed: must be greater than or equal to 0, not -1",
        "small.yaml:3:1: sed: unknown key; did you mean seed?",
        "small.yaml:5:3: data.name: 'digitz' is not one of them; did you mean digits?",
        "small.yaml:6:3: data.train_size: must be a valid integer, not 1000.0",
        "small.yaml:7:32: model.widths.1: must be greater than or equal to 1, not 0",
        "small.yaml:7:35: model.widths.2: must be a valid integer, not 'x'",
        "small.yaml:7:39: model.bias: must be a valid boolean, not 'yes'",
        "small.yaml:8:1: training.stop: is required and missing",
        "small.yaml:9:26: training.optimiser.learning_rate: must be greater than 0, not 0",
        "small.yaml:11:3: training.batch_size: given twice (first at small.yaml:10:3)",
        "small.yaml:12:13: execution.device: must be auto, cpu, cuda or cuda:N, not 'gpu'",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: the file: must be a mapping of keys to values"),
        ("- 1", "1:1: the file: must be a mapping of keys to values"),
        ("just words", "1:1: the file: must be a mapping of keys to values"),
        (
            small_with("{name: sgd, learning_rate: 0.1}", "sgd"),
            "7:3: training.optimiser: must be a mapping of keys to values, not 'sgd'",
        ),
        (small_with("stop: {epochs: 3}", "stop:"), "8:3: training.stop: must be a mapping of keys to values, not null"),
        (SMALL.replace("name: mlp", "name: mlq"), "5:3: model.name: unknown name 'mlq'; did you mean mlp?"),
        (
            SMALL.replace("name: mlp", "name: zzz"),
            f"5:3: model.name: unknown name 'zzz'; known: {', '.join(MODELS)}",
        ),
        (SMALL.replace("name: mlp", "widths: [3]"), "4:1: model.name: is required and missing"),
        (SMALL.replace("name: mlp", "name:"), f"5:3: model.name: unknown name null; known: {', '.join(MODELS)}"),
        (
            small_with("training:", "training:\n  procedure: gradiant"),
            "7:3: training.procedure: unknown procedure 'gradiant'; did you mean gradient?",
        ),
        (
            SMALL[: SMALL.index("training")] + "training: none",
            "6:1: training: must be a mapping of keys to values, not 'none'",
        ),
        (SMALL.replace("name: mlp", "name: mlp\n  widths: 3"), "6:3: model.widths: must be a list, not 3"),
        (
            SMALL.replace("name: mlp", "name: vgg\n  depth: 12"),
            "6:3: model.depth: 12 is not one of them; known: 11, 13, 16, 19",
        ),
        (SMALL.replace("name: small", "name: 3"), "1:1: name: must be a valid string, not 3"),
        (small_with("epochs: 3", "epochs: true"), "8:10: training.stop.epochs: must be a valid integer, not true"),
        (small_with("0.1", "1e999"), "7:26: training.optimiser.learning_rate: must be a finite number, not inf"),
        (
            small_with("epochs: 3}", "epochs: 3}\n  schedule: {name: step, epochs: []}"),
            "9:26: training.schedule.epochs: must have 1 or more items, not []",
        ),
        (
            small_with("epochs: 3}", "epochs: 3}\n  schedule: {name: step, epochs: [5, 2]}"),
            "9:3: training.schedule: epochs must increase",
        ),
    ],
)
def test_a_wrong_value_is_one_line_without_words_of_python(tmp_path, text, problem):
    assert problems_of(tmp_path, text) == [f"small.yaml:{problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            small_with("batch_size: 32", "batch_size: 32\n  batchsize: 3"),
            "10:3: training.batchsize: unknown key; did you mean batch_size?",
        ),
        (SMALL + "batch_size: 3\n", "10:1: batch_size: unknown key; did you mean training.batch_size?"),
        (SMALL + "corruption: 0.5\n", "10:1: corruption: unknown key; did you mean data.labels.corruption?"),
        (
            SMALL.replace("name: mlp", "name: mlp\n  learning_rate: 3"),
            "6:3: model.learning_rate: unknown key; did you mean training.optimiser.learning_rate?",
        ),
        (
            SMALL.replace("name: mlp", "name: mlp\n  depth: 3"),
            f"6:3: model.depth: unknown key; known: {', '.join(MLPConfig.model_fields)}",
        ),
        (
            small_with("epochs: 3", "epochs: 3, zzz: 1"),
            "8:21: training.stop.zzz: unknown key; known: epochs, train_error, train_loss",
        ),
        (SMALL + "<<: {seed: 1}\n", f"10:1: <<: unknown key; known: {', '.join(TrainConfig.model_fields)}"),
    ],
)
def test_an_unknown_key_comes_with_the_nearest_known_one(tmp_path, text, problem):
    assert problems_of(tmp_path, text) == [f"small.yaml:{problem}"]


def test_keys_of_another_procedure_are_unknown_and_not_offered(tmp_path):
    untrained = "training:\n  procedure: none"
    text = SMALL[: SMALL.index("training")] + untrained + "\n  batch_size: 32\nbatch_sise: 3\n"
    assert problems_of(tmp_path, text) == [
        "small.yaml:8:3: training.batch_size: unknown key; known: procedure",
        "small.yaml:9:1: batch_sise: unknown key; known: name, seed, data, model, training, execution",
    ]


def test_what_gradient_descent_needs_is_missing_also_where_it_is_not_named(tmp_path):
    for procedure in ("procedure: gradient", "precision: float32"):
        assert problems_of(tmp_path, SMALL[: SMALL.index("training")] + f"training:\n  {procedure}\n") == [
            f"small.yaml:6:1: training.{key}: is required and missing" for key in ("batch_size", "optimiser", "stop")
        ]


def test_a_key_of_a_later_branch_is_not_offered(tmp_path):
    """`beta1` is Adam's: with SGD chosen it is no known key."""
    (problem,) = problems_of(tmp_path, small_with("learning_rate: 0.1", "learning_rate: 0.1, beta1: 0.9"))
    known = "name, learning_rate, momentum, nesterov, weight_decay"
    assert problem == f"small.yaml:7:46: training.optimiser.beta1: unknown key; known: {known}"


@pytest.mark.parametrize("only", ["3", "[]", "[3]", "every", "null", "{a: b}"])
def test_a_measure_config_takes_all_or_a_list_of_names(tmp_path, only):
    with pytest.raises(ConfigError) as error:
        load(MeasureConfig, write(tmp_path, f"options: {{}}\nonly: {only}\n", "m.yaml"), kind="measure")
    (problem,) = error.value.problems
    assert str(problem).startswith(f"{tmp_path}/m.yaml:2:1: only: must be all, quick, or a list of names of measures")


@pytest.mark.parametrize("options", ["[]", "[3]", "3", "[[]]", "[{}, 1]"])
def test_options_of_a_measure_are_one_set_of_them_or_several(tmp_path, options):
    text = f"only: [pq_norm]\noptions: {{pq_norm: {options}}}\n"
    with pytest.raises(ConfigError) as error:
        load(MeasureConfig, write(tmp_path, text, "m.yaml"), kind="measure")
    (problem,) = error.value.problems
    assert str(problem).startswith(
        f"{tmp_path}/m.yaml:2:11: options.pq_norm: must be a mapping of options to values, or a list of such mappings"
    )


def test_known_keys_are_those_of_the_branches_that_are_chosen():
    chosen = {"model": {"name": "vgg"}, "training": {"optimiser": {"name": "adam"}, "schedule": {"name": "step"}}}
    keys = {".".join(map(str, path)) for path in known_keys(TrainConfig, chosen)}
    assert {"seed", "data.labels.corruption", "model.depth", "training.optimiser.beta1", "execution.keep"} <= keys
    assert not {"model.widths", "training.optimiser.momentum"} & keys
    assert "model.widths" in {".".join(map(str, path)) for path in known_keys(TrainConfig)}


@pytest.mark.parametrize(
    ("epochs", "problem"),
    [
        ("[0, 4, 2]", "10:13: execution.keep_weights_at: must rise, each epoch once, not [0, 4, 2]"),
        ("[1, 1]", "10:13: execution.keep_weights_at: must rise, each epoch once, not [1, 1]"),
        ("[0, -1]", "10:34: execution.keep_weights_at.1: must be greater than or equal to 0, not -1"),
        ("[1.5]", "10:31: execution.keep_weights_at.0: must be a valid integer, not 1.5"),
        ("[true]", "10:31: execution.keep_weights_at.0: must be a valid integer, not true"),
        ("4", "10:13: execution.keep_weights_at: must be a list, not 4"),
    ],
)
def test_epochs_whose_weights_stay_rise(tmp_path, epochs, problem):
    text = SMALL.rstrip() + f"\nexecution: {{keep_weights_at: {epochs}}}\n"
    assert problems_of(tmp_path, text) == [f"small.yaml:{problem}"]


def test_epochs_whose_weights_stay_are_a_list_in_a_file_and_an_override(tmp_path):
    text = SMALL.rstrip() + "\nexecution: {keep_weights_at: [0, 1, 10]}\n"
    path = write(tmp_path, text)
    assert load(TrainConfig, path, kind="train").config.execution.keep_weights_at == (0, 1, 10)
    changed = load(TrainConfig, path, ["execution.keep_weights_at=[3]"], kind="train").config
    assert changed.execution.keep_weights_at == (3,)
