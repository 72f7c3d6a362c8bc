"""`genlab measure`."""

import json
import shutil

import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import nn

import genlab as package
from genlab.rundir.layout import RunDirectory
from genlab.rundir.run_tables import table_rows
from tests.cli.command import genlab, refused
from tests.rundir.examples import train


def test_measures_go_to_the_terminal_and_to_the_file(runs, tiny):
    found = genlab("measure", "tiny", "--runs", runs, "--config", "norms")
    assert found.code == 0
    assert found.err == f"measuring {tiny}\n"
    assert found.out.splitlines()[0] == str(tiny)
    table = pd.read_csv(tiny / "measures.csv")
    assert set(table["measure"]) >= {"margin_5th_percentile", "log_l2_path_norm"}
    assert all(name in found.out for name in table["measure"])


def test_json_has_the_rows_of_each_run(runs, tiny):
    found = genlab("measure", tiny, "--runs", runs, "--only", "parameter_count,weight_count", "--json")
    (first,) = json.loads(found.out)
    assert first["path"] == str(tiny)
    assert first["id"] == tiny.name.rpartition("-")[2]
    assert [row["measure"] for row in first["rows"]] == ["parameter_count", "weight_count"]
    assert first["rows"][0]["value"] == 64 * 16 + 16 + 16 * 10 + 10


def test_quiet_prints_the_file(runs, tiny):
    found = genlab("measure", "tiny", "--runs", runs, "--only", "parameter_count", "-q")
    assert (found.code, found.out, found.err) == (0, f"{tiny}/measures.csv\n", "")


def test_measuring_again_replaces_the_rows_of_a_measure_and_keeps_the_others(runs, tiny):
    genlab("measure", "tiny", "--runs", runs, "--only", "parameter_count,margin_median")
    path = tiny / "measures.csv"
    before = path.read_text().splitlines()
    path.write_text("\n".join(before[:1] + [line.replace(",1210.0,", ",-1.0,") for line in before[1:]]) + "\n")
    assert genlab("measure", "tiny", "--runs", runs, "--only", "parameter_count").code == 0
    after = path.read_text().splitlines()
    assert len(after) == len(before)
    assert [line for line in after if "margin_median" in line] == [line for line in before if "margin_median" in line]
    assert not any("-1.0" in line for line in after)


def test_options_of_a_measure_come_from_a_file_and_are_written_with_its_rows(runs, tiny, tmp_path):
    config = tmp_path / "m.yaml"
    config.write_text("only: [log_l2_path_norm]\noptions: {log_l2_path_norm: {max_pool: sum}}\n")
    assert genlab("measure", "tiny", "--runs", runs, "--config", config).code == 0
    assert genlab("measure", "tiny", "--runs", runs, "--only", "log_l2_path_norm").code == 0
    options = pd.read_csv(tiny / "measures.csv")["options"].fillna("").tolist()
    assert [json.loads(text or "{}") for text in options] == [{"max_pool": "sum"}, {}]


def test_steps_to_a_loss_are_read_from_the_history_of_the_run(runs, tiny, tmp_path):
    history = pd.read_csv(tiny / "history.csv")
    loss = float(history["train_loss"].iloc[-1])
    config = tmp_path / "m.yaml"
    config.write_text(f"only: [steps_to_loss]\noptions: {{steps_to_loss: {{loss: {loss + 1e-9:.12f}}}}}\n")
    assert genlab("measure", "tiny", "--runs", runs, "--config", config).code == 0
    expected = history[history["train_loss"] <= loss + 1e-9]["step"].iloc[0]
    assert pd.read_csv(tiny / "measures.csv")["value"].tolist() == [expected]
    (tiny / "history.csv").unlink()
    assert genlab("measure", "tiny", "--runs", runs, "--only", "steps_to_loss,parameter_count").code == 0
    rows = pd.read_csv(tiny / "measures.csv").set_index("measure")
    assert rows["reason"].dropna().tolist() == ["this run has no history of its training"]
    assert rows.loc["parameter_count", "value"] > 0


