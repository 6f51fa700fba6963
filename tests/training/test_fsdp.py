"""The configuration of FSDP is known to accelerate; our own loop refuses to be sharded.

It is not run: it needs several accelerators.
"""

from pathlib import Path

import pytest

from chapter2.errors import UsageError
from chapter2.training.distributed import refuse_shards

FILE = Path(__file__).parents[2] / "benchmarks" / "fsdp.yaml"


def test_accelerate_knows_every_key_of_the_file():
    from accelerate.commands.config.config_args import ClusterConfig
    from accelerate.commands.launch import launch_command_parser

    config = ClusterConfig.from_yaml_file(str(FILE))  # raises for an unknown key
    assert config.distributed_type == "FSDP"
    options = {action.dest for action in launch_command_parser()._actions}
    assert config.fsdp_config.keys() <= options


def test_the_layer_that_is_cut_at_is_that_of_the_encoder():
    import yaml

    from chapter2.models import load_encoder

    stated = yaml.safe_load(FILE.read_text())["fsdp_config"]
    name = stated["fsdp_transformer_layer_cls_to_wrap"]
    model = load_encoder("tiny-random", ("a", "b")).model
    found = [m for m in model.modules() if type(m).__name__ == name]
    assert len(found) == model.config.num_hidden_layers


def test_the_file_says_that_it_was_not_run():
    assert "NOT RUN" in FILE.read_text()


def test_shards_are_refused_and_shared_batches_are_not():
    refuse_shards("MULTI_GPU")
    with pytest.raises(UsageError, match=r"FSDP.*--multi_gpu"):
        refuse_shards("FSDP")
