"""Networks of the lab: one file each, built by name."""

# Importing a network registers its builders.
from . import (
    apvit,
    dan,
    ir50,
    lla_net,
    msa_net,
    resnet,
    resnet18,
    small,
    timm_backbone,
    transfer,
)
from .checkpoint import load_model, save_model
from .output import Output
from .registry import create_model, list_models
from .released import import_released
from .variants import VARIANTS, Variant, VariantCost, variant_costs
from .weight_files import read_tensors
from .weights import LoadReport, load_backbone, start_from

__all__ = [
    "VARIANTS",
    "LoadReport",
    "Output",
    "Variant",
    "VariantCost",
    "apvit",
    "create_model",
    "dan",
    "import_released",
    "ir50",
    "list_models",
    "lla_net",
    "load_backbone",
    "load_model",
    "msa_net",
    "read_tensors",
    "resnet",
    "resnet18",
    "save_model",
    "small",
    "start_from",
    "timm_backbone",
    "transfer",
    "variant_costs",
]
