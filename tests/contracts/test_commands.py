"""What is true of every command, and of every command that README.md shows."""

import re
from pathlib import Path

import pytest
import typer

from genlab.cli.app import app
from genlab.config.load import load_train_config, packaged_configs
from tests.cli.command import genlab
from tests.contracts.readme import TREE, commands, directories, options, problems_of_command, tree

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMAND_LINE = typer.main.get_command(app)


def walk(command, path=()):
    """Every verb with its words, groups left out."""
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from walk(below, (*path, name))
    else:
        yield path, command


VERBS = dict(walk(COMMAND_LINE))
# What prints results; the others print a path or nothing else.
WITHOUT_JSON = {("runs", "rm"), ("config", "schema")}


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_says_what_it_does(verb):
    assert len(VERBS[verb].help or "") > 20
    found = genlab(*verb, "--help")
    assert found.code == 0
    assert (VERBS[verb].help or "").split("\n")[0].split()[0] in found.out


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_argument_and_option_has_help(verb):
    without = [parameter.name for parameter in VERBS[verb].params if parameter.name != "help" and not parameter.help]
    assert not without


@pytest.mark.parametrize("verb", ["train", "measure", "compress", "bench", "zoo"])
def test_the_verbs_of_the_main_job_have_an_example_that_can_be_typed(verb):
    (example,) = re.findall(r"^ *Example: genlab (.*)$", VERBS[verb,].help, re.MULTILINE)
    assert not problems_of_command(example.split(), COMMAND_LINE)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_gives_json_and_a_traceback_to_who_asks(verb):
    assert {"-v", "--verbose"} <= options(VERBS[verb])
    assert ("--json" in options(VERBS[verb])) is (verb not in WITHOUT_JSON)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_the_same_thing_has_the_same_option_everywhere(verb):
    spelling = {"runs": "--runs", "data_dir": "--data-dir", "device": "--device", "quiet": "-q", "as_json": "--json"}
    for parameter in VERBS[verb].params:
        if parameter.name in spelling:
            assert spelling[parameter.name] in parameter.opts


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_readme_mentions_every_verb(verb):
    words = " ".join(verb)
    assert re.search(rf"(genlab|make) {words}\b", README), f"README.md does not mention `genlab {words}`"


def test_every_command_in_readme_can_be_typed():
    found = commands(README)
    assert len(found) >= 5, "README.md shows hardly any command"
    assert not [problem for words in found for problem in problems_of_command(words, COMMAND_LINE)]


def test_every_config_and_override_in_readme_is_right():
    for words in commands(README):
        positional = [word for word in words if not word.startswith("-")]
        start = 1 if words[0] in ("train", "bench") else 2 if words[:2] == ["config", "check"] else None
        if start is not None and len(positional) > start and not re.search(r"[A-Z<]|^runs/", positional[start]):
            overrides = [word for word in positional[start + 1 :] if "=" in word]
            load_train_config(
                str(ROOT / positional[start]) if "/" in positional[start] else positional[start], overrides
            )
        if "--config" in words:
            target = words[words.index("--config") + 1]
            assert target in packaged_configs(words[0]) or (ROOT / target).is_file() or target.isupper(), target


def test_every_make_target_in_readme_is_there():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)
    assert set(shown) >= {"demo", "test"}
    assert set(shown) <= targets


def test_readme_has_a_file_tree_that_is_true():
    paths = tree(README)
    assert paths, f"README.md has no code block after {TREE}"
    assert not [path for path in sorted(paths) if not (ROOT / path).exists()], "in the tree and not there"
    missing = directories(ROOT, "genlab", "configs", "tests") - paths
    assert not missing, "there and not in the tree"


@pytest.mark.parametrize("name", [name for kind in ("train", "measure", "compress") for name in packaged_configs(kind)])
def test_the_gallery_lists_every_config(name):
    gallery = ROOT / "configs" / "README.md"
    assert gallery.is_file(), "configs/README.md is missing"
    assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", gallery.read_text()), f"configs/README.md lacks {name}"


EXAMPLE = """\
Type `genlab demo`, not `genlab dmeo`.

```sh
.venv/bin/genlab train digits-mlp \\
    seed=1 --sed 3   # a comment | with a pipe
GENLAB_RUNS=x genlab runs ls --where 'a<3' | head -1
$ genlab --version
make demo
```

<!-- tree -->
```
genlab/          # the package
  cli/           # verbs
    app.py
  nothing/       # is not there
Makefile
```
"""


def test_the_reader_of_readme_sees_what_is_wrong():
    found = commands(EXAMPLE)
    assert found == [
        ["train", "digits-mlp", "seed=1", "--sed", "3"],
        ["runs", "ls", "--where", "a<3"],
        ["--version"],
        ["demo"],
        ["dmeo"],
    ]
    assert [problem for words in found for problem in problems_of_command(words, COMMAND_LINE)] == [
        "no option --sed in 'train digits-mlp seed=1 --sed 3'",
        "no verb 'dmeo' in 'dmeo'",
    ]
    assert tree(EXAMPLE) == {"genlab", "genlab/cli", "genlab/cli/app.py", "genlab/nothing", "Makefile"}
    assert tree("no tree here") == set()
    assert {"genlab/cli", "tests/cli", "configs/train"} <= directories(ROOT, "genlab", "configs", "tests")
