"""The names of all measures, without importing torch."""

import ast
from functools import cache
from pathlib import Path

import genlab


@cache
def measure_names() -> frozenset[str]:
    """The functions under `genlab/measures/` that are decorated with `@measure(...)`, read from the source.

    Importing them takes seconds, because it imports torch, and a plan only asks whether a name is right.
    """
    files = (Path(genlab.__file__).parent / "measures").glob("*.py")
    return frozenset(name for file in files for name in _registered(ast.parse(file.read_text(encoding="utf-8"))))


def _registered(module: ast.Module) -> list[str]:
    return [
        node.name
        for node in module.body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", None) == "measure"
    ]
