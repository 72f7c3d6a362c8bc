"""What is true of every document: its links lead somewhere, what is generated is up to date, what it names is there."""

import re
import tomllib

import pytest
import yaml

import genlab
from genlab.config.schema import TrainConfig
from genlab.config.schema.claim import ClaimSection
from genlab.config.schema.published import PublishedConfig, PublishedSeries
from genlab.config.schema.sweep import Scale, SlurmConfig, SweepConfig
from genlab.config.validation import known_keys
from tests.contracts.documents import DOCUMENTS, ROOT, TREE, anchors, directories, inline, links, tables, tree
from tests.contracts.generated import COMMAND, MADE, names, rewritten

FRONT = DOCUMENTS["README.md"]
FRONT_LINES = 200
PICTURES = {path.name for path in (ROOT / "configs" / "figures").iterdir()}


def led_to(document):
    """Where the links of a document lead within the project: paths from the checkout, and the anchors there."""
    here = ROOT / document
    for link in links(DOCUMENTS[document]):
        path, _, anchor = link.partition("#")
        target = (here.parent / path).resolve() if path else here
        yield link, target, anchor


def broken(document):
    """The links of a document that lead nowhere."""
    for link, target, anchor in led_to(document):
        if not target.exists():
            yield f"{link}: there is no such file"
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            yield f"{link}: there is no such heading"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_and_picture_is_there(document):
    assert list(broken(document)) == []


def test_the_front_page_leads_to_every_document():
    reached, left = set(), ["README.md"]
    while left:
        document = left.pop()
        reached.add(document)
        targets = {str(target.relative_to(ROOT)) for _, target, _ in led_to(document) if target.is_relative_to(ROOT)}
        left += (targets & set(DOCUMENTS)) - reached - set(left)
    assert set(DOCUMENTS) - reached == set(), "nothing links to these"


def test_every_picture_is_shown():
    shown = {target.name for document in DOCUMENTS for _, target, _ in led_to(document)}
    assert PICTURES - shown == set()


def test_the_front_page_can_be_read_at_one_sitting():
    assert len(FRONT.splitlines()) <= FRONT_LINES


def test_the_file_tree_is_true():
    paths = tree(FRONT)
    assert paths, f"README.md has no code block after {TREE}"
    assert not [path for path in sorted(paths) if not (ROOT / path).exists()], "in the tree and not there"
    missing = directories(ROOT, "genlab", "configs", "tests") - paths
    assert not missing, "there and not in the tree"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_generated_is_up_to_date(document):
    text = DOCUMENTS[document]
    assert set(names(text)) <= set(MADE), "nothing makes these"
    assert len(re.findall("^<!-- generated:", text, re.MULTILINE)) == len(names(text)), "a part without an end"
    assert rewritten(text) == text, f"run: {COMMAND}"


def test_everything_that_can_be_generated_stands_somewhere():
    assert {name for text in DOCUMENTS.values() for name in names(text)} == set(MADE)


@pytest.mark.parametrize("name", MADE)
def test_no_cell_of_a_generated_table_is_empty_but_for_a_default(name):
    head: list[str] = []
    for line in MADE[name]().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        head = (head or cells) if cells else []
        assert all(cell for title, cell in zip(head, cells, strict=True) if title != "default"), line


def test_every_key_of_a_train_config_is_in_the_table():
    keys = {".".join(map(str, path)) for path in known_keys(TrainConfig)}
    leaves = {key for key in keys if not any(other.startswith(f"{key}.") for other in keys)}
    assert set(re.findall(r"^\| `([\w.]+)`", MADE["train keys"](), re.MULTILINE)) == leaves


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_is_there(document):
    """Words in capitals stand for a name, and so does what is in angle brackets or braces."""
    named = [code for code in inline(DOCUMENTS[document]) if re.match(r"(genlab|tests|configs)/[\w./-]*\w$", code)]
    assert [path for path in named if not re.search(r"[A-Z]{3}", path) and not (ROOT / path).exists()] == []


