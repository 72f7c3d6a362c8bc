"""`genlab config`: look at configs without running them."""

from typing import Annotated, Literal

import typer

from genlab.cli.options import AsJson, Overrides, Verbose

app = typer.Typer(help="Check configs.", no_args_is_help=True)


@app.command("check")
def check(
    target: Annotated[str, typer.Argument(metavar="CONFIG", help="A file, a packaged name, or a run directory.")],
    overrides: Overrides = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Check a train config and print it with every default written out, and its run id.

    The id of a run with images or labels of your own depends on these, which are not looked at here: none is printed.
    """
    from genlab.cli.output import print_json
    from genlab.config.identity import run_id
    from genlab.config.load import load_train_config, to_yaml

    config = load_train_config(target, overrides or []).config
    identity = run_id(config) if config.data.own_files is None else None
    unseen = (
        "labels" if config.data.path is None else "images" if config.data.labels.file is None else "images and labels"
    )
    if as_json:
        print_json({"id": identity, "config": config.model_dump(mode="json")})
        return
    print(f"# run id: {identity or f'depends on the {unseen}'}")
    print(to_yaml(config), end="")


@app.command("schema")
def schema(
    kind: Annotated[Literal["train", "measure", "compress", "sweep"], typer.Argument(help="Which config.")] = "train",
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
