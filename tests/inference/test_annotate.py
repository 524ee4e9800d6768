from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.errors import OutputError
from mien.expressions import BASIC8, Expression
from mien.inference.annotate import annotate
from mien.inference.annotated_files import Annotator
from mien.inference.annotated_video import AnnotatedVideo
from mien.inference.container import is_cut_off
from mien.inference.face_heatmap import Heatmap
from mien.inference.images import read_picture
from mien.inference.results import Face
from mien.inference.video import Frame, read_video
from mien.iso_boxes import top_boxes
from mien.preprocess import Box


def face(
    box: Box | None,
    expression: Expression | None = Expression.HAPPINESS,
    heatmap: Heatmap | None = None,
) -> Face:
    return Face(
        source="a.png",
        face=None if box is None else 0,
        box=box,
        expression=expression,
        confidence=0.8,
        probabilities=dict.fromkeys(BASIC8, 0.125),
        heatmap=heatmap,
    )


def hot(left: float, top: float, side: float) -> Heatmap:
    matrix = np.array([[1 / side, 0, -left / side], [0, 1 / side, -top / side]])
    return Heatmap(np.ones((4, 4), np.float32), matrix)


def blank(height: int = 300, width: int = 400) -> np.ndarray:
    return np.full((height, width, 3), 128, np.uint8)


def refuse(error: OutputError) -> None:
    raise error


def test_a_box_is_drawn_on_a_copy_where_the_face_is() -> None:
    picture = blank()
    drawn = annotate(picture, [face((100, 100, 80, 90))])
    assert (picture == 128).all()
    changed = (drawn != 128).any(axis=2)
    assert changed[100, 100:180].all()
    assert changed[189, 100:180].all()
    assert not changed[120:170, 120:160].any()
    assert not changed[250:].any()


def test_nothing_is_drawn_without_a_face() -> None:
    np.testing.assert_array_equal(annotate(blank(), [face(None)]), blank())
    np.testing.assert_array_equal(annotate(blank(), []), blank())


@pytest.mark.parametrize(
    ("shape", "zoom"),
    [
        *(((1, 1), 300), ((3, 500), 4), ((500, 3), 4), ((20, 20), 15)),
        *(((40, 4000), 1), ((3000, 2000), 1), ((299, 400), 2), ((300, 400), 1)),
    ],
)
@pytest.mark.parametrize("box", [(0, 0, 1, 1), (-30, -20, 60, 60), (15, 15, 500, 500)])
def test_any_box_in_any_picture_can_be_drawn(shape: tuple[int, int], zoom: int, box: Box) -> None:
    drawn = annotate(blank(*shape), [face(box), face(box, None)])
    assert drawn.shape == (zoom * shape[0], zoom * shape[1], 3)
    assert annotate(blank(*shape), []).shape == drawn.shape  # as all frames of a video
    assert drawn.dtype == np.uint8


def test_boxes_of_small_pictures_grow_with_them() -> None:
    drawn = annotate(blank(100, 160), [face((50, 40, 30, 30))])  # three times as large
    changed = (drawn != 128).any(axis=2)
    assert changed[120, 150:240].all()
    assert changed[209, 150:240].all()
    assert not changed[130:200, 160:230].any()


def test_a_label_leaves_the_neighbours_face_free() -> None:
    above, below = (100, 30, 60, 60), (100, 100, 60, 60)
    alone = annotate(blank(), [face(above)])
    both = annotate(blank(), [face(below), face(above)])
    # Inside the box of the upper face nothing is drawn, although a label goes above by habit.
    np.testing.assert_array_equal(both[35:85, 105:155], alone[35:85, 105:155])
    assert (both[35:85, 105:155] == 128).all()


