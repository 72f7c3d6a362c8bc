"""Imports flow one way, and importing only defines."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "genlab"
# A package imports only from those to its left.
FLOW = ["config", "linalg", "hardware", "data", "models", "rundir", "training", "measures", "compression"]
FLOW += ["bounds", "statistics", "claims", "sweeps", "report", "cli", "__main__"]
# Below all of them; they import nothing of genlab.
GROUND = ("errors", "randomness", "signals")


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module of genlab that a file imports, those inside functions included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "genlab")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            if (node.module or "").split(".")[0] == "genlab":
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def against_the_flow(package: str, modules: Iterator[str]) -> list[str]:
    """Those of the modules that a package may not import."""
    left = () if package in GROUND else (*GROUND, *FLOW[: FLOW.index(package) + 1])
    parts = ((module, (*module.split("."), "")[1]) for module in modules)
    # `import genlab` and `from genlab import __version__` are the package itself, which has no code.
    return [module for module, package in parts if package not in (*left, "", "__version__")]


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_flow_one_way(path):
    package = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert package in (*FLOW, *GROUND), "a new package has a place in the flow"
    wrong = against_the_flow(package, imported(ast.parse(path.read_text())))
    assert not wrong, f"genlab.{package} may not import {', '.join(wrong)}"


@pytest.mark.parametrize(
    ("package", "line", "allowed"),
    [
        ("data", "from genlab.config.schema.data import DataConfig", True),
        ("data", "from genlab.data.images import ImageSource", True),
        ("data", "import genlab.errors", True),
        ("data", "from genlab import __version__", True),
        ("data", "from genlab.models.mlp import mlp", False),
        ("data", "from genlab import models", False),
        ("data", "import genlab.cli.app", False),
        ("data", "def f():\n    from genlab.training import loop", False),
        ("errors", "from genlab.randomness import STREAMS", False),
    ],
)
def test_the_flow_is_held(package, line, allowed):
    assert (not against_the_flow(package, imported(ast.parse(line)))) is allowed


def test_the_front_of_the_package_loads_what_it_offers_on_first_use_only():
    """`genlab/__init__.py` names what is deep inside, so its imports are in a function or for the type checker."""
    body = ast.parse((PACKAGE / "__init__.py").read_text()).body
    outside = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [node.module for node in outside if isinstance(node, ast.ImportFrom)] == ["typing"]


def test_nobody_in_genlab_imports_tests():
    for path in FILES:
        assert "tests" not in {
            name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "") or ""]
            )
            if isinstance(node, ast.Import | ast.ImportFrom)
        }


REFERENCES = sorted((ROOT / "tests" / "references").glob("[!_]*.py"))


@pytest.mark.parametrize("path", [p for p in REFERENCES if not p.name.startswith("test_")], ids=lambda path: path.stem)
def test_a_slow_twin_imports_nothing_of_what_it_checks(path):
    assert not list(imported(ast.parse(path.read_text())))


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in PACKAGE.rglob("*.py")
)
# Imports every module as the first of genlab, in a process that has loaded all that is not genlab's.
PROBE = """
import importlib, os, random, sys, traceback
import filelock, matplotlib.figure, numpy, pandas, pydantic, rich.progress, safetensors.torch, scipy.linalg
import sklearn.datasets, torch, torchvision.datasets, typer, yaml, PIL.Image

def state():
    cuda, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    kind, keys, *rest = numpy.random.get_state()
    flags = (torch.get_num_threads(), torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled(),
             cuda.allow_tf32, cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic, torch.is_grad_enabled())
    process = dict(os.environ), os.getcwd(), numpy.geterr(), sys.getrecursionlimit()
    return torch.get_rng_state().tolist(), random.getstate(), keys.tolist(), rest, flags, process

failed = []
for module in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "genlab"]:
        del sys.modules[name]
    before = state()
    try:
        importlib.import_module(module)
    except BaseException:
        traceback.print_exc()
        failed.append(module + " cannot be imported first")
    if state() != before:
        failed.append(module + " changes a global state")
print("FAILED", *failed, sep=chr(10))
"""


def test_importing_any_module_first_works_and_changes_no_global_state(tmp_path):
    command = [sys.executable, "-c", PROBE, *MODULES]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, cwd=tmp_path)
    assert done.stdout == "FAILED\n", done.stdout + done.stderr
    assert not list(tmp_path.iterdir()), "importing writes nothing"
