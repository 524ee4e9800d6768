"""Find and follow faces. Nothing here loads a network before a detector is created."""

from .create import DETECTORS, create_detector
from .detection import SMALLEST_FACE, Detection, Detector
from .mtcnn import MTCNN
from .retinaface import RetinaFace
from .tracks import Tracker
from .whole import WholePicture
from .yunet import YuNet

__all__ = [
    "DETECTORS",
    "MTCNN",
    "SMALLEST_FACE",
    "Detection",
    "Detector",
    "RetinaFace",
    "Tracker",
    "WholePicture",
    "YuNet",
    "create_detector",
]
