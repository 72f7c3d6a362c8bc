from torchvision.models.inception import Inception3

from genlab.models.inception_v3 import inception_v3
from tests.models.transplanted import assert_like_the_library


def test_it_is_the_librarys_net_without_auxiliary_classifiers_and_trains_on_its_main_output():
    assert_like_the_library(inception_v3, Inception3, (3, 75, 75), 23_834_568)
