import torch
from torchvision.models.googlenet import GoogLeNet

from genlab.models.googlenet import googlenet
from tests.models.transplanted import filled, images

SHAPE = (3, 40, 40)
OPTIONS = {"aux_logits": False, "transform_input": False, "init_weights": False}


def test_it_has_the_parameters_of_the_library_without_auxiliary_classifiers():
    with torch.device("meta"):
        assert sum(p.numel() for p in googlenet(SHAPE, 1000).parameters()) == 6_624_904


def test_with_the_weights_of_the_librarys_net_it_gives_the_same_outputs():
    library = filled(GoogLeNet(num_classes=10, **OPTIONS))
    ours = googlenet(SHAPE, 10).double().eval()
    state = {f"1.{key[3:]}" if key.startswith("fc.") else f"0.{key}": t for key, t in library.state_dict().items()}
    ours.load_state_dict(state)
    batch = images(2, *SHAPE)
    with torch.inference_mode():
        assert torch.equal(ours(batch), library(batch))


def test_training_is_of_the_main_output_alone():
    model = googlenet(SHAPE, 10, width_multiplier=1 / 8).train()
    outputs = model(images(2, *SHAPE).float())
    assert isinstance(outputs, torch.Tensor)
    assert outputs.shape == (2, 10)
