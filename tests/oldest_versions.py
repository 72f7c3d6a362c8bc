"""The oldest version of each library that pyproject.toml admits, as pip takes them; `make test-oldest` asks."""

import tomllib
from pathlib import Path

# What the tests need besides the libraries that genlab does.
FOR_TESTS = ("pytest", "pytest-xdist")


def oldest() -> list[str]:
    """`name==version` of every library, and of those that run the tests."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    tools = [tool for tool in optional["dev"] if tool.partition(">=")[0] in FOR_TESTS]
    return [library.replace(">=", "==") for library in [*project["dependencies"], *optional["slurm"], *tools]]


if __name__ == "__main__":
    print(*oldest())