def test_layers_are_names_and_not_numbers(runs, tiny):
    names = "frobenius_norm,parameter_count,incoming_norms"
    assert genlab("measure", "tiny", "--runs", runs, "--only", names).code == 0
    run = package.load_run(tiny)
    norms = run.measures[run.measures["measure"] == "frobenius_norm"]
    assert norms["layer"].tolist() == ["1", "3"]
    assert set(norms["layer"]) <= dict(run.model.named_modules()).keys()
    assert run.measures["options"].tolist() == [""] * 4
    assert set(run.measure_table("incoming_norms")["layer"]) == {"1", "3"}
    table = package.load_runs(runs)
    assert table["measure.parameter_count"].dropna().tolist() == [64 * 16 + 16 + 16 * 10 + 10]


@pytest.fixture(scope="module")
def kept_runs(tmp_path_factory):
    """A directory with a run that kept its weights at three epochs."""
    runs = tmp_path_factory.mktemp("kept") / "runs"
    train(runs, "execution.keep_weights_at=[0,1,3]", epochs=3)
    return runs


@pytest.fixture
def kept(kept_runs, tmp_path):
    runs = shutil.copytree(kept_runs, tmp_path / "kept")
    return RunDirectory(next(runs.glob("tiny-*")))


def test_at_epochs_a_run_is_measured_along_its_training_and_at_its_end(kept):
    runs = kept.path.parent
    found = genlab("measure", "tiny", "--runs", runs, "--only", "frobenius_norm,margin_distribution", "--at-epochs")
    assert found.code == 0
    assert found.out.splitlines()[1].split()[:4] == ["measure", "layer", "epoch", "value"]
    rows = [row for row in table_rows(kept, "measures") if row["layer"]]
    assert [(row["epoch"], row["layer"]) for row in rows] == [
        (epoch, layer) for epoch in (0, 1, 3, None) for layer in ("1", "3")
    ]
    run = package.load_run(kept.path)
    for row in rows:
        weight = run.model_at(row["epoch"]).get_submodule(row["layer"]).weight.detach()
        assert row["value"] == pytest.approx(float(weight.double().norm()), rel=1e-6)
    assert len({row["value"] for row in rows if row["layer"] == "1"}) == 3, "the last epoch is the end"
    margins = table_rows(kept, "measures/margin_distribution")
    assert [row["epoch"] for row in margins] == [epoch for epoch in (0, 1, 3, None) for _ in range(101)]


def test_measuring_the_end_again_keeps_the_rows_of_epochs_and_the_other_way_round(kept):
    arguments = ("measure", "tiny", "--runs", kept.path.parent, "--only", "parameter_count,margin_distribution")
    assert genlab(*arguments).code == 0
    assert {row["epoch"] for row in table_rows(kept, "measures")} == {None}
    assert genlab(*arguments, "--at-epochs").code == 0
    before = {name: table_rows(kept, name) for name in ("measures", "measures/margin_distribution")}
    assert genlab(*arguments).code == 0
    for name, rows in before.items():
        after = table_rows(kept, name)
        assert len(after) == len(rows)
        assert [row for row in after if row["epoch"] is not None] == [row for row in rows if row["epoch"] is not None]
    assert genlab("runs", "diff", "tiny", kept.run_id, "--runs", kept.path.parent).out == "no difference\n"


def test_a_measure_config_may_ask_for_epochs_too(kept, tmp_path):
    config = tmp_path / "m.yaml"
    config.write_text("only: [parameter_count]\nat_epochs: true\n")
    found = genlab("measure", "tiny", "--runs", kept.path.parent, "--config", config, "--json")
    assert [row["epoch"] for row in json.loads(found.out)[0]["rows"]] == [0, 1, 3, None]


