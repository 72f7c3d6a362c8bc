"""What the cells of a sweep must have when it is done."""

import subprocess
import sys

import pytest

from genlab.errors import ConfigError
from genlab.measures import MEASURES
from genlab.sweeps.file.grid import load_sweep
from genlab.sweeps.file.passes import sweep_passes, wanted
from genlab.sweeps.plan import DONE, FAILED, MISSING, RESUMABLE, RUNNING, UNMEASURED, PlannedCell
from tests.sweeps.examples import loaded, small, sweep_file

PQ_3 = ("pq_norm", '{"p":3.0}')
ONLY = "only: [log_l2_norm, parameter_count]"


def refused(folder, changes):
    with pytest.raises(ConfigError) as caught:
        sweep_passes(loaded(folder, changes))
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


def test_every_measure_that_is_asked_for_needs_a_row(tmp_path):
    passes = sweep_passes(loaded(tmp_path)).expected()
    assert passes.measures == {("log_l2_norm", ""), ("parameter_count", "")}
    assert passes.settings == frozenset()


def test_all_stands_for_every_measure_there_is(tmp_path):
    assert {name for name, _ in sweep_passes(loaded(tmp_path, {ONLY: "only: all"})).expected().measures} == set(
        MEASURES
    )


def test_quick_stands_for_those_that_take_no_more_than_a_pass_or_two(tmp_path):
    passes = sweep_passes(loaded(tmp_path, {ONLY: "only: quick"}))
    assert passes.names == {name for name, measure in MEASURES.items() if measure.quick}
    assert {name for name, _ in passes.expected().measures} == passes.names


def test_what_is_measured_has_its_options_and_no_others(tmp_path):
    changes = {
        ONLY: "only: [log_l2_path_norm, pq_norm, log_l2_norm]\n"
        "  options: {log_l2_path_norm: {max_pool: sum}, pq_norm: {p: 3}}"
    }
    request = sweep_passes(loaded(tmp_path, changes)).request({PQ_3, ("log_l2_norm", "")})
    assert [(one.measure.name, one.options) for one in request.asked] == [("pq_norm", {"p": 3.0}), ("log_l2_norm", {})]


def test_of_several_sets_of_options_each_needs_a_row_and_what_lacks_is_measured(tmp_path):
    passes = sweep_passes(loaded(tmp_path, {ONLY: "only: [pq_norm]\n  options: {pq_norm: [{}, {p: 3}]}"}))
    assert passes.expected().measures == {("pq_norm", ""), PQ_3}
    assert [one.options for one in passes.request({PQ_3}).asked] == [{"p": 3.0}]
    assert refused(tmp_path, {ONLY: "only: [pq_norm]\n  options: {pq_norm: [{}, {r: 3}]}"}) == [
        "small.yaml:17:28: pq_norm.1.r: pq_norm has no such option; known: p, q"
    ]


def test_options_count_as_they_stand_in_the_rows(tmp_path):
    changes = {
        ONLY: "only: [log_l2_path_norm]\n"
        "  options: {log_l2_path_norm: {max_pool: sum}, log_l1_path_norm: {max_pool: sum}}"
    }
    assert sweep_passes(loaded(tmp_path, changes)).expected().measures == {("log_l2_path_norm", '{"max_pool":"sum"}')}
    default = {ONLY: "only: [log_l2_path_norm]\n  options: {log_l2_path_norm: {max_pool: max}}"}
    assert sweep_passes(loaded(tmp_path, default)).expected().measures == {("log_l2_path_norm", "")}


def test_every_setting_of_a_compression_needs_a_row(tmp_path):
    changes = {"scales": "compress: {methods: [{name: svd_truncation, rank: [1, 2]}]}\nscales"}
    assert sweep_passes(loaded(tmp_path, changes)).expected().settings == {
        ("svd_truncation", "rank=1"),
        ("svd_truncation", "rank=2"),
    }


KEPT = {"threads: 1": "threads: 1, keep_weights_at: [0, 2]"}


def test_rows_are_at_epochs_where_the_pass_says_so(tmp_path):
    plain = sweep_passes(loaded(tmp_path, KEPT)).expected()
    assert (plain.measures_at_epochs, plain.settings_at_epochs) == (False, False)
    measure = sweep_passes(loaded(tmp_path, KEPT | {ONLY: f"{ONLY}\n  at_epochs: true"})).expected()
    assert (measure.measures_at_epochs, measure.settings_at_epochs) == (True, False)
    svd = "compress: {at_epochs: true, methods: [{name: svd_truncation, rank: [1]}]}\nscales"
    compress = sweep_passes(loaded(tmp_path, KEPT | {"scales": svd})).expected()
    assert (compress.measures_at_epochs, compress.settings_at_epochs) == (False, True)


