"""The house rules of the code, read off its syntax trees.

Imports go downward only; the floors and the reasons stand in CONTRIBUTING.md.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "mien"

GROUND = {
    "cache",
    "drafts",
    "errors",
    "options",
    "expressions",
    "preprocess",
    "image_header",
    "iso_boxes",
    "card",
}
COMMAND_LINE = {
    *("cli", "cli_ablate", "cli_arguments", "cli_data", "cli_evaluate", "cli_evaluate_options"),
    *("cli_evaluate_places", "cli_explain"),
    *("cli_explain_faces", "cli_lab", "cli_models", "cli_pack", "cli_train", "progress"),
}
FLOORS = {
    **dict.fromkeys((*GROUND, "losses"), 1),
    **dict.fromkeys(("faces", "zoo"), 2),
    # Recognition in use stands on faces and zoo alone, so that evaluation can measure it
    # from end to end.
    **dict.fromkeys(("inference", "models", "data"), 3),
    **dict.fromkeys(("evaluation", "explain"), 4),
    **dict.fromkeys(("training", "export", "packing"), 5),
    **dict.fromkeys(COMMAND_LINE | {"serve", "batch"}, 6),
}
RUNTIME = GROUND | {"faces", "zoo", "inference"}
RUNTIME_LIBRARIES = {
    *("cv2", "lz4", "numpy", "onnx", "onnxruntime", "pandas", "pyarrow", "rich", "tyro"),
}
LAB_LIBRARIES = {
    *("datasets", "fvcore", "lightning", "matplotlib", "pytorch_grad_cam", "pytorch_lightning"),
    *("safetensors", "sklearn", "tensorboard", "timm", "torch", "torchmetrics", "torchvision"),
}
LONGEST_FILE = 300
LONGEST_FUNCTION = 50


@dataclass(frozen=True)
class Import:
    """One import: its target by full name, and whether merely loading the file runs it."""

    target: str
    line: int
    lazy: bool

    @property
    def room(self) -> str | None:
        """``faces`` of ``mien.faces.mtcnn``; ``None`` if it is not ours; "" for bare mien."""
        parts = self.target.split(".")
        return [*parts, ""][1] if parts[0] == "mien" else None


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    path: Path

    @property
    def name(self) -> str:
        parts = ("mien", *self.path.relative_to(PACKAGE).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        return [*self.name.split("."), ""][1]

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @cached_property
    def imports(self) -> list[Import]:
        """Every import of the file, and what ``errors.require`` brings by name."""
        return list(self._walk(self.tree, lazy=False))

    def _walk(self, node: ast.AST, lazy: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            for target in self._targets(child):
                yield Import(target, child.lineno, lazy)  # type: ignore[attr-defined]
            yield from self._walk(child, lazy or isinstance(child, FUNCTIONS) or for_types(child))

    def _targets(self, node: ast.AST) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            base = self._base(node)
            inside = [f"{base}.{alias.name}" for alias in node.names]
            # "from . import x" names a module x, or a thing x that the package defines.
            return [name if name in NAMES else base for name in inside]
        if isinstance(node, ast.Call) and called(node) == "require" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                return [first.value]
        return []

    def _base(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        package = self.name.split(".")
        if self.path.name != "__init__.py":
            package = package[:-1]
        package = package[: len(package) - node.level + 1]
        return ".".join([*package, node.module] if node.module else package)

    def __str__(self) -> str:
        return str(self.path.relative_to(PACKAGE.parent))


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
MODULES = [Module(path) for path in sorted(PACKAGE.rglob("*.py"))]
NAMES = {module.name for module in MODULES}


def for_types(node: ast.AST) -> bool:
    """Whether this is ``if TYPE_CHECKING:``, which never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def called(node: ast.Call) -> str:
    """The bare name of what is called."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def each(*rooms: str) -> pytest.MarkDecorator:
    """Run a test for each file of these rooms, or of all."""
    chosen = [module for module in MODULES if not rooms or module.room in rooms]
    return pytest.mark.parametrize("module", chosen, ids=str)


def test_every_room_has_a_floor() -> None:
    rooms = {module.room for module in MODULES} - {"", "__main__"}
    assert rooms <= set(FLOORS), "give the new room a floor, here and in CONTRIBUTING.md"


@each(*FLOORS)
def test_imports_go_downward(module: Module) -> None:
    for item in module.imports:
        if item.room is None:
            continue
        where = f"{module}:{item.line} imports {item.target}"
        if item.room == "" and module.room == "cli":
            continue  # the version
        assert item.room != "", f"{where}: nobody inside imports from mien itself"
        assert FLOORS[item.room] <= FLOORS[module.room], f"{where}: that is upstairs"
        if module.room == "losses":
            known = item.room in ("losses", "errors", "options")
            assert known, f"{where}: losses get tensors and import little of ours"
        if module.room == "models":
            assert item.room != "data", f"{where}: networks never import data"
        if module.room in RUNTIME:
            assert item.room in RUNTIME, f"{where}: the runtime never imports the lab"


@each(*RUNTIME)
def test_the_runtime_never_imports_the_labs_libraries(module: Module) -> None:
    for item in module.imports:
        library = item.target.split(".")[0]
        known = library in RUNTIME_LIBRARIES | {"mien"} | sys.stdlib_module_names
        assert known, f"{module}:{item.line} imports {item.target}"


@each("", "__main__", *COMMAND_LINE)
def test_the_public_face_and_the_command_line_import_the_lab_lazily(module: Module) -> None:
    for item in module.imports:
        if not item.lazy and item.room is not None:
            allowed = item.room in RUNTIME | COMMAND_LINE | {""}
            assert allowed, f"{module}:{item.line} imports {item.target} before it is needed"
        assert item.lazy or item.target.split(".")[0] not in LAB_LIBRARIES


def test_there_are_no_circles() -> None:
    graph = {
        module.name: {item.target for item in module.imports if item.target in NAMES}
        - {module.name}
        for module in MODULES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@each(*FLOORS)
def test_nothing_is_imported_by_a_name_in_a_string(module: Module) -> None:
    if module.name == "mien.errors":
        return  # require() is the one place
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            assert called(node) not in ("import_module", "__import__"), f"{module}:{node.lineno}"


@each()
def test_files_and_functions_are_short(module: Module) -> None:
    lines = len(module.text.splitlines())
    assert lines < LONGEST_FILE, f"{module} has {lines} lines: one idea a file"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = body_lines(node)
            assert lines < LONGEST_FUNCTION, f"{module}:{node.lineno} {node.name}: {lines} lines"


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's statements; signature and docstring may be as long as they need."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@each()
def test_the_style_is_kept(module: Module) -> None:
    assert module.path.name not in ("utils.py", "helpers.py", "common.py", "misc.py")
    for node in ast.walk(module.tree):
        where = f"{module}:{getattr(node, 'lineno', 0)}"
        assert not isinstance(node, ast.Assert), f"{where}: raise one of mien.errors instead"
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names), f"{where}: star import"
        if isinstance(node, ast.Call) and module.room not in (*COMMAND_LINE, "__main__"):
            by_name = isinstance(node.func, ast.Name) and node.func.id == "print"
            assert not by_name, f"{where}: the library does not print"


def test_the_runtime_loads_without_the_lab() -> None:
    """In a process of its own, with whatever is installed here."""
    code = (
        "import sys, mien, mien.cli, mien.faces, mien.inference, mien.zoo\n"
        f"print(*sorted(set(sys.modules) & {LAB_LIBRARIES!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