def test_heat_lies_below_boxes_and_labels() -> None:
    boxes = (120, 60, 80, 90), (120, 180, 80, 90)
    plain = annotate(blank(), [face(box) for box in boxes])
    # Over both faces and their labels.
    warm = annotate(blank(), [face(boxes[0], heatmap=hot(100, 20, 270)), face(boxes[1])])
    drawn = (plain != 128).any(2).astype(np.uint8)
    # Without their edges, which are smoothed into what lies below.
    core, around = cv2.erode(drawn, np.ones((3, 3))) > 0, cv2.dilate(drawn, np.ones((3, 3))) > 0
    assert core.sum() > 2000
    np.testing.assert_array_equal(warm[core], plain[core])
    heated = np.zeros((300, 400), bool)
    heated[20:290, 100:370] = True
    np.testing.assert_array_equal(warm[~heated], plain[~heated])
    middle = cv2.erode(heated.astype(np.uint8), np.ones((15, 15))) > 0
    expected = 0.6 * np.array([[253, 231, 37]]) + 0.4 * 128
    np.testing.assert_allclose(*np.broadcast_arrays(warm[middle & ~around], expected), atol=1.5)


def test_sources_of_equal_names_do_not_replace_each_other(tmp_path: Path) -> None:
    with Annotator(tmp_path / "out", refuse) as annotator:
        for source in ("x/a.png", "y/a.png", "z/A.PNG", "a.jpeg", "array", "array:1", "no.suffix"):
            annotator.write(Frame(source, None, None, blank()), [face((10, 10, 50, 50))])
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == sorted(
        ["a.png", "a-2.png", "A-3.png", "a.jpg", "array.png", "array-1.png", "no.png"]
    )


def test_an_annotated_video_lasts_as_long_as_its_source(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_video("clip.mp4", levels=range(0, 200, 10), rate=30, size=(161, 97))
    with Annotator(tmp_path / "out", refuse) as annotator:
        for frame in read_video(path, every=5):
            annotator.write(frame, [])
    frames = list(read_video(tmp_path / "out" / "clip.mp4"))
    assert [frame.rate for frame in frames] == [6.0] * 4
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(4) / 6, atol=1e-4)
    levels = [frame.picture.mean() for frame in frames]
    # Coded twice, so only nearly the same.
    np.testing.assert_allclose(levels, [0, 50, 100, 150], atol=10)


def annotated(path: Path, times_s: list[float], rate: float) -> list[tuple[float, int]]:
    """Time and nearest level of the frames of a video whose n-th one has the level 40 n."""
    video = AnnotatedVideo(path)
    for number, time_s in enumerate(times_s):
        picture = np.full((96, 160, 3), 40 * (number % 7), np.uint8)
        video.write(Frame("camera:0", number, time_s, picture, rate), picture)
    video.close()
    return [(frame.time_s or 0.0, round(frame.picture.mean() / 40)) for frame in read_video(path)]


def test_frames_of_a_slow_camera_are_shown_until_the_next_one(tmp_path: Path) -> None:
    """It announces 10 a second, and 5, 2 and 1 come."""
    shown = annotated(tmp_path / "a.mp4", [7.0, 7.2, 7.7, 8.7], rate=10)
    assert [level for _, level in shown] == [0, 0, 1, 1, 1, 1, 1, *[2] * 10, 3]
    np.testing.assert_allclose([time for time, _ in shown], np.arange(18) / 10, atol=1e-3)


def test_a_rate_that_no_camera_has_is_not_believed(tmp_path: Path) -> None:
    """OpenCV says 1000 a second of a WebM whose rate varies."""
    shown = annotated(tmp_path / "a.mp4", [0.0, 0.04, 0.06, 0.1], rate=1000)
    assert shown[-1][0] == pytest.approx(0.1, abs=1 / 60)
    assert sorted({level for _, level in shown}) == [0, 1, 2, 3]


@pytest.mark.parametrize("leap", [5000.0, -5000.0])
def test_a_clock_that_leaps_leaves_no_hours_of_one_picture(leap: float, tmp_path: Path) -> None:
    times_s = [0.0, 0.1, leap, leap + 0.1, leap + 0.4]
    shown = annotated(tmp_path / "a.mp4", times_s, rate=10)
    assert [level for _, level in shown] == [0, 1, 2, 3, 3, 3, 4]