def test_the_keys_of_a_sweep_are_all_told():
    told = tables(DOCUMENTS["configs/sweeps/README.md"])
    rows = {name.strip("`"): about for keys, about in told["The file"] for name in keys.split(", ")}
    assert list(rows) == list(SweepConfig.model_fields)
    assert set(re.findall(r"`(\w+)`", rows["slurm"])) == set(SlurmConfig.model_fields)
    sentence = re.search(r"A scale has the keys (.*?)\. `laptop", DOCUMENTS["configs/sweeps/README.md"], re.DOTALL)[1]
    assert set(re.findall(r"`(\w+)`", sentence)) == set(Scale.model_fields)


def test_the_keys_of_every_claim_and_of_published_curves_are_all_told():
    told = tables(DOCUMENTS["configs/sweeps/README.md"])
    assert {row[0].strip("`") for row in told["Claims"]} == {*ClaimSection.model_fields, "kind"}
    rows = {name.strip("`"): about for name, about in told["Published curves"]}
    assert list(rows) == list(PublishedConfig.model_fields)
    assert set(re.findall(r"`(\w+)(?:: true)?`", rows["series"])) == set(PublishedSeries.model_fields)


def test_the_version_is_the_same_everywhere():
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    assert project["project"]["version"] == genlab.__version__
    (latest, *_) = re.findall(r"^## (\d+\.\d+\.\d+)", DOCUMENTS["CHANGELOG.md"], re.MULTILINE)
    assert latest == genlab.__version__


def test_the_citation_is_one():
    """The keys that version 1.2.0 of the Citation File Format requires, and the version and licence of the project."""
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(found)
    known = {"cff-version", "message", "title", "type", "version", "license", "abstract", "authors", "keywords"}
    assert set(found) <= known | {"repository-code", "url", "doi", "date-released", "preferred-citation", "references"}
    assert found["cff-version"] == "1.2.0"
    assert found["type"] == "software"
    assert str(found["version"]) == genlab.__version__
    assert found["license"] == "MIT"
    assert all(author.get("name") or author.get("family-names") for author in found["authors"])


def test_what_is_packed_has_the_documents_of_the_top_level():
    with (ROOT / "pyproject.toml").open("rb") as file:
        packed = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {name for name in DOCUMENTS if "/" not in name} | {"CITATION.cff", "LICENSE"} <= set(packed)
    assert {"genlab", "configs", "tests"} <= set(packed)


EXAMPLE = """\
# A heading, with `code` & more

[one](#a-heading-with-code--more) [two](#elsewhere) [three](README.md#files) [four](no.md) `[five](no.md)`
[web](https://example.org)

```text
[six](no.md)
```

## Its [link](README.md)

| a | b |
|---|---|
| `1` | x \\| y |

<!-- tree -->
```
genlab/          # the package
  cli/ config/   # verbs, YAML
  data/
    build.py
  nothing/       # is not there
Makefile
```
"""


def test_the_reader_of_documents_sees_what_is_there_and_what_is_wrong(monkeypatch):
    monkeypatch.setitem(DOCUMENTS, "example.md", EXAMPLE)
    assert links(EXAMPLE) == ["#a-heading-with-code--more", "#elsewhere", "README.md#files", "no.md", "README.md"]
    assert anchors(EXAMPLE) == {"a-heading-with-code--more", "its-link"}
    assert tables(EXAMPLE) == {"Its [link](README.md)": [["`1`", "x | y"]]}
    assert tree(EXAMPLE) == {
        "genlab",
        "genlab/cli",
        "genlab/config",
        "genlab/data",
        "genlab/data/build.py",
        "genlab/nothing",
        "Makefile",
    }
    assert tree("no tree here") == set()
    assert {"genlab/cli", "tests/cli", "configs/train"} <= directories(ROOT, "genlab", "configs", "tests")
    with pytest.raises(KeyError):
        rewritten("<!-- generated: nothing -->\n\nx\n\n<!-- end -->")


def test_a_link_that_leads_nowhere_is_found(tmp_path, monkeypatch):
    (tmp_path / "example.md").write_text(EXAMPLE)
    monkeypatch.setattr("tests.contracts.test_documents.ROOT", tmp_path)
    monkeypatch.setitem(DOCUMENTS, "example.md", EXAMPLE)
    (tmp_path / "README.md").write_text("# Files\n")
    assert list(broken("example.md")) == ["#elsewhere: there is no such heading", "no.md: there is no such file"]