def test_passes_at_epochs_need_weights_that_are_kept_there(tmp_path):
    (line,) = refused(tmp_path, {ONLY: f"{ONLY}\n  at_epochs: true"})
    assert "measure.at_epochs: no weights are kept at epochs; list them in the base, as execution: {keep_w" in line


def test_a_sweep_without_passes_needs_none(tmp_path):
    passes = sweep_passes(loaded(tmp_path, {"measure:\n  only: [log_l2_norm, parameter_count]\n": ""}))
    assert not passes.measures
    assert passes.expected().measures == frozenset()


def test_an_unknown_measure_is_told_with_its_place_and_the_nearest_name(tmp_path):
    lines = refused(tmp_path, {ONLY: "only: [log_l2_nrom, parameter_count]"})
    assert lines == ["small.yaml:16:10: log_l2_nrom: no measure of this name; did you mean log_l2_norm?"]


def test_unknown_options_and_values_of_measures_are_told_with_their_places(tmp_path):
    options = "\n  options:\n    log_l2_path_norm: {max_pool: 3, depth: 1}\n    log_l2_pth_norm: {}"
    lines = refused(tmp_path, {ONLY: ONLY + options})
    assert [line.split(": ")[:2] for line in lines] == [
        ["small.yaml:19:5", "log_l2_pth_norm"],
        ["small.yaml:18:24", "log_l2_path_norm.max_pool"],
        ["small.yaml:18:37", "log_l2_path_norm.depth"],
    ]


def test_a_setting_that_is_there_twice_is_told_with_its_place(tmp_path):
    methods = (
        "compress:\n  methods:\n    - {name: svd_truncation, rank: 1}\n    - {name: svd_truncation, rank: 1}\nscales"
    )
    lines = refused(tmp_path, {"scales": methods})
    assert lines == ["small.yaml:20:7: methods.1: svd_truncation with rank=1 is there twice"]


