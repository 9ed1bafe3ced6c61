"""Checks that training starts from a file's weights, or another network's."""

import tempfile
import unittest
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from training.networks.ablations import build
from training.networks.blocks import RsgbPaper
from training.networks.folded import Folded, load
from training.networks.networks import Network
from training.networks.widen import widened
from training.ship import export
from training.tests.small_networks import small
from training.train.unfold import Unlike, start_from, unfold


def saved(network, folder):
    """[its checkpoint, its weight file]"""
    checkpoint, weights = Path(folder, "two.pt"), Path(folder, "file.safetensors")
    torch.save({"config": asdict(network.config), "model": network.state_dict()}, checkpoint)
    export.export(network, weights)
    return [checkpoint, weights]


class Unfolding(unittest.TestCase):
    def test_same_outputs(self):
        """A file's network, unfolded, gives the file's outputs on the pictures at hand, and close
        to them with the statistics that it now has."""
        for name in ("fas-td", "fas-sgtd"):
            network, images = small(name, "paper")
            with tempfile.TemporaryDirectory() as folder, self.subTest(name):
                path = Path(folder, "file.safetensors")
                export.export(network, path)
                other = Network(network.config)
                unfold(other, path, images[None].float())
                expected = Folded(*load(path)).run(images)["fused"].float()
                with torch.no_grad():
                    fused = other(images[None].float()).fused[0]
                    torch.testing.assert_close(fused, expected, atol=1e-4, rtol=1e-3)
                    fused = other.eval()(images[None].float()).fused[0]
                torch.testing.assert_close(fused, expected, atol=0.02, rtol=0.05)

    def test_checkpoint(self):
        """Training goes on from a checkpoint with all that it holds."""
        network, images = small("fas-sgtd", "paper")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "two.pt")
            torch.save({"config": asdict(network.config), "model": network.state_dict()}, path)
            other = Network(network.config)
            start_from(other, path, images[None].float())
            for name, value in other.state_dict().items():
                torch.testing.assert_close(value, network.state_dict()[name].to(value.dtype))
            with self.assertRaisesRegex(Unlike, "input_norm"):
                start_from(Network(replace(network.config, input_norm="local")), path, images)

    def test_other_head(self):
        """A head that sees something else begins anew, all else goes on, from either kind of
        file."""
        network, images = small("fas-td", "paper")
        config = replace(network.config, head="features")
        with tempfile.TemporaryDirectory() as folder:
            for path in saved(network, folder):
                other = Network(config)
                head = other.head[0].weight.clone()
                start_from(other, path, images[None].float())
                torch.testing.assert_close(other.head[0].weight, head, rtol=0, atol=0)
                with torch.no_grad():
                    fused = other.train(path.suffix != ".pt")(images[None].float()).fused
                    wanted = network(images[None]).fused.float()
                torch.testing.assert_close(fused, wanted, atol=1e-4, rtol=1e-3)

    def test_wider(self):
        """A wider network goes on from a narrow one's answers; its copies of a channel differ."""
        for name, head in (("fas-td", "maps"), ("fas-sgtd", "maps"), ("fas-sgtd", "features")):
            network, images = small(name, "paper", head=head)
            network = network.float().eval()
            wider = Network(replace(network.config, width=network.config.width * 1.6)).eval()
            with self.subTest(name, head=head), torch.no_grad():
                expected = network(images[None].float())
                wider.load_state_dict(widened(wider, network, noise=0))
                for value, wanted in zip(wider(images[None].float()), expected):
                    torch.testing.assert_close(value, wanted, atol=1e-5, rtol=1e-4)
                wider.load_state_dict(widened(wider, network))
                weight = wider.gru1.candidate.weight
                narrow = network.gru1.candidate.weight
                self.assertGreater(len(weight), len(narrow))
                copies = weight[0] - weight[len(narrow)]
                self.assertGreater(copies.abs().max(), 1e-3 * weight.abs().max())

    def test_checkpoint_of_another_width(self):
        """A narrower one is widened, a wider one refused."""
        network, images = small("fas-td", "paper")
        wider, images = Network(replace(network.config, width=0.1)), images[None].float()
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for saved in (network, wider):
                paths.append(Path(folder, f"{saved.config.width}.pt"))
                torch.save({"config": asdict(saved.config), "model": saved.state_dict()}, paths[-1])
            start_from(wider, paths[0], images)
            with self.assertRaisesRegex(Unlike, "width"):
                start_from(Network(network.config), paths[1], images)

    def test_without_a_part(self):
        """A network without a part goes on from a whole one's other parts, from either kind of
        file."""
        for name, profile, ablation in (
            ("fas-sgtd", "paper", "no-ststb"),
            ("fas-sgtd", "paper", "no-gru"),
            ("fas-td", "paper", "no-ststb"),
            ("fas-sgtd", "reference", "no-ststb"),
        ):
            network, images = small(name, profile)
            wanted = dict(network.named_parameters())
            with tempfile.TemporaryDirectory() as folder:
                for path in saved(network, folder)[: 1 if profile == "reference" else 2]:
                    other = build(network.config, [ablation])
                    start_from(other, path, images[None].float())
                    for at in ("single.weight", "gru1.gates.weight", "head.1.bias"):
                        with self.subTest(name, ablation=ablation, path=path.name, at=at):
                            found = other.get_parameter(at)
                            torch.testing.assert_close(found, wanted[at].to(found.dtype))

    def test_plain_convolutions(self):
        """In the place of RSGBs they answer as the blocks do when the squares are gone: what their
        norm gives, in training its bias in the mean, is 0. From a weight file, as from what it
        unfolds to."""
        network, images = small("fas-sgtd", "paper")
        inputs = images[None].float()
        first, second, third = (build(network.config, ["no-rsgb"]) for _ in range(3))
        with tempfile.TemporaryDirectory() as folder:
            checkpoint, weights = saved(network, folder)
            start_from(first, checkpoint, inputs)
            start_from(second, weights, inputs)
            whole = Network(network.config)
            unfold(whole, weights, inputs)
            start_from(third, saved(whole, folder)[0], inputs)
            for value, wanted in zip(second.state_dict().values(), third.state_dict().values()):
                torch.testing.assert_close(value, wanted)
            reference, _ = small("fas-sgtd", "reference")
            checkpoint, _ = saved(reference, folder)
            with self.assertRaisesRegex(Unlike, "other parts"):
                start_from(build(reference.config, ["no-rsgb"]), checkpoint, inputs)
        with torch.no_grad():
            for block in network.modules():
                if isinstance(block, RsgbPaper):
                    block.norm_sum.running_mean -= block.norm.bias
                    block.norm.weight.zero_()
                    block.norm.bias.zero_()
            wanted, found = network(images[None]), first.eval()(inputs)
        torch.testing.assert_close(found.fused, wanted.fused.float(), atol=1e-4, rtol=1e-3)

    def test_unlike(self):
        network, images = small("fas-td", "paper")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file.safetensors")
            export.export(network, path)
            with self.assertRaisesRegex(Unlike, "width"):
                unfold(Network(replace(network.config, width=0.125)), path, images[None])
            more = export.folded(network) | {"more.bias": np.zeros(1)}
            export.write_safetensors(path, more, network.config.metadata())
            with self.assertRaisesRegex(Unlike, "other parts: more.bias"):
                unfold(Network(network.config), path, images[None])
            with self.assertRaisesRegex(Unlike, "network"):
                unfold(Network(replace(network.config, network="fas-sgtd")), path, images[None])


if __name__ == "__main__":
    unittest.main()
