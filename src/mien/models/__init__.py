"""Networks of the lab: one file each, built by name."""

from . import resnet18, small, timm_backbone  # registers the builders
from .checkpoint import load_model, save_model
from .output import Output
from .registry import create_model, list_models

__all__ = [
    "Output",
    "create_model",
    "list_models",
    "load_model",
    "resnet18",
    "save_model",
    "small",
    "timm_backbone",
]