def test_a_plan_imports_no_torch(tmp_path):
    code = (
        "import sys; from pathlib import Path; from genlab.sweeps.file.grid import load_sweep\n"
        "from genlab.sweeps.file.passes import sweep_plan, sweep_passes\n"
        "s = load_sweep(sys.argv[1], 'smoke'); none = Path('none')\n"
        "sweep_plan(s, sweep_passes(s), runs=none, data_dir=none)\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, sweep_file(tmp_path)], check=False).returncode == 0


def test_what_is_worked_on_is_all_that_is_neither_done_nor_failed_or_what_is_asked_for(tmp_path):
    cell = loaded(tmp_path).cells[0]
    every = (DONE, UNMEASURED, FAILED, RESUMABLE, RUNNING, MISSING)
    planned = [PlannedCell(cell, None, state) for state in every]
    assert [p.state for p in wanted(planned, None)] == [UNMEASURED, RESUMABLE, RUNNING, MISSING]
    assert [p.state for p in wanted(planned, "failed")] == [FAILED]
    assert [p.state for p in wanted(planned, "missing")] == [MISSING]


CLAIM = "claims:\n  - id: one\n    says: So it is.\n"
HIGHER = f"{CLAIM}    kind: higher\n    column: final.test_error\n"


# From what a claim says to the problem and its place.
@pytest.mark.parametrize(
    ("conditions", "line"),
    [
        (
            "    a: {model.widths: [4]}\n    b: {model.widths: [16]}\n",
            "23:5: claims.0.b: no cell has model.widths=16; they have 4, 8",
        ),
        (
            "    a: {model.widths: [5]}\n    b: {model.widths: [8]}\n",
            "22:5: claims.0.a: no cell has model.widths=5; they have 4, 8",
        ),
        (
            "    a: {model.widths: {place: last}}\n    b: {model.widths: {place: first}}\n    where:\n"
            "      data.train_size: {at_least: 61}\n",
            "24:5: claims.0.where: no cell has data.train_size of at least 61; they have 60",
        ),
        (
            "    a: {model.widths: {at_least: 9}}\n    b: {model.widths: {at_most: 4}}\n",
            "22:5: claims.0.a: no cell has model.widths of at least 9; they have 4, 8",
        ),
        (
            "    a: {model.widths: {at_least: 4}}\n    b: {model.widths: 4}\n",
            "23:5: claims.0.b: a row can be in a and in b; give both the same column with different values",
        ),
        (
            "    where: {model.depth: 11}\n    a: {model.widths: 8}\n    b: {model.widths: 4}\n",
            "22:5: claims.0.where: no cell has model.depth",
        ),
    ],
)
def test_a_claim_about_no_cell_is_refused_with_its_place(tmp_path, conditions, line):
    assert refused(tmp_path, {"scales": f"{HIGHER}{conditions}scales"}) == [f"small.yaml:{line}"]


def test_claims_about_ranges_and_places_of_the_cells_are_taken(tmp_path):
    claims = (
        f"{HIGHER}    a: {{model.widths: {{place: last}}}}\n    b: {{model.widths: {{place: first}}}}\n"
        "  - {id: two, says: b, kind: increasing, column: final.test_error, over: model.widths,\n"
        "     where: {model.widths: {at_least: 4}, data.labels.corruption: true}}\n"
    )
    assert sweep_passes(loaded(tmp_path, {"scales": f"{claims}scales"})).names


def test_a_published_table_or_series_that_there_is_not_is_refused_with_its_place_and_the_nearest(tmp_path):
    published = (
        "published:\n  - file: neyshabur2017-figure4-lef\n    series:\n      a: {column: final.test_error}\n"
        "  - file: neyshabur2017-figure4-left\n    x: model.widths\n    series:\n"
        "      train_error: {column: final.train_error}\n      test_eror: {column: final.test_error}\n"
    )
    first, second = refused(tmp_path, {"scales": f"{published}scales"})
    assert first == (
        "small.yaml:18:5: published.0.file: no published table of the name 'neyshabur2017-figure4-lef'; "
        "did you mean neyshabur2017-figure4-left?"
    )
    assert second == (
        "small.yaml:25:7: published.1.series.test_eror: there is no series 'test_eror' in neyshabur2017-figure4-left; "
        "did you mean test_error?"
    )


AT_SCALE = "only: [pq_norm, log_l2_norm]\n  options: {pq_norm: {p: 3}}"


def test_a_scale_replaces_the_keys_of_a_pass_that_it_names_and_no_others(tmp_path):
    asked = {ONLY: AT_SCALE, "smoke: {}": "smoke: {}\n  small:\n    measure: {options: {pq_norm: {p: 4}}}"}
    assert sweep_passes(loaded(tmp_path, asked)).expected().measures == {PQ_3, ("log_l2_norm", "")}
    at_small = sweep_passes(load_sweep(str(tmp_path / "small.yaml"), "small")).expected()
    assert at_small.measures == {("pq_norm", '{"p":4.0}'), ("log_l2_norm", "")}


def test_a_scale_may_bring_a_pass_that_the_file_does_not_have(tmp_path):
    bounds = {"smoke: {}": "smoke: {bounds: {only: [frobenius]}}\n  small: {}"}
    assert sweep_passes(loaded(tmp_path, bounds)).expected().bounds == {("frobenius", "")}
    assert not sweep_passes(load_sweep(str(tmp_path / "small.yaml"), "small")).expected().bounds


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("measure: {options: {pq_norm: {r: 3}}}", "options: pq_norm.r: pq_norm has no such option; known: p, q"),
        ("bounds: {only: [frobenios]}", "frobenios: no bound of this name; did you mean frobenius?"),
        ("compress: {methods: [{name: magnitude_pruning}]}", "magnitude_pruning needs"),
        ("measure: {only: [pq_norn]}", "pq_norn: no measure of this name; did you mean pq_norm?"),
    ],
)
def test_what_is_wrong_in_a_pass_of_a_scale_is_told_where_it_stands_there(tmp_path, section, line):
    (found,) = refused(tmp_path, {"smoke: {}": f"smoke:\n    {section}"})
    assert found.startswith("small.yaml:19:"), found
    assert line.rpartition(": ")[2] in found


def test_what_is_wrong_in_the_file_is_told_there_though_a_scale_replaces_other_keys(tmp_path):
    changes = {ONLY: "only: [pq_norn]", "smoke: {}": "smoke:\n    measure: {options: {pq_norm: {p: 3}}}"}
    assert refused(tmp_path, changes) == ["small.yaml:16:10: pq_norn: no measure of this name; did you mean pq_norm?"]


def test_a_scale_may_name_one_key_of_compression_and_take_a_pass_away(tmp_path):
    text = small({"scales:": "compress:\n  methods: [{name: svd_truncation, rank: 1}]\nscales:"})
    (tmp_path / "small.yaml").write_text(
        f"{text}  kept: {{compress: {{at_epochs: false}}}}\n  none: {{measure: null}}\n"
    )
    passes = {
        scale: sweep_passes(load_sweep(str(tmp_path / "small.yaml"), scale)).expected() for scale in ("kept", "none")
    }
    assert passes["kept"].settings == passes["none"].settings == {("svd_truncation", "rank=1")}
    assert passes["kept"].measures
    assert not passes["none"].measures
