from torchvision.models.googlenet import GoogLeNet

from genlab.models.googlenet import googlenet
from tests.models.transplanted import assert_like_the_library


def test_it_is_the_librarys_net_without_auxiliary_classifiers_and_trains_on_its_main_output():
    assert_like_the_library(googlenet, GoogLeNet, (3, 40, 40), 6_624_904)