@pytest.mark.parametrize(
    ("rate", "real", "written"),
    [(480.0, 480, 48), (None, 30, 40), (25.0, 50, 40), (1000.0, 120, 96)],
)
def test_fast_sources_last_as_long_as_they_do(
    rate: float | None, real: int, written: int, tmp_path: Path
) -> None:
    """Of a camera that does not say how fast it is 25 a second are kept, of others their rate."""
    frames = round(written / (rate if rate and rate < 1000 else 60 if rate else 25) * real)
    video = AnnotatedVideo(tmp_path / "a.mp4")
    picture = np.zeros((96, 160, 3), np.uint8)
    for number in range(frames):
        video.write(Frame("camera:0", number, number / real, picture, rate), picture)
    video.close()
    shown = list(read_video(tmp_path / "a.mp4"))
    assert len(shown) == pytest.approx(written, abs=1)
    assert len(shown) / (shown[0].rate or 0) == pytest.approx(frames / real, rel=0.05)


@pytest.mark.parametrize("rate", [1 / 30, 0.1 / 3, 29.97 / 900, 0.0005])
def test_slow_sources_keep_their_times_too(rate: float, tmp_path: Path) -> None:
    """OpenCV writes rates of few decimals: three seconds a hundred would be lost."""
    times = [number / rate for number in range(120)]
    shown = annotated(tmp_path / "a.mp4", times, rate=rate)
    last_s, _ = shown[-1]
    if rate > 0.01:
        assert last_s == pytest.approx(times[-1], abs=1 / rate)
    else:
        assert last_s > 0  # no video at its pace, but a video


def test_a_picture_too_long_for_a_jpeg_becomes_a_png(tmp_path: Path) -> None:
    with Annotator(tmp_path / "out", refuse) as annotator:
        annotator.write(Frame("wide.jpg", None, None, blank(2, 65_501)), [])
        annotator.write(Frame("less.jpg", None, None, blank(2, 65_500)), [])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"wide.png", "less.jpg"}


def test_frames_without_times_are_all_written(tmp_path: Path) -> None:
    assert [level for _, level in annotated(tmp_path / "a.mp4", [0.0] * 4, rate=10)] == [0, 1, 2, 3]


def test_a_video_of_one_frame_becomes_one(make_video: Callable[..., Path], tmp_path: Path) -> None:
    path = make_video("clip.mp4", levels=[90])
    with Annotator(tmp_path / "out", refuse) as annotator:
        for frame in read_video(path):
            annotator.write(frame, [])
    assert len(list(read_video(tmp_path / "out" / "clip.mp4"))) == 1


def test_heat_is_in_pictures_and_videos(make_video: Callable[..., Path], tmp_path: Path) -> None:
    path = make_video("clip.mp4", levels=[128] * 5, size=(400, 300))
    warm, cold = ([face((100, 100, 80, 90), heatmap=heat)] for heat in (hot(100, 100, 80), None))
    with Annotator(tmp_path / "out", refuse) as annotator:
        annotator.write(Frame("a.png", None, None, blank()), warm)
        for frame in read_video(path):
            annotator.write(frame, warm if frame.number < 3 else cold)
    expected = 0.6 * np.array([253, 231, 37]) + 0.4 * 128
    picture = cv2.imread(str(tmp_path / "out" / "a.png"))[..., ::-1]
    np.testing.assert_allclose(picture[120:160, 120:160].mean((0, 1)), expected, atol=1)
    found = [
        frame.picture[120:160, 120:160].mean((0, 1))
        for frame in read_video(tmp_path / "out" / "clip.mp4")
    ]
    np.testing.assert_allclose(found, [expected] * 3 + [[128] * 3] * 2, atol=12)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file: the folder cannot be made"):
        Annotator(tmp_path / "file", refuse)


