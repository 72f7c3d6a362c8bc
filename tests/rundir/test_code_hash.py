import os
import shutil
from pathlib import Path

import pytest

import genlab
from genlab.config.load import CONFIG_ROOTS
from genlab.rundir import code_hash as module
from genlab.rundir.code_hash import code_hash, hash_of


@pytest.fixture
def made(tmp_path):
    """A package and its configs, side by side as in a checkout."""
    files = {
        "genlab/__init__.py": "",
        "genlab/models/vgg.py": "width = 64\n",
        "configs/train/a.yaml": "seed: 0\n",
        "configs/README.md": "what they are",
    }
    for name, content in files.items():
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "checkout"


def hashed(folder):
    return hash_of(folder / "genlab", folder / "configs")


@pytest.mark.parametrize("name", ["genlab/models/vgg.py", "genlab/__init__.py", "configs/train/a.yaml"])
def test_it_changes_when_a_file_changes_by_one_character(made, name):
    before = hashed(made)
    path = made / name
    path.write_text(path.read_text() + " ")
    assert hashed(made) != before


def test_it_changes_when_a_file_comes_goes_or_is_renamed(made):
    found = {hashed(made)}
    (made / "genlab" / "new.py").write_text("")
    found.add(hashed(made))
    (made / "genlab" / "new.py").rename(made / "genlab" / "newer.py")
    found.add(hashed(made))
    (made / "configs" / "train" / "a.yaml").unlink()
    found.add(hashed(made))
    assert len(found) == 4
    assert all(len(one) == 12 for one in found)


def test_content_that_moves_from_one_file_into_the_next_is_another(made):
    for name, content in (("a", "xy"), ("b", "z")):
        (made / "genlab" / f"{name}.py").write_text(content)
    before = hashed(made)
    (made / "genlab" / "a.py").write_text("x")
    (made / "genlab" / "b.py").write_text("yz")
    assert hashed(made) != before


def test_it_is_the_same_compiled_touched_elsewhere_and_from_a_wheel(made, tmp_path):
    before = hashed(made)
    cache = made / "genlab" / "__pycache__"
    cache.mkdir()
    (cache / "vgg.cpython-311.pyc").write_bytes(b"compiled")
    os.utime(made / "genlab" / "__init__.py", (0, 0))
    (made / "configs" / "README.md").write_text("what they were")
    assert hashed(made) == before
    moved = Path(shutil.copytree(made, tmp_path / "a longer place ü" / "src"))
    assert hashed(moved) == before
    wheel = Path(shutil.copytree(made / "genlab", tmp_path / "site-packages" / "genlab"))
    shutil.copytree(made / "configs", wheel / "configs")
    assert hash_of(wheel, wheel / "configs") == before


def test_that_of_this_process_is_of_the_package_it_runs_and_is_made_once(monkeypatch):
    package = Path(genlab.__file__).parent
    inside = package / "configs"
    assert code_hash() == hash_of(package, inside if inside.is_dir() else CONFIG_ROOTS[0])
    monkeypatch.setattr(module, "hash_of", lambda *_: pytest.fail("made again"))
    assert code_hash()
