"""New configs run as they are, on images that come along, and their comments name commands that can be typed."""

import json
import re

import pytest
import yaml

from genlab.config.kinds import KINDS
from genlab.config.new import template
from tests.cli.command import genlab
from tests.contracts.documents import DOCUMENTS, files, problems_of_command
from tests.contracts.test_commands import COMMAND_LINE


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with one of each kind, named after its kind."""
    folder = tmp_path_factory.mktemp("new")
    for kind in KINDS:
        assert genlab("config", "new", kind, folder / f"{kind}.yaml").code == 0
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_right_and_its_comments_name_commands_that_can_be_typed(kind, written):
    found = genlab("config", "check", written / f"{kind}.yaml")
    assert (found.code, found.err) == (0, "")
    text = template(kind)
    told = re.findall(r"^# genlab (.*)$|`genlab ([^`]*)`|: genlab (.*)$", text, re.MULTILINE)
    commands = [words for found in told for words in found if words]
    assert commands
    assert not [problem for words in commands for problem in problems_of_command(words.split(), COMMAND_LINE)]


def test_the_page_shows_the_sweep_that_is_written_and_it_takes_under_ten_lines_beside_its_base():
    shown = files(DOCUMENTS["configs/sweeps/README.md"])["my-sweep.yaml"]
    assert yaml.safe_load(shown) == yaml.safe_load(template("sweep"))
    base, _, rest = shown.partition("\ngrid:")
    assert len(base.splitlines()) == 8
    assert len(rest.splitlines()) + 1 < 10


def test_a_net_is_trained_measured_and_compressed(written):
    ending = ("--runs", written / "runs", "-q", "--json")
    trained = json.loads(genlab("train", written / "train.yaml", *ending).out)
    assert (trained["status"], trained["final"]["train_error"]) == ("finished", 0)
    (measured,) = json.loads(genlab("measure", "train", "--config", written / "measure.yaml", *ending).out)
    assert all(row["value"] is not None for row in measured["rows"])
    (compressed,) = json.loads(genlab("compress", "train", "--config", written / "compress.yaml", *ending).out)
    assert len(compressed["rows"]) == 6, "the net itself and five settings"


def test_a_question_comes_to_a_verdict(written):
    runs = ("--runs", written / "runs")
    assert genlab("sweep", written / "sweep.yaml", *runs, "-q").code == 0
    found = genlab("report", written / "sweep.yaml", *runs, "--check")
    assert found.code == 0, found
    for line in re.search(r"```text\n(verdict  claim.*?)```", DOCUMENTS["configs/sweeps/README.md"], re.DOTALL)[
        1
    ].splitlines():
        words = [word for word in line.split() if not re.search(r"\d", word)]
        assert all(word in found.out.split() for word in words), (line, found.out)
    assert re.search(r"^holds +The test error grows with the part of the", found.out, re.MULTILINE)
    assert list(written.glob("runs/sweeps/sweep-*/figures/errors.png"))
