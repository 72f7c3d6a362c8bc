"""A family of measures is a file in genlab/measures/, an input a function in genlab/measures/inputs/: nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from genlab.measures import FAMILIES, MEASURES

ROOT = Path(__file__).parents[2]
# By the order of file names it stands before the input that it needs.
INPUT = '''
from torch import Tensor

from genlab.measures.inputs.vocabulary import provides


@provides
def ambiguity(certainty: Tensor) -> Tensor:
    """How little the outputs say, `[n]`."""
    return 1 - certainty
'''
ANOTHER_INPUT = '''
from torch import Tensor

from genlab.measures.inputs.vocabulary import provides


@provides
def certainty(logits: Tensor) -> Tensor:
    """How much the outputs say, `[n]`."""
    return logits.softmax(1).amax(1)
'''
FAMILY = '''"""How little the outputs say."""

import pandas as pd
from torch import Tensor

from genlab.measures.computing.registry import measure


@measure(paper="Of one's own", equation="(1)", unit="1", cost="pass")
def mean_ambiguity(ambiguity: Tensor) -> float:
    """The mean over the training images of one less the largest probability."""
    return float(ambiguity.mean())


@measure(paper="Of one's own", equation="(2)", unit="1", cost="passes", table=True)
def ambiguities(ambiguity: Tensor) -> pd.DataFrame:
    """Of each training image one less the largest probability."""
    return pd.DataFrame({"image": range(len(ambiguity)), "ambiguity": ambiguity.tolist()})
'''
USE = """
import torch
import genlab
from genlab.measures import FAMILIES, MEASURES
from genlab.measures.computing.request import Request
from genlab.sweeps.file.measure_names import names_of

assert "ambiguity" in FAMILIES
net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
images = torch.rand(5, 1, 2, 2)
frame = genlab.measure(net, images, torch.tensor([0, 1, 2, 0, 1]), only=["mean_ambiguity", "ambiguities"])
values = [row["ambiguity"] for row in frame.attrs["tables"]["ambiguities"]]
(mean,) = frame.loc[frame["measure"] == "mean_ambiguity", "value"]
assert abs(mean - sum(values) / 5) < 1e-12
for only in ("all", "quick"):
    names = [measure.name for measure in Request.of(only).measures]
    assert names_of(only) == set(names)
    assert "mean_ambiguity" in names
    assert ("ambiguities" in names) == (only == "all")
print(genlab.__file__)
"""


@pytest.fixture
def copied(tmp_path):
    """The package with two inputs and a family more."""
    shutil.copytree(ROOT / "genlab", tmp_path / "genlab", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "genlab" / "measures" / "inputs" / "ambiguity.py").write_text(INPUT)
    (tmp_path / "genlab" / "measures" / "inputs" / "certainty.py").write_text(ANOTHER_INPUT)
    (tmp_path / "genlab" / "measures" / "ambiguity.py").write_text(FAMILY)
    return tmp_path


def ran(folder, code):
    """What python says that has this folder's genlab."""
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_a_new_file_is_a_new_family_and_a_new_input_and_no_list_is_touched(copied):
    found = ran(copied, USE)
    assert found.returncode == 0, found.stderr
    assert found.stdout == f"{copied}/genlab/__init__.py\n"


def test_a_misspelt_input_is_an_error_at_import(copied):
    family = copied / "genlab" / "measures" / "ambiguity.py"
    family.write_text(family.read_text().replace("(ambiguity: Tensor)", "(ambigiuty: Tensor)"))
    found = ran(copied, "import genlab.measures")
    assert "measure mean_ambiguity: no input named 'ambigiuty'; did you mean ambiguity?" in found.stderr
    family.unlink()
    source = copied / "genlab" / "measures" / "inputs" / "ambiguity.py"
    source.write_text(source.read_text().replace("(certainty: Tensor)", "(certianty: Tensor)"))
    found = ran(copied, "import genlab.measures")
    assert "input ambiguity: nothing provides 'certianty'; did you mean certainty?" in found.stderr


def test_every_file_of_the_folder_is_a_family():
    """What is no family lies in inputs/ or computing/."""
    assert set(FAMILIES) == {entry.family for entry in MEASURES.values()}
    assert list(FAMILIES) == sorted(FAMILIES)


def test_the_order_of_registration_does_not_depend_on_what_is_imported_first():
    code = "import genlab.measures.vc_dimension\nfrom genlab.measures import MEASURES\nprint(*MEASURES)"
    assert ran(ROOT, code).stdout.split() == list(MEASURES)
