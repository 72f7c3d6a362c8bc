"""What is true of every command, and of every command that a document shows."""

import re
import shlex

import pytest
import typer

from genlab.cli.app import app
from genlab.config.load import load_train_config, packaged_configs
from genlab.config.packaged import find_packaged
from genlab.sweeps.config_check import check_config
from genlab.sweeps.file.grid import load_sweep
from tests.benchmarks.__main__ import KINDS
from tests.cli.command import genlab
from tests.contracts.documents import DOCUMENTS, ROOT, commands, files, inline, options, problems_of_command

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
WITHOUT_JSON = {("runs", "rm"), ("config", "schema"), ("config", "new"), ("config", "copy")}


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


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_an_example_of_itself_that_can_be_typed(verb):
    (example,) = re.findall(r"^ *Example: genlab (.*)$", VERBS[verb].help, re.MULTILINE)
    words = shlex.split(example.partition(" > ")[0])
    assert tuple(words[: len(verb)]) == verb
    assert not problems_of_command(words, COMMAND_LINE)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_the_first_line_of_a_verb_is_a_whole_sentence_that_begins_with_what_one_does(verb):
    first = VERBS[verb].help.partition("\n\n")[0]
    assert re.match(r"[A-Z][a-z]+ ", first)
    assert first.endswith(".")
    assert "\n" not in first


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
def test_the_documents_show_every_verb(verb):
    words = " ".join(verb)
    assert any(re.search(rf"(genlab|make) {words}\b", text) for text in DOCUMENTS.values()), f"nobody shows {words}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_in_a_document_can_be_typed(document):
    found = commands(DOCUMENTS[document])
    assert not [problem for words in found for problem in problems_of_command(words, COMMAND_LINE)]


def test_the_front_page_has_the_commands_of_the_main_job():
    assert {words[0] for words in commands(DOCUMENTS["README.md"])} >= {
        "train",
        "measure",
        "compress",
        "sweep",
        "report",
    }


# Words that stand for what the reader puts there.
PLACEHOLDER = re.compile(r"^(?:[A-Z]+|.*[<>|*].*|runs/.*)$")


def told(words):
    """Target and overrides of a command, the target None where it stands for one of the reader's."""
    takes_value = {"--scale", "--runs", "--data-dir", "--jobs", "--launcher", "--group", "--only", "--device"}
    rest = [word for word, before in zip(words, ["", *words], strict=False) if before not in takes_value]
    positional = [word for word in rest if not word.startswith("-")]
    start = 2 if words[0] == "config" else 1
    target = positional[start] if len(positional) > start else None
    known = target is not None and not PLACEHOLDER.match(target)
    return (target if known else None), [word for word in positional[start + 1 :] if "=" in word]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_config_and_override_in_a_document_is_right(document, tmp_path, monkeypatch):
    """Packaged names, and files that some document shows, with the changes that are typed after them."""
    for text in DOCUMENTS.values():
        for name, content in files(text).items():
            (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    for words in commands(DOCUMENTS[document]):
        target, overrides = told(words)
        if target is not None and "/" in target:
            target = str(ROOT / target)
        if target is not None and words[0] in ("train", "bench"):
            load_train_config(target, overrides)
        if target is not None and words[:2] == ["config", "check"]:
            check_config(target, overrides)
        if target is not None and words[:2] in (["config", "show"], ["config", "copy"]):
            find_packaged(target)
        if target is not None and words[0] in ("sweep", "report"):
            scale = words[words.index("--scale") + 1] if "--scale" in words else None
            for one in ("smoke", "laptop", "paper") if scale and "|" in scale else [scale]:
                load_sweep(target, one, overrides)
        if words[0] in ("measure", "compress") and "--config" in words:
            name = words[words.index("--config") + 1]
            assert name in packaged_configs(words[0]) or (tmp_path / name).is_file() or name.isupper(), name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_and_module_in_a_document_is_there(document):
    text = DOCUMENTS[document]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {words[0] for words in commands(text, "make")} <= targets
    for module, *arguments in commands(text, "python -m"):
        if module == "pytest":
            assert all((ROOT / word).exists() for word in arguments if word.startswith("tests"))
            continue
        path = ROOT / module.replace(".", "/")
        source = (path / "__main__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
        assert all(f'"{word}"' in source for word in arguments if word.startswith("--")), f"{module} {arguments}"
        if "--only" in arguments:
            assert set(arguments[arguments.index("--only") + 1].split(",")) <= set(KINDS)


def test_the_benchmarks_are_all_described():
    text = DOCUMENTS["tests/benchmarks/README.md"]
    assert {code for code in inline(text) if code in KINDS} == set(KINDS)


@pytest.mark.parametrize("name", [name for kind in ("train", "measure", "compress") for name in packaged_configs(kind)])
def test_the_gallery_lists_every_config(name):
    gallery = DOCUMENTS["configs/README.md"]
    assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", gallery), f"configs/README.md lacks {name}"


EXAMPLE = """\
Type `genlab demo`, not `genlab dmeo`, and `genlab sweep --scale
smoke` lacks its target.

```sh
.venv/bin/genlab train digits-mlp \\
    seed=1 --sed 3   # a comment | with a pipe
GENLAB_RUNS=x genlab runs ls --where 'a<3' | head -1
$ genlab --version
make demo
```
"""


def test_the_reader_of_commands_sees_what_is_wrong():
    found = commands(EXAMPLE)
    assert [shlex.join(words) for words in found] == [
        "train digits-mlp seed=1 --sed 3",
        "runs ls --where 'a<3'",
        "--version",
        "demo",
        "dmeo",
        "sweep --scale smoke",
    ]
    assert commands(EXAMPLE, "make") == [["demo"]]
    said = [problem for words in found for problem in problems_of_command(words, COMMAND_LINE)]
    assert [re.search(r"--sed|'dmeo'|SWEEP", problem)[0] for problem in said] == ["--sed", "'dmeo'", "SWEEP"]
    values = (
        ["sweep", "a", "--jobs", "many"],
        ["ls", "nothing"],
        ["zoo", "--over", "runs"],
        ["zoo", "a", "--over", "x"],
    )
    assert all(len(problems_of_command(words, COMMAND_LINE)) == 1 for words in values)


def test_a_target_is_told_from_what_stands_for_one():
    assert told(["train", "mnist-mlp", "--runs", "x", "seed=1"]) == ("mnist-mlp", ["seed=1"])
    assert told(["sweep", "--scale", "smoke", "jiang2020-zoo"]) == ("jiang2020-zoo", [])
    assert told(["config", "check", "CONFIG"]) == (None, [])
    assert told(["train"]) == (None, [])
