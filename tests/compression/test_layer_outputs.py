import torch

from genlab.compression.layer_outputs import layer_batches, layer_calls
from genlab.compression.structure import dense_network
from tests.compression.examples import IMAGE, convolutional, random_dataset


def test_each_layer_gives_what_it_makes_of_what_it_is_given():
    net = dense_network(convolutional(), IMAGE).float()
    images = torch.rand(3, *IMAGE)
    calls = layer_calls(net, ["0", "3", "10"], images)
    assert list(calls) == ["0", "3", "10"]
    assert torch.equal(calls["0"][0], images)
    for name, (inputs, outputs) in calls.items():
        assert torch.equal(net.get_submodule(name)(inputs), outputs)
    assert torch.equal(calls["10"][1], net(images))


def test_what_works_in_place_changes_no_output_that_was_noted():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.ReLU(inplace=True)).eval()
    with torch.no_grad():
        net[0].weight.copy_(-torch.eye(2))
        assert layer_calls(net, ["0"], torch.ones(1, 2))["0"][1].tolist() == [[-1, -1]]


def test_the_first_training_images_are_looked_at_in_order(monkeypatch):
    monkeypatch.setattr("genlab.compression.layer_outputs.IMAGES", 55)
    net, dataset = dense_network(convolutional(), IMAGE).float(), random_dataset()
    with torch.inference_mode():
        found = torch.cat([calls["10"][1] for calls in layer_batches(net, ["10"], dataset)])
        expected = net(dataset.normalisation(dataset.train_images[:55]))
    assert found.shape == (55, 4)
    torch.testing.assert_close(found, expected)
    assert not any(module._forward_hooks for module in net.modules())