def test_a_run_without_final_weights_is_measured_at_its_epochs_alone(tmp_path):
    train(tmp_path, "execution.keep_weights_at=[0,1]", "execution.keep=none")
    arguments = ("measure", "tiny", "--runs", tmp_path, "--only", "frobenius_distance", "--json")
    found = genlab(*arguments, "--at-epochs")
    rows = json.loads(found.out)[0]["rows"]
    assert {row["epoch"] for row in rows} == {0, 1}
    assert all(row["value"] == 0 for row in rows if row["epoch"] == 0), "distances from the weights at epoch 0"
    assert all(row["value"] > 0 for row in rows if row["epoch"] == 1)
    refused(genlab(*arguments), 1, "final.safetensors: was not kept")


def test_a_run_that_kept_no_weights_says_how_to_get_them(runs, tiny):
    found = genlab("measure", "tiny", "--runs", runs, "--only", "parameter_count", "--at-epochs")
    refused(found, 1, f"{tiny}: keeps no weights at epochs; `genlab train {tiny} --force execution.keep_weights_at=[")
    assert not (tiny / "measures.csv").exists()


def test_a_net_of_ones_own_has_no_epochs(net):
    refused(genlab("measure", *net, "--at-epochs"), 2, "--at-epochs is of runs")


def test_a_mistyped_measure_is_told_with_the_nearest(runs, tiny):
    found = genlab("measure", "tiny", "--runs", runs, "--only", "log_l2_path_nrom")
    refused(found, 2, "--only", "log_l2_path_nrom", "did you mean log_l2_path_norm?")
    assert not (tiny / "measures.csv").exists()


def test_a_mistyped_option_is_told_where_it_stands(runs, tmp_path):
    config = tmp_path / "m.yaml"
    config.write_text("options:\n  log_l2_path_norm: {max_pol: sum}\n")
    found = genlab("measure", "tiny", "--runs", runs, "--config", config)
    refused(found, 2, f"{config}:2:22: log_l2_path_norm.max_pol", "did you mean max_pool?")


NET = """
from torch import nn

def perceptron():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
"""


@pytest.fixture
def net(tmp_path, tiny):
    """The net of the finished run as one of somebody else's: its weights under the names that torch gives them."""
    (tmp_path / "net.py").write_text(NET)
    stored = load_file(tiny / "final.safetensors")
    names = ("1.weight", "1.bias", "3.weight", "3.bias")
    save_file(
        dict(zip(names, (stored[name] for name in sorted_by_layer(stored)), strict=True)), tmp_path / "w.safetensors"
    )
    return ("--model", f"{tmp_path}/net.py:perceptron", "--weights", tmp_path / "w.safetensors", "--data", "digits")


def sorted_by_layer(stored):
    """Weight before bias, first layer before second."""
    return sorted(stored, key=lambda name: (name.rpartition(".")[0], name.endswith("bias")))


def test_a_net_of_ones_own_gives_the_numbers_of_the_run_that_it_is(runs, tiny, net):
    names = "log_l2_path_norm,margin_median,layer_hessian_trace,hessian_top_eigenvalue"
    assert genlab("measure", "tiny", "--runs", runs, "--only", names).code == 0
    expected = pd.read_csv(tiny / "measures.csv").set_index(["measure", "layer"])["value"]
    config = yaml.safe_load((tiny / "config.yaml").read_text())
    changes = [f"seed={config['seed']}", f"data.train_size={config['data']['train_size'] or 1347}"]
    found = genlab("measure", *changes, *net, "--only", names, "--json")
    assert (found.code, found.err.splitlines()[0].split()[0]) == (0, "measuring")
    rows = json.loads(found.out)["rows"]
    assert [row["value"] for row in rows] == pytest.approx(expected.tolist(), rel=1e-6)


def test_a_net_of_ones_own_is_shown_and_written(tmp_path, net):
    names = "frobenius_norm,margin_distribution"
    found = genlab("measure", *net, "data.train_size=50", "--only", names, "--output", tmp_path / "out" / "net")
    assert found.code == 0
    assert "net.py:perceptron with" in found.out
    written = RunDirectory(tmp_path / "out" / "net")
    assert [row["layer"] for row in table_rows(written, "measures")] == ["1", "3", ""]
    assert len(table_rows(written, "measures/margin_distribution")) == 101
    quiet = genlab("measure", *net, "data.train_size=50", "--only", names, "--output", tmp_path / "out" / "net", "-q")
    assert (quiet.out, quiet.err) == (f"{tmp_path}/out/net/measures.csv\n", "")


