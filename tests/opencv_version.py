"""Which OpenCV the tests run with."""

import cv2

OPENCV_5 = int(cv2.__version__.split(".")[0]) >= 5
