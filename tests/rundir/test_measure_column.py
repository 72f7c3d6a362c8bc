from genlab.rundir.measure_column import measure_column


def test_a_measure_with_default_options_is_called_by_its_name():
    assert measure_column("log_l2_path_norm", "") == "measure.log_l2_path_norm"


def test_options_that_differ_from_their_defaults_are_part_of_the_name():
    assert measure_column("a", '{"max_pool":"sum","p":2}') == "measure.a[max_pool=sum,p=2]"
