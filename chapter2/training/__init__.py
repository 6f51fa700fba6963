"""Training: the loop, its schedule, checkpoints and resume, tracking."""

from chapter2.training.config import TrainingConfig
from chapter2.training.finetune import fine_tune
from chapter2.training.history import History
from chapter2.training.loop import train
from chapter2.training.method import FULL, Method
from chapter2.training.optimizer import make_optimizer, parameter_groups
from chapter2.training.plan import Batches, Plan
from chapter2.training.schedule import SCHEDULES, warmup_linear
from chapter2.training.texts import TextBatches, make_validation, predict_logits
from chapter2.training.tracking import TensorBoard, Tracker, WandB, trackers

__all__ = [
    "FULL",
    "SCHEDULES",
    "Batches",
    "History",
    "Method",
    "Plan",
    "TensorBoard",
    "TextBatches",
    "Tracker",
    "TrainingConfig",
    "WandB",
    "fine_tune",
    "make_optimizer",
    "make_validation",
    "parameter_groups",
    "predict_logits",
    "trackers",
    "train",
    "warmup_linear",
]
