from genlab.report.page_parts import definitions, head


def test_what_has_nothing_said_of_it_is_left_out_of_a_list():
    assert definitions([("a", "one"), ("b", ""), ("c & d", "<two>")]) == (
        "<dl>\n<dt>a</dt><dd>one</dd>\n<dt>c &amp; d</dt><dd>&lt;two&gt;</dd>\n</dl>"
    )


def test_a_heading_is_that_of_its_column_and_shows_the_columns_own_name():
    assert head("Seeds") == '<th scope="col">Seeds</th>'
    assert head("n", number=True) == '<th scope="col" class="number">n</th>'
    assert head("L2 norm", hint='measure."l2"') == '<th scope="col" title="measure.&quot;l2&quot;">L2 norm</th>'


def test_a_heading_is_wide_only_where_it_is_asked_to_be_and_breaks_in_names_of_options_but_not_in_numbers():
    assert "min-width" not in head("a rather long heading of a column")
    found = head("spectral norm [map_size=input,scale=0.25]", wide=True)
    assert found.endswith(">spectral norm [<wbr>map_<wbr>size=<wbr>input,<wbr>scale=<wbr>0.25]</th>")
    assert 'style="min-width:17ch"' in found, "a third of its 41 characters, and 3 for the edges of the cell"
    assert 'style="min-width:7ch"' in head("seed", wide=True)