def test_what_cannot_be_written_is_told_once_and_the_rest_goes_on(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_video("clip.mp4", levels=[90] * 4)
    folder = tmp_path / "out"
    (folder / "a.png").mkdir(parents=True)
    (folder / "a.png" / "in the way").touch()
    (folder / ".clip.part.mp4").mkdir()
    told: list[str] = []
    with Annotator(folder, lambda error: told.append(str(error))) as annotator:
        for frame in read_video(path):
            annotator.write(frame, [])
        annotator.write(Frame("a.png", None, None, blank()), [])
        annotator.write(Frame("b.png", None, None, blank()), [])
    assert len(told) == 2
    assert told[0].startswith(f"{folder / 'clip.mp4'}: ")
    assert told[1].startswith(f"{folder / 'a.png'}: cannot be written")
    assert cv2.imread(str(folder / "b.png")).shape == (300, 400, 3)


def test_annotating_never_replaces_a_source(tmp_path: Path) -> None:
    source = tmp_path / "photo.jpg"
    cv2.imwrite(str(source), np.zeros((20, 20, 3), np.uint8))
    before, errors = source.read_bytes(), []
    annotator = Annotator(tmp_path, errors.append)
    annotator.write(Frame(str(source), None, None, np.zeros((20, 20, 3), np.uint8)), [])
    assert source.read_bytes() == before
    assert "would replace the source" in str(errors[0])


def test_only_what_annotating_made_is_replaced(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    """Somebody's own pictures and videos of these names stay, also where they are no sources."""
    folder, told = tmp_path / "out", list[str]()
    clip = make_video("clip.mp4", levels=[90] * 3)
    pictures = [Frame(f"in/{name}", None, None, blank()) for name in ("a.jpg", "b.png")]
    for turn in range(2):
        with Annotator(folder, lambda error: told.append(str(error))) as annotator:
            for frame in [*pictures, *read_video(clip)]:
                annotator.write(frame, [face((10, 10, 50, 50))] * turn)
    assert told == []
    made = {path: path.read_bytes() for path in sorted(folder.iterdir())}
    assert [path.name for path in made] == ["a.jpg", "b.png", "clip.mp4"]
    drawn = cv2.imread(str(folder / "b.png"))
    assert (drawn != 128).any()  # the second turn's

    for path in made:
        path.write_bytes(Path(clip).read_bytes() if path.suffix == ".mp4" else b"own")
    own = {path: path.read_bytes() for path in made}
    with Annotator(folder, lambda error: told.append(str(error))) as annotator:
        for frame in [*pictures, *read_video(clip)]:
            annotator.write(frame, [])
    assert {path: path.read_bytes() for path in made} == own
    assert [one.partition(": ")[0] for one in told] == [str(path) for path in made]
    assert all("bears no mark of mien predict" in one for one in told)


@pytest.mark.parametrize(
    ("name", "place", "mark"),
    [
        ("a.jpg", 20, b"\xff\xfe\0\x13annotated by mien"),
        ("a.png", 33, b"\0\0\0\x1atEXtSoftware\0annotated by mien"),
    ],
)
def test_the_mark_leaves_a_picture_whole(
    name: str, place: int, mark: bytes, tmp_path: Path
) -> None:
    """Behind JFIF's APP0 of 20 bytes, and PNG's IHDR of 33; our reader checks PNG's sums."""
    picture = np.random.default_rng(0).integers(0, 256, (300, 310, 3), np.uint8)
    with Annotator(tmp_path, refuse) as annotator:
        annotator.write(Frame(name, None, None, picture), [])
    data = (tmp_path / name).read_bytes()
    assert data[place:].startswith(mark)
    read = read_picture(tmp_path / name)
    if name == "a.png":
        np.testing.assert_array_equal(read, picture)
    else:
        bare = data[:place] + data[place + len(mark) :]
        bare = cv2.imdecode(np.frombuffer(bare, np.uint8), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(read, cv2.cvtColor(bare, cv2.COLOR_BGR2RGB))


def test_a_marked_video_is_a_whole_container(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    frames = list(read_video(make_video("clip.mp4", levels=[90, 120, 150])))
    with Annotator(tmp_path / "out", refuse) as annotator:
        for frame in frames:
            annotator.write(frame, [])
    path = tmp_path / "out" / "clip.mp4"
    size = path.stat().st_size
    with path.open("rb") as file:
        last = list(top_boxes(file, size))[-1]
    assert (last.name, last.end) == (b"free", size)
    assert not is_cut_off(path)
    assert len(list(read_video(path))) == 3
