import pytest

from genlab.errors import UsageError
from genlab.sweeps.group_size import parse_group_size
from tests.cli.command import genlab, refused
from tests.sweeps.examples import sweep_file


@pytest.mark.parametrize(
    ("text", "value"), [("auto", "auto"), ("off", "off"), ("1", 1), ("8", 8), ("10000", 10_000), ("007", 7)]
)
def test_words_and_numbers_are_known(text, value):
    assert parse_group_size(text) == value


BAD = ["0", "-1", "2.5", "1e3", "", " 4", "all", "AUTO", "four", "\u00b2"]


@pytest.mark.parametrize("text", BAD)
def test_everything_else_is_refused_with_what_can_be_said(text):
    with pytest.raises(UsageError, match=f"^--group {text}: give auto, off, or how many nets are to train together"):
        parse_group_size(text)


def test_the_command_refuses_it_in_one_line_before_it_looks_at_the_sweep():
    refused(genlab("sweep", "no such sweep", "--group", "many"), 2, "--group many: give auto, off")


def test_with_slurm_a_number_is_refused(tmp_path):
    path = sweep_file(tmp_path)
    said = genlab("sweep", path, "--scale", "smoke", "--launcher", "slurm", "--group", "4")
    refused(said, 2, "--group N is for this machine")
