"""The figures of a report as a part of its page."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

from genlab.config.schema.figure import FigureConfig
from genlab.report.drawing.draw import arrangement, panel_inches
from genlab.report.page_parts import link
from genlab.report.words import readable

REM_AN_INCH = 6.3  # of all figures alike, so that their letters are of one size; four panels fill the page
PANEL_REM = 13.5  # the narrowest width at which a panel of a figure can still be read; narrower screens scroll
NARROW = "(max-width: 44rem)"  # where figures have one panel a row
FILES = ("png", "pdf", "csv")


def figures(drawn: Sequence[tuple[FigureConfig, bytes | str]], narrow: Mapping[str, str]) -> str:
    """The section; nothing where there are none.

    Args:
        drawn: configs with an SVG document as text or a PNG file as bytes.
        narrow: by the name of a figure, the same for narrow screens, as an SVG document.
    """
    if not drawn:
        return ""
    return "<h2>Figures</h2>\n" + "\n".join(_figure(one, picture, narrow.get(one.name)) for one, picture in drawn)


def _figure(config: FigureConfig, drawn: bytes | str, narrow: str | None) -> str:
    _, columns = arrangement(config)
    width = REM_AN_INCH * columns * panel_inches(config)[0]
    narrowest = PANEL_REM * max(columns, 1.3)
    files = [link(f"figures/{config.name}.{ending}", f"{config.name}.{ending}") for ending in FILES]
    image = (
        f'<img style="width:{width:.4g}rem;min-width:{narrowest:g}rem" alt="{escape(_alternative(config))}" '
        f'src="{_embedded(drawn)}">'
    )
    if narrow is not None:
        image = f'<picture><source media="{NARROW}" srcset="{_embedded(narrow)}">{image}</picture>'
    return (
        f'<figure>\n<div class="box{" stacks" if narrow is not None else ""}" tabindex="0" role="group" '
        f'aria-label="{escape(config.title or config.name)}">{image}</div>\n'
        f"<figcaption>{escape(config.caption)} <small>Files: {', '.join(files)} (the numbers)</small></figcaption>\n"
        "</figure>"
    )


def _embedded(drawn: bytes | str) -> str:
    kind = "svg+xml" if isinstance(drawn, str) else "png"
    return f"data:image/{kind};base64,{base64.b64encode(drawn.encode() if isinstance(drawn, str) else drawn).decode()}"


def _alternative(config: FigureConfig) -> str:
    """What a figure shows, for those who do not see it."""
    names = [config.labels.get(y, readable(y)).replace("$", "") for y in config.y]
    against = f" against {config.labels.get(config.x, readable(config.x))}" if config.x else ""
    by = f", by {config.labels.get(config.series, readable(config.series))}" if config.series else ""
    return f"{config.title or config.name}: {config.kind} of {', '.join(names)}{against}{by}"
