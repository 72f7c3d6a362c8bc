"""How `genlab config check` says what a config comes to."""

from tests.cli.command import genlab


def test_a_sweep_is_a_question_and_a_row_a_scale():
    lines = genlab("config", "check", "neyshabur2017-figure4").out.splitlines()
    assert lines[0] == "sweep neyshabur2017-figure4 of neyshabur2017: 4 figures, 12 claims"
    assert lines[1].startswith("As a two-layer perceptron grows wider")
    found = [line.split()[:3] for line in lines[3:]]
    assert found == [["smoke", "9", "3"], ["laptop", "21", "3"], ["paper", "55", "5"]]


def test_a_measure_config_is_the_names_with_the_options_that_are_set(tmp_path):
    (tmp_path / "m.yaml").write_text("only: [margin_median]\nat_epochs: true\n")
    found = genlab("config", "check", tmp_path / "m.yaml")
    assert found.out == "measure config: 1 measure, also at the epochs whose weights a run kept\n  margin_median\n"


def test_a_compress_config_is_its_settings():
    lines = genlab("config", "check", "svd").out.splitlines()
    assert lines[0] == "compress config: 10 settings"
    assert lines[2].split() == ["svd_truncation", "energy=0.5"]
