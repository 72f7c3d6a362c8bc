import base64
import re

import pytest

from genlab.report.drawing.draw import draw
from genlab.report.drawing.files import svg
from genlab.report.page import page
from genlab.report.page_figures import figures
from tests.report.document import Document
from tests.report.examples import AXES, MEASURES, figure, report, results


@pytest.fixture(scope="module")
def document():
    return Document(page(report()))


def test_every_figure_is_there_with_words_for_those_who_do_not_see_it(document):
    images = document.all("img")
    assert [image["src"].partition(";")[0] for image in images] == ["data:image/svg+xml"] * 2
    assert images[0]["alt"].startswith("Four norms over the margin: curves of log l2 path norm over margin 5")
    assert "against training images" in images[0]["alt"]


def test_a_png_is_embedded_as_one():
    image = Document(figures([(figure("curves"), b"\x89PNG")], {})).all("img")[0]
    assert image["src"] == "data:image/png;base64,iVBORw=="


def test_letters_are_of_one_size_in_figures_of_any_number_of_panels():
    names = [f"measure.{name}" for name in MEASURES]
    configs = [figure("curves", y=names[:count]) for count in (4, 3, 2, 1)]
    configs += [figure("heatmap", y=names[:2]), figure("curves", y=names, panels_per_row=2)]
    drawn = [(config, svg(draw(config, lambda _: results(), AXES))) for config in configs]
    images = Document(figures(drawn, {})).all("img")
    inches = [float(re.search(r'<svg [^>]*width="([\d.]+)pt"', picture)[1]) / 72 for _, picture in drawn]
    rem = [float(re.search(r"\bwidth:([\d.]+)rem", image["style"])[1]) for image in images]
    scales = [width / inch for width, inch in zip(rem, inches, strict=True)]
    assert scales == pytest.approx([scales[0]] * 6, 1e-3)
    assert 70 < rem[0] < 76, "four panels fill the page"


def test_every_file_of_a_figure_is_a_link_to_it_from_the_page(document):
    links = [found["href"] for found in document.all("a") if found["href"].startswith("figures/")]
    assert links == [f"figures/{name}.{ending}" for name in ("norms", "errors") for ending in ("png", "pdf", "csv")]


def test_narrow_screens_have_the_panels_of_a_figure_one_below_the_other(document):
    (source,) = document.all("source")
    assert source["media"] == "(max-width: 44rem)"
    picture = base64.b64decode(source["srcset"].partition(",")[2]).decode()
    width, height = (float(re.search(rf'<svg [^>]*{side}="([\d.]+)pt"', picture)[1]) for side in ("width", "height"))
    assert height > 3 * width, "of four panels"


def test_without_figures_there_is_no_section():
    assert figures([], {}) == ""
