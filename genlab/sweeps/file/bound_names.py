"""The names of bounds, without importing what computes them."""

import ast
from functools import cache
from pathlib import Path

import genlab


@cache
def bound_names() -> frozenset[str]:
    """The functions under `genlab/bounds/` that are decorated with `@bound(...)`, read from the source.

    Importing them takes seconds, because it imports torch, and a plan only asks whether a name is right.
    """
    files = (Path(genlab.__file__).parent / "bounds").glob("*.py")
    functions = (node for file in files for node in ast.parse(file.read_text(encoding="utf-8")).body)
    return frozenset(node.name for node in functions if isinstance(node, ast.FunctionDef) and _is_bound(node))


def _is_bound(function: ast.FunctionDef) -> bool:
    called = (decorator.func for decorator in function.decorator_list if isinstance(decorator, ast.Call))
    return any(getattr(name, "id", None) == "bound" for name in called)
