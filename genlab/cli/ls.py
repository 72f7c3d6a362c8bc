"""`genlab ls`: what there is to choose from."""

from typing import Annotated

import typer

from genlab.cli.options import AsJson, AsTable, Verbose
from genlab.report.choices import Choice as Kind

WhereInList = Annotated[
    list[str] | None,
    typer.Option("--where", help="COLUMN=VALUE or COLUMN!=VALUE; all must hold."),
]
Search = Annotated[str | None, typer.Option("--search", metavar="WORD", help="Only what has this word about it.")]
# Columns that only JSON has: a command that repeats the name is not worth a line's width.
ONLY_JSON = ("command",)


def ls(
    kind: Annotated[Kind | None, typer.Argument(help="What to list; left out, what can be listed.")] = None,
    name: Annotated[str | None, typer.Argument(help="All of one: definition, source, options with defaults.")] = None,
    where: WhereInList = None,
    search: Search = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Measures as tables in Markdown, with options.")] = False,
    table_format: AsTable = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Look up what there is to choose from: nets, data sets, optimisers, measures, compressors, packaged configs.

    Example: genlab ls measures --where cost=weights --search path
    """
    from genlab.cli.ls_output import print_details, print_entries
    from genlab.cli.output import format_of
    from genlab.errors import UsageError
    from genlab.report.choices import listed, overview

    chosen = format_of(table_format, as_json=as_json)
    if name is not None and (where or search or markdown):
        raise UsageError(f"{name}: --where, --search and --markdown are for lists, and this is one")
    if markdown:
        if kind is not Kind.measures:
            raise UsageError(f"--markdown is for measures, not {kind or 'all'}")
        from genlab.report.measure_list import measure_list

        print(measure_list())
    elif kind is None:
        if where or search:
            raise UsageError("--where and --search belong to a kind, as in `genlab ls measures --search path`")
        more = "`genlab ls KIND` lists them, `genlab ls KIND NAME` tells all of one"
        print_entries(("kind", "number", "about"), overview(), chosen, below=more)
    elif name is not None:
        from genlab.report.choice_details import detailed

        print_details(detailed(kind, name), chosen)
    else:
        rows = listed(kind, where or [], search)
        columns = [column for column in (rows[0] if rows else {}) if column not in ONLY_JSON]
        print_entries(columns, rows, chosen, below="" if rows else f"no {kind} fit")
