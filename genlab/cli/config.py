"""`genlab config`: make configs, look at them and check them without running them."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from genlab.cli.options import AsJson, Overrides, Verbose
from genlab.config.kinds import Kind, command

app = typer.Typer(help="Make, show, copy and check configs.", no_args_is_help=True)

OfKind = Annotated[
    Kind | None, typer.Option("--kind", help="Of which kind it is, where a name or the content does not tell.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")]
PackagedName = Annotated[str, typer.Argument(metavar="NAME", help="A packaged config; `genlab ls configs` has them.")]


@app.command("new")
def new(
    kind: Annotated[Kind, typer.Argument(help="Which config.")],
    file: Annotated[str | None, typer.Argument(metavar="FILE", help="Where to write it; printed if left out.")] = None,
    force: Force = False,
    verbose: Verbose = False,
) -> None:
    """Begin a config of your own: a commented file that runs as it is, in seconds, on images that come along.

    Example: genlab config new sweep my-sweep.yaml
    """
    from genlab.config.new import template, write_new

    text = template(kind, file)
    if file is None:
        print(text, end="")
        return
    write_new(Path(file), text, force=force)
    print(f"wrote {file}; next: {command(kind, shlex.quote(file))}")


@app.command("show")
def show(name: PackagedName, kind: OfKind = None, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """Print a packaged config as it is, comments included.

    Example: genlab config show neyshabur2017-figure4
    """
    from genlab.cli.output import print_json
    from genlab.config.packaged import find_packaged

    found = find_packaged(name, kind)
    text = found.path.read_text(encoding="utf-8")
    if as_json:
        print_json({"name": found.name, "kind": found.kind, "path": str(found.path), "text": text})
        return
    print(text, end="")


@app.command("copy")
def copy(
    name: PackagedName,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to; NAME.yaml here if left out, or in a folder.")
    ] = None,
    kind: OfKind = None,
    force: Force = False,
    verbose: Verbose = False,
) -> None:
    """Copy a packaged config to a file of your own, to change it there.

    Example: genlab config copy neyshabur2017-figure4 wider.yaml
    """
    from genlab.config.new import write_new
    from genlab.config.packaged import find_packaged

    found = find_packaged(name, kind)
    target = file or Path()
    target = target / f"{found.name}.yaml" if target.is_dir() else target
    write_new(target, found.path.read_text(encoding="utf-8"), force=force)
    print(f"wrote {target}; next: {command(found.kind, shlex.quote(str(target)))}")
    if found.kind == "sweep":
        print(
            "its paper is that of the packaged sweep: leave `paper` out where yours asks something else",
            file=sys.stderr,
        )


@app.command("check")
def check(
    target: Annotated[str, typer.Argument(metavar="CONFIG", help="A file, a packaged name, or a run directory.")],
    overrides: Overrides = None,
    kind: OfKind = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Check a config of any kind, and say what it comes to; nothing is run.

    A train config is printed with every default written out, and its run id (which of images or labels of
    your own depends on these, so that none is printed). A sweep is planned at each of its scales.

    Example: genlab config check my-sweep.yaml
    """
    from genlab.cli.config_output import print_checked
    from genlab.cli.output import print_json
    from genlab.sweeps.config_check import check_config

    found = check_config(target, overrides or [], kind)
    if as_json:
        print_json({key: value for key, value in found.items() if key not in ("yaml", "unseen")})
        return
    print_checked(found)


@app.command("schema")
def schema(
    kind: Annotated[Kind, typer.Argument(help="Which config.")] = "train",
    verbose: Verbose = False,
) -> None:
    """Print the JSON Schema of a config, with which editors complete and explain its keys.

    Example: genlab config schema train > train.schema.json
    """
    from genlab.cli.output import print_json
    from genlab.config.json_schema import json_schema

    if kind in ("compress", "sweep"):
        # The options of compression methods are in their signatures, and it takes seconds to import those.
        from genlab.compression.settings import compress_schema

        print_json(json_schema(kind, compress_schema()))
    else:
        print_json(json_schema(kind))
