"""Training: the loop, its schedule, checkpoints and resume, tracking.

Pretraining is in :mod:`chapter2.training.pretrain`.
"""

from chapter2.training.adversarial import fgm, free_lb, pgd
from chapter2.training.config import TrainingConfig
from chapter2.training.finetune import fine_tune
from chapter2.training.history import History
from chapter2.training.loop import train
from chapter2.training.method import FULL, Method
from chapter2.training.optimizer import make_optimizer, parameter_groups
from chapter2.training.packed import PackedBatches
from chapter2.training.plan import Batches, Plan
from chapter2.training.range_test import RangeTest, range_test
from chapter2.training.resources import Estimate, estimate
from chapter2.training.schedule import SCHEDULES, warmup_linear
from chapter2.training.step_time import Machine, measure_machine
from chapter2.training.texts import TextBatches, make_validation, predict_logits
from chapter2.training.tracking import TensorBoard, Tracker, WandB, trackers
from chapter2.training.two_stage import pipelined_loss, two_stages

__all__ = [
    "FULL",
    "SCHEDULES",
    "Batches",
    "Estimate",
    "History",
    "Machine",
    "Method",
    "PackedBatches",
    "Plan",
    "RangeTest",
    "TensorBoard",
    "TextBatches",
    "Tracker",
    "TrainingConfig",
    "WandB",
    "estimate",
    "fgm",
    "fine_tune",
    "free_lb",
    "make_optimizer",
    "make_validation",
    "measure_machine",
    "parameter_groups",
    "pgd",
    "pipelined_loss",
    "predict_logits",
    "range_test",
    "trackers",
    "train",
    "two_stages",
    "warmup_linear",
]
