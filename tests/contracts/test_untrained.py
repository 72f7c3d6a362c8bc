"""A claim says something of training: none that comes with genlab holds for nets that were never trained."""

import re

import pytest
import yaml

from genlab.claims.verdicts import check_claims
from genlab.config.load import CONFIG_ROOTS
from genlab.sweeps.file.grid import find_sweeps, load_sweep
from genlab.sweeps.file.passes import sweep_passes
from genlab.sweeps.results import SweepTables
from genlab.sweeps.run import collect
from tests.cli.command import genlab

STEPS = {"max_sharpness": {"steps": 4}, "max_sharpness_sga": {"steps": 4}}
SLOW = ("hessian_", "sharpness_", "pac_bayes_", "gradient_noise")  # of the zoo, whose claims these do not concern here
PROCEDURE = "training.procedure"
# What the paper says has no effect has none on nets that are not trained either. These can fail of nets that are.
NO_EFFECT = {
    ("feng2023-batch-size", "size-stays"),
    ("feng2023-learning-rate", "size-stays"),
    ("feng2023-initial-scale", "sharpness-stays"),
}


def untrained(name, folder):
    """A packaged sweep at smoke scale with three seeds and nets as they were initialised."""
    content = yaml.safe_load((CONFIG_ROOTS[0] / "sweeps" / f"{name}.yaml").read_text(encoding="utf-8"))
    smoke = content["scales"]["smoke"]
    smoke["seeds"] = [0, 1, 2]
    smoke.setdefault("base", {})["training"] = {"procedure": "none"}
    content["base"]["training"] = {"procedure": "none"}
    grid = content.get("grid", {})
    content["grid"] = {key: values for key, values in grid.items() if not key.startswith("training.")}
    smoke["grid"] = {key: values for key, values in smoke.get("grid", {}).items() if key in content["grid"]}
    claimed = {column(claim) for claim in content["claims"]} - {""}
    measured = [m for m in content["measure"]["only"] if m in claimed and not m.startswith(SLOW)]
    options = content["measure"].get("options", {}) | STEPS
    content["measure"] = {"only": measured or ["parameter_count"]}
    content["measure"]["options"] = {m: options[m] for m in measured if m in options}
    content["claims"] = [claim for claim in content["claims"] if column(claim) in {"", *measured}]
    for claim in content["claims"]:
        measure = column(claim)
        options_of = STEPS.get(measure)
        claim["column"] = f"measure.{measure}[steps={options_of['steps']}]" if options_of else claim["column"]
    content["figures"], content["published"] = [], []
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def kept_at_its_weights(name, folder):
    """A packaged sweep at smoke scale with three seeds and a learning rate that moves no weight by a rounding.

    For those whose claims are of settings of the training, or of other passes than measuring, which `untrained` leaves
    away.
    """
    content = yaml.safe_load((CONFIG_ROOTS[0] / "sweeps" / f"{name}.yaml").read_text(encoding="utf-8"))
    smoke = content["scales"]["smoke"]
    smoke["seeds"] = [0, 1, 2]
    # Some take what is there after ten epochs or more.
    along = re.search(r"'at_least': \d\d", str(content.get("derived", {})))
    stop = {"epochs": smoke["base"]["training"]["stop"]["epochs"] if along else 2}
    without_a_rate(content)
    content["base"]["training"]["stop"] = smoke["base"]["training"]["stop"] = stop
    content["figures"], content["published"] = [], []
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def without_a_rate(part):
    """Put the smallest rates in place of all in a part of a file."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        if str(key).endswith("learning_rate") and not isinstance(value, dict):
            part[key] = [1e-30 * (n + 1) for n in range(len(value))] if isinstance(value, list) else 1e-30
        elif isinstance(value, dict | list):
            without_a_rate(value)


def column(claim):
    """The measure that a claim is of, as a number or a table; empty where it is of none."""
    if claim.get("table", "").startswith("measures/"):
        return claim["table"].removeprefix("measures/")
    return claim["column"].removeprefix("measure.").partition("[")[0] if claim["column"].startswith("measure.") else ""


def of_training(content):
    """Whether claims compare settings of the training, which nets as initialised do not have."""
    axes = [key for key in content.get("grid", {}) if key.startswith("training.") and key != PROCEDURE]
    return any(axis in str(claim) for axis in axes for claim in content["claims"])


def about_training(claims):
    """Without those that compare trained nets with untrained ones themselves."""
    return [claim for claim in claims if not {PROCEDURE} & {key for side in ("a", "b") for key in claim.get(side, {})}]


@pytest.mark.parametrize("name", find_sweeps())
def test_no_claim_holds_for_nets_that_were_never_trained(name, tmp_path):
    content = yaml.safe_load((CONFIG_ROOTS[0] / "sweeps" / f"{name}.yaml").read_text(encoding="utf-8"))
    if not about_training(content["claims"]):
        pytest.skip("its claims compare trained nets with untrained ones")
    if content["base"]["training"].get("procedure") in ("construct", "interpolate"):
        pytest.skip("its nets are made without training")
    whole = {"derived", "measure"} & set(content) != {"measure"} or of_training(content)
    path = kept_at_its_weights(name, tmp_path) if whole else untrained(name, tmp_path)
    found = genlab("sweep", path, "--scale", "smoke", "--runs", tmp_path / "runs", "-q")
    assert found.code == 0, found.err
    sweep = load_sweep(str(path), "smoke")
    outcome = collect(sweep, sweep_passes(sweep), runs=tmp_path / "runs", data_dir=tmp_path)
    tables = SweepTables(outcome.planned, sweep.config.derived)
    verdicts = check_claims(sweep.config.claims, tables, sweep.axes)
    assert [one.id for one in verdicts if one.verdict == "holds" and (name, one.id) not in NO_EFFECT] == []
