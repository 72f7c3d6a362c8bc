"""The names of all measures, without importing torch."""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import genlab
from genlab.config.schema.measure import Which


def names_of(only: Which | Sequence[str]) -> frozenset[str]:
    """The measures that `only` of a measure config stands for; names that it gives itself are not checked."""
    if not isinstance(only, str):
        return frozenset(only)
    return measure_names() if only == "all" else frozenset(name for name, cost in _costs().items() if cost != "passes")


def measure_names() -> frozenset[str]:
    """The functions under `genlab/measures/` that are decorated with `@measure(...)`, read from the source.

    Importing them takes seconds, because it imports torch, and a plan only asks whether a name is right.
    """
    return frozenset(_costs())


@cache
def _costs() -> dict[str, str]:
    """By measure, what it costs."""
    files = (Path(genlab.__file__).parent / "measures").glob("*.py")
    return {name: cost for file in files for name, cost in _registered(ast.parse(file.read_text(encoding="utf-8")))}


def _registered(module: ast.Module) -> Iterator[tuple[str, str]]:
    for function in module.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", None) == "measure":
                (cost,) = [keyword.value for keyword in decorator.keywords if keyword.arg == "cost"]
                yield function.name, ast.literal_eval(cost)