def test_curves_of_a_net_of_ones_own_are_in_the_json(net):
    names = "margin_distribution,layer_hessian_spectral_density"
    found = genlab("measure", *net, "data.train_size=50", "--only", names, "--json")
    tables = json.loads(found.out)["tables"]
    assert len(tables["margin_distribution"]["percentile"]) == 101
    assert set(tables["layer_hessian_spectral_density"]["layer"]) == {"1", "3"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "measure what? A RUN, or --model FILE.py:FUNCTION with --weights FILE and --data NAME"),
        (("--model", "net.py:f"), "--model needs --weights FILE too"),
        (("--model", "net.py:f", "--weights", "w.pt"), "--model needs --data NAME too"),
        (("--model", "net.py:f", "--weights", "w.pt", "--data", "digits"), "there is no file net.py"),
        (("tiny", "--weights", "w.pt"), "--weights belongs to --model FILE.py:FUNCTION"),
        (("tiny", "--output", "x"), "--output belongs to --model FILE.py:FUNCTION"),
    ],
)
def test_a_net_named_in_part_is_refused(arguments, problem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(genlab("measure", *arguments), 2, problem)


OWN = """
from torch import nn
import torch.nn.functional as F

def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 10))

def smoothed(outputs, labels):
    return F.cross_entropy(outputs, labels, label_smoothing=0.1)
"""


@pytest.fixture
def own_net(tmp_path):
    """A function, and a file with two nets under names of their own."""
    (tmp_path / "net.py").write_text(OWN)
    torch.manual_seed(0)
    nets = {name: nn.Sequential(nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 10)) for name in ("a", "b")}
    torch.save({name: net.state_dict() for name, net in nets.items()}, tmp_path / "two.pt")
    return tmp_path


def measured_net(folder, *more, only="margin_median"):
    found = genlab(
        *("measure", "--model", f"{folder}/net.py:build", "--weights", folder / "two.pt", "--data", "digits"),
        *("--only", only, "--json", *more),
    )
    assert found.code == 0, found.err
    (row,) = json.loads(found.out)["rows"]
    return row["value"], row["reason"], found.err


def test_of_several_nets_in_a_file_a_key_chooses_and_which_was_taken_is_said(own_net):
    folder = own_net
    first, _, said = measured_net(folder, "data.normalisation=none")
    assert "the weights at a are taken; --key chooses among it and b" in said
    second, _, said = measured_net(folder, "data.normalisation=none", "--key", "b")
    assert "taken" not in said
    assert (first, second) != (second, first)
    found = genlab("measure", "--model", f"{folder}/net.py:build", "--weights", folder / "two.pt", "--data", "digits",
                   "--key", "c")  # fmt: skip
    refused(found, 2, "has no net at --key c; there is a, b")


def test_what_python_says_of_images_and_loss_the_command_line_says_too(own_net):
    folder = own_net
    plain, _, _ = measured_net(folder, "data.normalisation=none")
    same, _, _ = measured_net(folder, "--normalisation", "0/1")
    assert same == pytest.approx(plain, rel=1e-12)
    halved, _, _ = measured_net(folder, "--normalisation", "0/2")
    assert halved != pytest.approx(plain, rel=1e-3)
    for wrong in ("0", "a/1", "0/0", "0,0/1,1"):
        own = ("--model", f"{folder}/net.py:build", "--weights", folder / "two.pt", "--key", "a", "--data", "digits")
        found = genlab("measure", *own, "--normalisation", wrong)
        assert found.code == 2
        assert found.err.splitlines()[-1].startswith(f"genlab: --normalisation {wrong}: ")
    _, reason, _ = measured_net(folder, "--loss", f"{folder}/net.py:smoothed", only="max_sharpness")
    assert "another loss was given" in reason
    refused(genlab("measure", "x", "--loss", "net.py:smoothed"), 2, "--loss belongs to --model")
